package timers

import (
	"bytes"
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spindleweb/spindle/bench/internal/plan"
	"github.com/spindleweb/spindle/bench/internal/result"
	"github.com/stretchr/testify/require"
)

// TestStep takes the whole step on a tiny scale.
func TestStep(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	b := &plan.Bench{Run: &result.Run{}, Out: &out, Scale: plan.Scale{
		Rounds: 2, Each: 2 * time.Millisecond, Timers: []int{0, 500},
	}}
	require.NoError(t, b.Go(context.Background(), []plan.Step{Step}), out.String())

	groups := map[result.Group][]string{}
	for _, f := range b.Figures {
		require.NotEmpty(t, f.Samples)
		require.Equal(t, runtimes, f.Base)
		if f.Peer != ours && f.Peer != embedded {
			require.Zero(t, f.Budget, "%+v", f)
		}
		groups[f.Group()] = append(groups[f.Group()], f.Peer)
	}
	for group, peers := range groups {
		if group.Name == spent {
			continue // of those that had scheduled most before the first call
		}
		require.Contains(t, peers, runtimes, "%+v has no base", group)
	}
	const standing, due = "standing timers", "timers due, a million a second"
	for _, g := range []result.Group{
		{Name: "schedule", Of: standing, At: 0, Unit: "ns"},
		{Name: "schedule and call off, one core", Of: standing, At: 0, Unit: "allocs"},
		{Name: "schedule and call off, one core", Of: standing, At: 500, Unit: "ns"},
		{Name: "schedule and call off, all cores at once", Of: standing, At: 500, Unit: "ns"},
		{Name: later, Of: standing, At: 500, Unit: "ns"},
		{Name: later, Of: standing, At: 500, Unit: "allocs"},
		{Name: later + ", finding it in memory not counted", Of: standing, At: 500, Unit: "ns"},
		{Name: "move one at random to later, all cores at once", Of: standing, At: 500, Unit: "ns"},
		{Name: "move one at random to earlier, one core", Of: standing, At: 500, Unit: "ns"},
		{Name: "memory of each, in the heap", Of: standing, At: 500, Unit: "B"},
		{Name: "memory of each, resident", Of: standing, At: 500, Unit: "B"},
		{Name: "objects of each, for the collector", Of: standing, At: 500, Unit: "objects"},
		{Name: "a collection, wall time", Of: standing, At: 500, Unit: "ms"},
		{Name: "waiting, time of a processor a second", Of: standing, At: 500, Unit: "ms"},
		{Name: "calls before their time", Of: due, At: 500, Unit: "calls"},
		{Name: "late, p50", Of: due, At: 500, Unit: "ms"},
		{Name: "late, p99", Of: due, At: 500, Unit: "ms"},
		{Name: "late, at most", Of: due, At: 500, Unit: "ms"},
	} {
		g.Step = step
		require.Contains(t, groups[g], ours, "%+v", g)
		require.Contains(t, groups[g], embedded, "%+v", g)
	}
	for _, peer := range []string{ours, embedded} {
		f := b.Find(result.Group{Step: step, Name: "calls before their time", Of: due, At: 500, Unit: "calls"}, peer)
		require.Zero(t, f.Median(), "%s is early", peer)
	}
	for _, c := range b.Curves {
		require.NotEmpty(t, c.At, c.Peer)
	}

	facts := map[string]map[string]result.Verdict{}
	for _, f := range b.Facts {
		require.NotEmpty(t, f.Says)
		if facts[f.Check] == nil {
			facts[f.Check] = map[string]result.Verdict{}
		}
		facts[f.Check][f.Peer] = f.Verdict
	}
	require.Len(t, facts, 6)
	require.Equal(t, result.Good, facts["timers are called once and never early"][ours])
	require.Equal(t, result.Bad, facts["a call that panics harms no other"][runtimes])
	require.Equal(t, result.Bad, facts["a call that blocks holds up no other"][ours], "as its documentation says")
	require.Equal(t, result.Bad, facts["a timer can be moved"]["antlabs/timer"])
	require.Equal(t, result.None, facts["a timer can be moved"]["RussellLuo/timingwheel"])
}

// TestKinds has every library call one timer, call another off and move a third.
func TestKinds(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			if k.noCall != "" {
				require.NotEmpty(t, k.noCancel)
				w := k.start()
				w.grow(2)
				w.schedule(0, time.Hour, nothing)
				w.grow(3)
				w.schedule(2, time.Hour, nothing)
				w.cancel(2)
				w.close()
				return
			}
			w := k.start()
			w.grow(2)
			w.grow(4)
			var called [4]atomic.Int32
			done := make(chan struct{})
			schedule := func(i int, after time.Duration, then func()) func() {
				f := func() {
					called[i].Add(1)
					then()
				}
				w.schedule(i, after, f)
				return f
			}
			// A library may round down by one grain.
			schedule(0, 2*k.grain, nothing)
			start, due := time.Now(), 4*k.grain+10*time.Millisecond
			schedule(1, due, nothing)
			w.cancel(1)
			cancelled := time.Since(start) < due-2*k.grain // or it may have been called before
			f := schedule(2, 61*time.Minute, nothing)
			w.rearm(2, 2*k.grain, f)
			schedule(3, due+10*time.Millisecond, func() { close(done) })
			<-done
			for called[0].Load()+called[2].Load() < 2 {
				runtime.Gosched()
			}
			if cancelled {
				require.Zero(t, called[1].Load(), "it was called off")
			}
			w.close()
			for i := range 4 {
				require.LessOrEqual(t, called[i].Load(), int32(1))
			}
		})
	}
}

// TestHabits sees those of ours, with all patience.
func TestHabits(t *testing.T) {
	for _, k := range []*kind{&spindle, &spindleEmbedded} {
		t.Run(k.name, func(t *testing.T) {
			s := &server{kind: k, wheel: k.start(), patience: time.Hour}
			defer s.wheel.close()
			require.True(t, s.moved())
			require.True(t, s.panics())
			s.wheel.cancel(0)
			require.True(t, s.hastened())
			s.patience = time.Millisecond
			require.False(t, s.held(), "a call must not block")
		})
	}
}

// TestSpread sums up calls whose lateness is known.
func TestSpread(t *testing.T) {
	var f firing
	f.spread(nil)
	require.Empty(t, f.Course)
	var late []time.Duration
	for i := range 1000 {
		late = append(late, time.Duration(999-i)*time.Millisecond)
	}
	f.spread(late)
	require.Equal(t, 500*time.Millisecond, f.P50)
	require.Equal(t, 990*time.Millisecond, f.P99)
	require.Equal(t, 999*time.Millisecond, f.Max)
	require.Equal(t, [2]float64{100, 999}, f.Course[len(f.Course)-1])
}

// TestPunctual judges what became of timers.
func TestPunctual(t *testing.T) {
	for _, c := range []struct {
		name string
		out  firing
		want result.Verdict
	}{
		{"all on time", firing{N: 10}, result.Good},
		{"one early", firing{N: 10, Early: 1, Earliest: time.Microsecond}, result.Bad},
		{"one never", firing{N: 10, Lost: 1}, result.Bad},
		{"one twice", firing{N: 10, Twice: 1}, result.Bad},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, spindle.punctual(c.out).Verdict) })
	}
}
