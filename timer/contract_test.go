package timer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/timer"
)

func TestZeroWheel(t *testing.T) {
	var w timer.Wheel
	require.Zero(t, w.Now())
	require.Zero(t, w.Len())
	require.Zero(t, w.At(time.Now()), "a wheel that does not run is at Now for every t")
	require.Zero(t, w.At(time.Time{}))
	require.Zero(t, w.Advance(time.Hour))
	require.Equal(t, time.Hour, w.Now())
	require.Equal(t, time.Hour, w.At(time.Now()))
}

func TestZeroTimer(t *testing.T) {
	var x timer.Timer
	require.False(t, x.Active())
	require.Zero(t, x.When())
	require.False(t, x.Stop())
	require.Panics(t, func() { x.Reset(time.Second) })
}

func TestAdvanceBackIsNoMove(t *testing.T) {
	var w timer.Wheel
	w.Advance(time.Minute)
	require.Zero(t, w.Advance(-time.Hour))
	require.Equal(t, time.Minute, w.Now())
}

// arming is the two ways to start a call, which must not differ.
var arming = map[string]func(w *timer.Wheel, d time.Duration, f func()) *timer.Timer{
	"CallLater": (*timer.Wheel).CallLater,
	"Start": func(w *timer.Wheel, d time.Duration, f func()) *timer.Timer {
		x := new(timer.Timer)
		w.Start(x, d, f)
		return x
	},
	"Start again": func(w *timer.Wheel, d time.Duration, f func()) *timer.Timer {
		x := new(timer.Timer)
		w.Start(x, 2*time.Hour, func() { panic("started anew since") })
		w.Start(x, d, f)
		return x
	},
}

func TestArmedCallIsMadeOnce(t *testing.T) {
	for name, arm := range arming {
		t.Run(name, func(t *testing.T) {
			w := timer.Wheel{Tick: 1}
			w.Advance(1000)
			r := trace{w: &w}
			x := arm(&w, 100, r.call("x"))
			require.True(t, x.Active())
			require.EqualValues(t, 1100, x.When())
			require.Equal(t, 1, w.Len())
			require.Zero(t, w.Advance(99))
			require.True(t, x.Active())
			require.Equal(t, 1, w.Advance(1))
			require.False(t, x.Active())
			require.Zero(t, x.When())
			require.Zero(t, w.Len())
			require.False(t, x.Stop())
			require.Zero(t, w.Advance(time.Hour))
			require.Equal(t, []time.Duration{1100}, r.at)
		})
	}
}

func TestStop(t *testing.T) {
	for name, arm := range arming {
		t.Run(name, func(t *testing.T) {
			w := timer.Wheel{Tick: 1}
			r := trace{w: &w}
			x := arm(&w, 100, r.call("x"))
			w.Advance(50)
			require.True(t, x.Stop())
			require.False(t, x.Stop())
			require.False(t, x.Active())
			require.Zero(t, x.When())
			require.Zero(t, w.Len())
			require.Zero(t, w.Advance(time.Hour))
			require.Empty(t, r.calls)
		})
	}
}

func TestReset(t *testing.T) {
	for _, c := range []struct {
		name         string
		first, moved time.Duration // armed for first, then the wheel moved on
		stop         bool
		reset        time.Duration
		active       bool
		at           []time.Duration
	}{
		{"earlier", 100, 10, false, 20, true, []time.Duration{30}},
		{"earlier on a level below", 1 << 20, 10, false, 20, true, []time.Duration{30}},
		{"earlier in the same wide slot", 1<<20 + 500, 10, false, 1 << 20, true, []time.Duration{1<<20 + 10}},
		{"later", 100, 10, false, 200, true, []time.Duration{210}},
		{"later by levels", 5, 0, false, 1 << 30, true, []time.Duration{1 << 30}},
		{"to the same moment", 100, 10, false, 90, true, []time.Duration{100}},
		{"to the next tick", 100, 10, false, 1, true, []time.Duration{11}},
		{"to now", 100, 10, false, 0, true, []time.Duration{11}},
		{"to the past", 100, 10, false, -time.Hour, true, []time.Duration{11}},
		{"after it was called", 10, 20, false, 5, false, []time.Duration{10, 25}},
		{"after it was stopped", 100, 20, true, 5, false, []time.Duration{25}},
		{"a stopped one past its old time", 100, 20, true, 300, false, []time.Duration{320}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := timer.Wheel{Tick: 1}
			r := trace{w: &w}
			x := w.CallLater(c.first, r.call("x"))
			w.Advance(c.moved)
			if c.stop {
				x.Stop()
			}
			require.Equal(t, c.active, x.Reset(c.reset))
			require.True(t, x.Active())
			require.Equal(t, c.moved+max(c.reset, 0), x.When())
			require.Equal(t, 1, w.Len())
			w.Advance(1 << 40)
			require.Equal(t, c.at, r.at)
			require.Zero(t, w.Len())
		})
	}
}

