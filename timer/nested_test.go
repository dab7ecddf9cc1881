package timer_test

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/timer"
)

func TestFromInsideACall(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(w *timer.Wheel, r *trace, self, same, later *timer.Timer)
		want []string
		at   []time.Duration
	}{
		{
			"nothing",
			func(*timer.Wheel, *trace, *timer.Timer, *timer.Timer, *timer.Timer) {},
			[]string{"self", "same", "later"}, []time.Duration{100, 100, 200},
		}, {
			"stop one due in the same tick",
			func(_ *timer.Wheel, _ *trace, _, same, _ *timer.Timer) {
				if !same.Stop() || same.Stop() {
					panic("Stop's word is wrong")
				}
			},
			[]string{"self", "later"}, []time.Duration{100, 200},
		}, {
			"move one due in the same tick",
			func(_ *timer.Wheel, _ *trace, _, same, _ *timer.Timer) { same.Reset(50) },
			[]string{"self", "same", "later"}, []time.Duration{100, 150, 200},
		}, {
			"move one due in the same tick far away",
			func(_ *timer.Wheel, _ *trace, _, same, _ *timer.Timer) { same.Reset(1 << 30) },
			[]string{"self", "later", "same"}, []time.Duration{100, 200, 100 + 1<<30},
		}, {
			"stop one due in the same tick and start it again",
			func(_ *timer.Wheel, _ *trace, _, same, _ *timer.Timer) {
				if !same.Stop() || same.Reset(7) {
					panic("wrong word")
				}
			},
			[]string{"self", "same", "later"}, []time.Duration{100, 107, 200},
		}, {
			"pull a later one to now",
			func(_ *timer.Wheel, _ *trace, _, _, later *timer.Timer) { later.Reset(0) },
			[]string{"self", "same", "later"}, []time.Duration{100, 100, 101},
		}, {
			"stop a later one",
			func(_ *timer.Wheel, _ *trace, _, _, later *timer.Timer) { later.Stop() },
			[]string{"self", "same"}, []time.Duration{100, 100},
		}, {
			"reset oneself",
			func(w *timer.Wheel, _ *trace, self, _, _ *timer.Timer) {
				if w.Now() == 100 && self.Reset(150) {
					panic("the call has begun, so the timer is not active")
				}
			},
			[]string{"self", "same", "later", "self"}, []time.Duration{100, 100, 200, 250},
		}, {
			"start oneself with another call",
			func(w *timer.Wheel, r *trace, self, _, _ *timer.Timer) { w.Start(self, 10, r.call("other")) },
			[]string{"self", "same", "other", "later"}, []time.Duration{100, 100, 110, 200},
		}, {
			"stop oneself",
			func(_ *timer.Wheel, _ *trace, self, _, _ *timer.Timer) {
				if self.Stop() || self.Active() {
					panic("the call has begun, so the timer is not active")
				}
			},
			[]string{"self", "same", "later"}, []time.Duration{100, 100, 200},
		}, {
			"call at once is in the next tick",
			func(w *timer.Wheel, r *trace, _, _, _ *timer.Timer) { w.CallLater(0, r.call("new")) },
			[]string{"self", "same", "new", "later"}, []time.Duration{100, 100, 101, 200},
		}, {
			"Len does not count the call that is being made",
			func(w *timer.Wheel, _ *trace, _, _, _ *timer.Timer) {
				if w.Len() != 2 {
					panic("Len is wrong")
				}
			},
			[]string{"self", "same", "later"}, []time.Duration{100, 100, 200},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := timer.Wheel{Tick: 1}
			r := trace{w: &w}
			var failed any
			var self, same, later timer.Timer
			w.Start(&self, 100, r.then("self", func() {
				defer func() { failed = recover() }()
				c.do(&w, &r, &self, &same, &later)
			}))
			w.Start(&same, 100, r.call("same"))
			w.Start(&later, 200, r.call("later"))
			n := w.Advance(1 << 40)
			require.Nil(t, failed)
			require.Equal(t, c.want, r.calls)
			require.Equal(t, c.at, r.at)
			require.Equal(t, len(c.want), n)
			require.Zero(t, w.Len())
		})
	}
}

// A chain of calls, each filed by the one before, is made within one Advance.
func TestChain(t *testing.T) {
	w := timer.Wheel{Tick: 1}
	n := 0
	var link func()
	link = func() {
		if n++; n < 10000 {
			w.CallLater(time.Duration(n), link)
		}
	}
	w.CallLater(1, link)
	require.Equal(t, 10000, w.Advance(time.Hour))
	require.Equal(t, 10000, n)
}

// More than the wheel files again under one hold of its lock lie in one wide
// slot, and the first of them stops every other one.
func TestStopManyInTheSlotThatCameUp(t *testing.T) {
	w := timer.Wheel{Tick: 1}
	ts := make([]timer.Timer, 4000)
	made := make([]int, len(ts))
	w.CallLater(4096, func() {
		for i := 0; i < len(ts); i += 2 {
			ts[i].Stop()
		}
	})
	for i := range ts {
		w.Start(&ts[i], time.Duration(4096+i%1000), func() { made[i]++ })
	}
	require.Equal(t, 1+len(ts)/2, w.Advance(10000))
	for i, n := range made {
		require.Equal(t, i%2, n)
	}
}

// goexit is the child's part in TestGoexitInACall.
func goexit() {
	w := timer.Wheel{Tick: 1}
	made := false
	w.CallLater(1, runtime.Goexit)
	w.CallLater(1, func() { made = true })
	left := make(chan struct{})
	go func() {
		defer close(left)
		w.Advance(1)
	}()
	<-left
	w.Advance(10)
	if !made || w.Len() != 0 {
		println("the call behind the one that left its goroutine is lost")
		os.Exit(1)
	}
}

// What a failed require does in a call, on a test's goroutine: it leaves the
// goroutine without a panic. The process must live on, and the wheel with it.
func TestGoexitInACall(t *testing.T) {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childEnv+"=goexit")
	out, err := child.CombinedOutput()
	require.NoError(t, err, "%.300s", out)
}
