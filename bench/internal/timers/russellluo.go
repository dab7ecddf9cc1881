package timers

import (
	"time"

	"github.com/RussellLuo/timingwheel"
)

var russellLuo = kind{
	name: "RussellLuo/timingwheel", module: "github.com/RussellLuo/timingwheel",
	grain: time.Millisecond,
	start: func() wheel {
		w := &russellLuoWheel{w: timingwheel.NewTimingWheel(time.Millisecond, 64)}
		w.w.Start()
		return w
	},
	anew: true,
}

// russellLuoWheel is a hierarchical wheel. It has 64 slots a level, as ours has:
// with the 20 of its own examples there are more levels for a timer to pass.
type russellLuoWheel struct {
	w      *timingwheel.TimingWheel
	timers []*timingwheel.Timer
}

func (w *russellLuoWheel) grow(n int) { w.timers = grown(w.timers, n) }

func (w *russellLuoWheel) schedule(i int, after time.Duration, f func()) {
	w.timers[i] = w.w.AfterFunc(after, f)
}

func (w *russellLuoWheel) cancel(i int) { w.timers[i].Stop() }

func (w *russellLuoWheel) rearm(i int, after time.Duration, f func()) {
	w.timers[i].Stop()
	w.timers[i] = w.w.AfterFunc(after, f)
}

func (w *russellLuoWheel) close() { w.w.Stop() }
