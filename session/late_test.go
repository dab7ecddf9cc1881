package session_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/timer"
)

// timeouts from nothing to the end of the clock, and some that lie badly for a
// wheel.
var timeouts = []time.Duration{
	0, 1, time.Microsecond, unit, unit + 1, time.Millisecond, tick - 1, tick, tick + 1, 63 * tick, 64*tick + 1,
	100 * time.Millisecond, 137 * time.Millisecond, time.Second, 5 * time.Second, 33 * time.Second, time.Minute,
	15 * time.Minute, time.Hour, day, 30 * day, 10 * year,
}

func TestNeverEarlyHardlyLate(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, d := range timeouts {
		t.Run(d.String(), func(t *testing.T) {
			m, w := still(with(session.Lasting(d)))
			defer closed(t, m)
			for range min(100, 200*year/(d+year)) { // the clock has 292 years
				w.Advance(time.Duration(rnd.Int64N(int64(10*time.Second) + int64(min(d, year)))))
				s := create(t, m)
				require.InDelta(t, d, s.Remaining(), float64(unit))
				if d > 0 {
					w.Advance(d - 1)
					require.Equal(t, session.Alive, s.Reason(), "early")
					w.Advance(1)
				}
				w.Advance(bound(d))
				require.Equal(t, session.Idle, s.Reason(), "late")
			}
		})
	}
}

// The same for a session that is used now and then: the wheel has it for a
// moment that passed long ago.
func TestNeverEarlyHardlyLateAfterTouches(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, d := range timeouts {
		if d < 10*time.Millisecond {
			continue // hardly time for a touch
		}
		t.Run(d.String(), func(t *testing.T) {
			for range 20 {
				m, w := still(with(session.Lasting(d)))
				s := create(t, m)
				for range rnd.IntN(10) {
					w.Advance(time.Duration(rnd.Int64N(int64(d))))
					require.True(t, s.Touch())
				}
				w.Advance(d - 1)
				require.Equal(t, session.Alive, s.Reason(), "early")
				w.Advance(bound(d) + 1)
				require.Equal(t, session.Idle, s.Reason(), "late")
				closed(t, m)
			}
		})
	}
}

func TestCoarseWheel(t *testing.T) {
	for _, grain := range []time.Duration{10 * time.Millisecond, time.Second, time.Minute} {
		t.Run(grain.String(), func(t *testing.T) {
			w := &timer.Wheel{Tick: grain}
			m := &session.Manager{Clock: w}
			defer closed(t, m)
			for _, d := range timeouts {
				s := create(t, m)
				s.SetTimeout(d)
				w.Advance(d - 1)
				if d > 0 {
					require.Equal(t, session.Alive, s.Reason(), "early: %v", d)
				}
				w.Advance(1 + max(bound(d), 4*grain)) // a Tick is rounded up to a power of two
				require.Equal(t, session.Idle, s.Reason(), "late: %v", d)
			}
		})
	}
}

func TestNeverIsNever(t *testing.T) {
	m, w := still(with(session.Lasting(session.Never)))
	defer closed(t, m)
	s := create(t, m)
	w.Advance(100 * year)
	require.Equal(t, session.Alive, s.Reason())
	require.True(t, s.Touch())
	w.Advance(100 * year)
	require.Same(t, s, known(m.Find(bring(t, s.UID()))))
	require.Equal(t, session.Never, s.Timeout())
}

// The calls themselves come in time, when the wheel runs by the clock.
func TestCallsComeInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		w := new(timer.Wheel)
		go func() { _ = w.Run(ctx) }()
		synctest.Wait()
		m := &session.Manager{Clock: w}
		worst := time.Duration(0)
		for _, d := range timeouts {
			if d > 30*day {
				continue
			}
			begun := time.Now()
			ended := make(chan time.Duration, 1)
			s := create(t, m)
			s.NotifyOnExpire(func() { ended <- time.Since(begun) })
			s.SetTimeout(d)
			late := <-ended - d
			require.GreaterOrEqual(t, late, time.Duration(0), "%v", d)
			require.LessOrEqual(t, late, bound(d), "%v", d)
			worst = max(worst, late)
		}
		require.Positive(t, m.Stats().WorstLate)
		require.LessOrEqual(t, m.Stats().WorstLate, worst)
		closed(t, m)
	})
}

// A process that was stopped makes up for it in one go.
func TestJumpOfTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, w := still(with(session.Lasting(time.Hour)))
		for range 100 {
			create(t, m)
			w.Advance(time.Second)
		}
		w.Advance(year)
		ends(t, m)
		require.Equal(t, int64(100), m.Stats().Ended[session.Idle])
		synctest.Wait()
		for range m.All() {
			t.Fatal("left in the table")
		}
	})
}

// An id can come up twice for the same moment, when the timeout was made shorter
// and long again; the second time changes nothing.
func TestWorstLateOfASessionThatIsFiledTwice(t *testing.T) {
	const timeout = 15 * time.Minute
	m, w := still(with(session.Lasting(timeout)))
	s := create(t, m)
	s.SetTimeout(5 * time.Second)
	s.SetTimeout(timeout)
	w.Advance(timeout + bound(timeout))
	closed(t, m)
	require.Equal(t, session.Idle, s.Reason())
	require.LessOrEqual(t, m.Stats().WorstLate, bound(timeout))
}
