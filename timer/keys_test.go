package timer_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/timer"
)

// gather returns keys whose owner takes all that comes as ended.
func gather(w *timer.Wheel) (k *timer.Keys[int], got *[]int) {
	got = new([]int)
	return timer.NewKeys(w, func(_ time.Duration, keys []int) { *got = append(*got, keys...) }), got
}

func TestKeysComeInOrder(t *testing.T) {
	w := timer.Wheel{Tick: 1}
	k, got := gather(&w)
	for i := range 500 { // all on the lowest level, in eight chunks
		k.Add(i, 50)
	}
	require.Equal(t, 500, k.Len())
	require.Zero(t, w.Advance(49))
	require.Empty(t, *got)
	require.Zero(t, w.Advance(1), "keys are not calls")
	require.Len(t, *got, 500)
	require.True(t, slices.IsSorted(*got))
	require.Zero(t, k.Len())
}

// What is due already comes with the next tick.
func TestKeysInThePast(t *testing.T) {
	for name, at := range map[string]time.Duration{
		"now": time.Hour, "just before": time.Hour - 1, "long before": 1, "zero": 0,
		"negative": -1, "long negative": -time.Hour, "as negative as can be": math.MinInt64,
	} {
		t.Run(name, func(t *testing.T) {
			for tick := range grains {
				w := timer.Wheel{Tick: grains[tick]}
				k, got := gather(&w)
				w.Advance(time.Hour)
				k.Add(1, at)
				w.Advance(2 * grain(w.Tick))
				require.Equal(t, []int{1}, *got, tick)
			}
		})
	}
}

func TestKeysAtTheEndOfTheClock(t *testing.T) {
	for name, tick := range grains {
		w := timer.Wheel{Tick: tick}
		k, got := gather(&w)
		k.Add(1, forever)
		w.Advance(forever)
		require.Equal(t, []int{1}, *got, name)
	}
}

// An owner takes a key for outdated if it was filed for a moment after until.
func TestUntilIsNotBeforeWhatWasFiled(t *testing.T) {
	w := timer.Wheel{Tick: 1}
	ats := []time.Duration{5, 64, 130, 4096, 1 << 30, 1 << 40, forever}
	came := 0
	k := timer.NewKeys(&w, func(until time.Duration, keys []int) {
		for _, key := range keys {
			came++
			require.GreaterOrEqual(t, until, ats[key])
		}
	})
	for key, at := range ats {
		k.Add(key, at)
	}
	for _, at := range ats {
		w.Advance(at - w.Now())
	}
	require.Equal(t, len(ats), came)
}

// Sweep takes from each slot in turn, and leaves nothing out.
func TestSweepHandsOverAll(t *testing.T) {
	w := timer.Wheel{Tick: 1}
	k, got := gather(&w)
	for i := range 1000 {
		k.Add(i, time.Duration(1)<<(i%60+1))
	}
	for range 1000 {
		k.Sweep()
	}
	require.Len(t, *got, 1000)
	slices.Sort(*got)
	require.Len(t, slices.Compact(*got), 1000)
	require.Zero(t, k.Len())
	k.Sweep() // of nothing
	w.Advance(forever)
	require.Len(t, *got, 1000)
}

func TestClose(t *testing.T) {
	w := timer.Wheel{Tick: 1}
	k, got := gather(&w)
	other, gotOther := gather(&w)
	for i := range 1000 {
		k.Add(i, time.Duration(i))
		other.Add(i, time.Duration(i))
	}
	w.Advance(500)
	require.Equal(t, len(*gotOther), len(*got))
	before := len(*got)
	k.Close()
	require.Zero(t, k.Len())
	k.Close()
	w.Advance(10000)
	require.Len(t, *got, before)
	require.Len(t, *gotOther, 1000)
}

// An owner may close its keys when it is given some: more of the same slot must
// not come after that, and none are counted as filed.
func TestCloseWhileKeysAreHandedOver(t *testing.T) {
	w := timer.Wheel{Tick: 1}
	var k *timer.Keys[int]
	handed, afterwards := 0, 0
	k = timer.NewKeys(&w, func(_ time.Duration, keys []int) {
		if handed > 0 {
			afterwards += len(keys)
		}
		handed += len(keys)
		k.Close()
	})
	for i := range 1000 {
		k.Add(i, 10)
	}
	w.Advance(100)
	require.Positive(t, handed)
	require.Zero(t, k.Len())
	require.Zero(t, afterwards)
}
