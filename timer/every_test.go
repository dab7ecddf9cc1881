package timer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/timer"
)

func TestEveryNeedsAPeriod(t *testing.T) {
	var w timer.Wheel
	for _, d := range []time.Duration{0, -1, -time.Hour} {
		require.Panics(t, func() { w.Every(d, nothing) })
	}
	require.Zero(t, w.Len())
}

func TestEveryInALongAdvance(t *testing.T) {
	for name, tick := range grains {
		for _, period := range []time.Duration{1, 64, 1000, time.Millisecond, 2500 * time.Microsecond, time.Second, 3*time.Second + 1, time.Hour} {
			if period < grain(tick) {
				continue // more than one in a tick
			}
			t.Run(fmt.Sprint(name, " ", period), func(t *testing.T) {
				w := timer.Wheel{Tick: tick}
				w.Advance(12345)
				begun := w.Now()
				n, wrong := 0, 0
				x := w.Every(period, func() {
					n++
					if late := w.Now() - begun - time.Duration(n)*period; late < 0 || late >= grain(tick) {
						wrong++
					}
				})
				d := 3000*period + period/2
				d += -(12345 + d) & (grain(tick) - 1) // to the end of a tick
				require.Equal(t, int(d/period), w.Advance(d))
				require.Equal(t, int(d/period), n)
				require.Zero(t, wrong)
				require.True(t, x.Active())
				require.Equal(t, 1, w.Len())
			})
		}
	}
}

// A period below the tick makes one call a tick; the others are missed.
func TestEveryFinerThanTheTick(t *testing.T) {
	w := timer.Wheel{Tick: time.Millisecond}
	w.Every(1000, nothing)
	require.Equal(t, 100, w.Advance(100*grain(w.Tick)))
}

func TestEveryIsAllOrNothingOnceStopped(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(w *timer.Wheel, x *timer.Timer) bool // in the third call
		want bool
		at   []time.Duration
	}{
		{"nothing", func(*timer.Wheel, *timer.Timer) bool { return true }, true, []time.Duration{10, 20, 30, 40, 50, 60, 70}},
		{"Stop", func(_ *timer.Wheel, x *timer.Timer) bool { return x.Stop() }, true, []time.Duration{10, 20, 30}},
		{"Stop twice", func(_ *timer.Wheel, x *timer.Timer) bool { first := x.Stop(); return first && x.Stop() }, false, []time.Duration{10, 20, 30}},
		{"Reset shifts what follows", func(_ *timer.Wheel, x *timer.Timer) bool { return x.Reset(13) }, true, []time.Duration{10, 20, 30, 43, 53, 63, 73}},
		{"Reset after Stop goes on", func(_ *timer.Wheel, x *timer.Timer) bool { return x.Stop() && !x.Reset(5) }, true, []time.Duration{10, 20, 30, 35, 45, 55, 65, 75}},
		{"Start makes it a single call", func(w *timer.Wheel, x *timer.Timer) bool { w.Start(x, 5, nothing); return true }, true, []time.Duration{10, 20, 30}},
		{"Active and due", func(w *timer.Wheel, x *timer.Timer) bool { return x.Active() && x.When() == 40 && w.Len() == 1 }, true, []time.Duration{10, 20, 30, 40, 50, 60, 70}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := timer.Wheel{Tick: 1}
			r := trace{w: &w}
			got := false
			var x *timer.Timer
			x = w.Every(10, r.then("x", func() {
				if len(r.calls) == 3 {
					got = c.do(&w, x)
				}
			}))
			w.Advance(75)
			require.Equal(t, c.want, got)
			require.Equal(t, c.at, r.at)
		})
	}
}

func TestEveryAtTheEndOfTheClock(t *testing.T) {
	w := timer.Wheel{Tick: time.Second}
	n := 0
	x := w.Every(forever/3, func() { n++ })
	w.Advance(forever)
	require.GreaterOrEqual(t, n, 3)
	require.LessOrEqual(t, n, 4)
	x.Stop()
	require.Zero(t, w.Len())
}
