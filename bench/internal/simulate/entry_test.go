package simulate

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/spindleweb/spindle/timer"
	"github.com/stretchr/testify/require"
)

// The model of one entry counts what a real wheel does whose owner follows the
// rule: how often it comes to each session, how often that is filed again, and
// when it is found over.
func TestEntryAgainstKeys(t *testing.T) {
	const sessions = 500
	for _, timeout := range []time.Duration{time.Second, 5 * time.Second, 15 * time.Minute, 8 * time.Hour} {
		t.Run(timeout.String(), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(7, 7))
			var wheel timer.Wheel
			type owned struct {
				last       time.Duration
				ups, again int
				over       time.Duration
			}
			own := make([]owned, sessions)
			models := make([]*entry, sessions)
			counted := make([]owned, sessions)
			var keys *timer.Keys[uint32]
			keys = timer.NewKeys(&wheel, func(_ time.Duration, due []uint32) {
				for _, id := range due {
					s := &own[id]
					s.ups++
					if end := s.last + timeout; end > wheel.Now() {
						s.again++
						keys.Add(id, roundUp(end, grain(timeout)))
					} else {
						s.over = wheel.Now()
					}
				}
			})
			for id := range uint32(sessions) {
				wheel.Advance(time.Duration(rng.Int64N(int64(timeout / 10))))
				now := wheel.Now()
				own[id].last = roundUp(now, unit)
				keys.Add(id, roundUp(own[id].last+timeout, grain(timeout)))
				models[id] = &entry{timeout: timeout, limit: never, met: func(_ time.Duration, again bool) {
					counted[id].ups++
					if again {
						counted[id].again++
					}
				}}
				models[id].open(now)
			}
			for range 20 * sessions {
				wheel.Advance(time.Duration(rng.Int64N(int64(timeout / 100))))
				now := wheel.Now()
				id := rng.IntN(sessions)
				alive := own[id].last+timeout > now
				if counted[id].over == 0 {
					require.Equal(t, alive, models[id].pass(now))
				}
				switch {
				case alive:
					own[id].last = roundUp(now, unit)
					models[id].touch(now)
				case counted[id].over == 0:
					if models[id].up > now {
						models[id].met(models[id].up, false)
					}
					counted[id].over = models[id].up
				}
			}
			wheel.Advance(3 * timeout)
			for id, m := range models {
				if counted[id].over == 0 {
					require.False(t, m.pass(never))
					counted[id].over = m.up
				}
				counted[id].last = own[id].last
			}
			require.Equal(t, own, counted)
			require.Zero(t, keys.Len())
		})
	}
}

// How often the wheel has to wake is what the closed form says, at a rate where
// many moments are empty and at one where few are.
func TestWakeUpsAgainstKeys(t *testing.T) {
	for _, rate := range []float64{0.2, 2, 8} {
		rng := rand.New(rand.NewPCG(3, uint64(10*rate)))
		var wheel timer.Wheel
		moments := map[time.Duration]bool{}
		keys := timer.NewKeys(&wheel, func(_ time.Duration, due []uint16) { moments[wheel.Now()] = true })
		set := timeouts{{time.Minute, 0.3}, {15 * time.Minute, 0.7}}
		const length = 2 * time.Hour
		for at := time.Duration(0); at < length; at += time.Duration(rng.ExpFloat64() / rate * 1e9) {
			wheel.Advance(at - wheel.Now())
			c := set[0]
			if rng.Float64() >= c.share {
				c = set[1]
			}
			keys.Add(0, roundUp(roundUp(at, unit)+c.timeout, grain(c.timeout)))
		}
		wheel.Advance(time.Hour)
		want := wakeUps(comings(set, []float64{0.3 * rate, 0.7 * rate}))
		require.InEpsilon(t, want, float64(len(moments))/length.Seconds(), 5*sampling(float64(len(moments))), "rate %v", rate)
	}
	require.Zero(t, wakeUps(nil))
	everything := wakeUps([]coming{{maxSlack, 1e9}})
	require.InEpsilon(t, 1/time.Duration(maxSlack).Seconds(), everything, 1e-9, "it saturates")
}

func TestBatches(t *testing.T) {
	require.Zero(t, batches(0, 128))
	require.InEpsilon(t, 3.5, batches(3.5, 1), 1e-6)
	require.InEpsilon(t, 0.01, batches(0.01, 128), 0.01, "each alone")
	require.InEpsilon(t, 1.0, batches(30, 128), 1e-6, "all together")
	require.InEpsilon(t, 2000/128.0+0.5, batches(2000, 128), 0.01, "the last half full")
	require.InEpsilon(t, batches(99_999, 128), batches(100_001, 128), 1e-3)
	require.InEpsilon(t, batches(1e3+1, 1), 1e3+1, 1e-3)
}