func TestResetManyTimes(t *testing.T) {
	w := timer.Wheel{Tick: 1}
	r := trace{w: &w}
	x := w.CallLater(100, r.call("x"))
	for range 1000 { // a sign of life shortly before each end
		require.Zero(t, w.Advance(99))
		require.True(t, x.Reset(100))
	}
	require.Equal(t, 1, w.Advance(100))
	require.Equal(t, []time.Duration{99*1000 + 100}, r.at)
}

// After Reset, When says when the call is due, also where the move is too small
// to change the tick.
func TestWhenAfterResetWithinATick(t *testing.T) {
	w := timer.Wheel{Tick: time.Second}
	r := trace{w: &w}
	x := w.CallLater(10, r.call("x"))
	require.True(t, x.Reset(20))
	require.Zero(t, w.Advance(19), "never early")
	require.Equal(t, 1, w.Advance(2*time.Second))
	x.Reset(20)
	armed := w.Now() + 20
	require.Equal(t, armed, x.When())
	require.True(t, x.Reset(30))
	require.Equal(t, armed+10, x.When(), "Reset to a moment later in the same tick")
	require.True(t, x.Reset(5))
	require.Equal(t, armed-15, x.When(), "Reset to a moment earlier in the same tick")
}

func TestStartOnAnotherWheel(t *testing.T) {
	var a, b timer.Wheel
	var x timer.Timer
	a.Start(&x, time.Minute, nothing)
	require.Panics(t, func() { b.Start(&x, time.Minute, nothing) })
	require.True(t, x.Active())
	require.Equal(t, 1, a.Len())
	require.Zero(t, b.Len())
	b.CallLater(time.Second, nothing) // no lock was left behind
	require.Equal(t, 1, b.Advance(time.Hour))
	require.Equal(t, 1, a.Advance(time.Hour))
	b.Start(&x, time.Minute, nothing) // inactive, it may change wheels
	require.Equal(t, 1, b.Advance(time.Hour))
	b.Start(&x, time.Minute, nothing)
	require.True(t, x.Stop())
	a.Start(&x, time.Minute, nothing)
	require.Equal(t, 1, a.Len())
	require.Zero(t, b.Len())
}

func TestFirstInFirstOutWithinATick(t *testing.T) {
	for _, d := range []time.Duration{1, 63, 64, 65, 4096, 4097, 1 << 30} {
		w := timer.Wheel{Tick: 1}
		r := trace{w: &w}
		var want []string
		for i := range 100 { // filed from ever nearer, hence on ever lower levels
			name := fmt.Sprint(i)
			w.CallLater(d-w.Now(), r.call(name))
			want = append(want, name)
			w.Advance((d - w.Now()) / 8)
		}
		w.Advance(d)
		require.Equal(t, want, r.calls, "d=%d", d)
	}
}

// A call in the same slot of a higher level as an earlier one, filed from that
// one, comes after those that were filed for its tick before.
func TestFirstInFirstOutWhenFiledFromACall(t *testing.T) {
	w := timer.Wheel{Tick: 1}
	r := trace{w: &w}
	w.CallLater(64, r.then("first of the slot", func() { w.CallLater(5, r.call("filed last")) }))
	w.CallLater(69, r.call("filed before"))
	w.Advance(100)
	require.Equal(t, []string{"first of the slot", "filed before", "filed last"}, r.calls)
}
