package timers

import (
	"time"

	"github.com/antlabs/timer"
)

var antlabs = kind{
	name: "antlabs/timer", module: "github.com/antlabs/timer",
	grain: 10 * time.Millisecond,
	start: func() wheel {
		w := &antlabsWheel{t: timer.NewTimer(timer.WithTimeWheel()), done: make(chan struct{})}
		go func() {
			defer close(w.done)
			w.t.Run()
		}()
		return w
	},
	anew: true,
}

// antlabsWheel is a hierarchical wheel of 256 and four times 64 slots; its
// ticks of 10 ms are fixed.
type antlabsWheel struct {
	t      timer.Timer
	timers []timer.TimeNoder
	done   chan struct{}
}

func (w *antlabsWheel) grow(n int) { w.timers = grown(w.timers, n) }

func (w *antlabsWheel) schedule(i int, after time.Duration, f func()) {
	w.timers[i] = w.t.AfterFunc(after, f)
}

func (w *antlabsWheel) cancel(i int) { w.timers[i].Stop() }

// rearm does without Reset, which never returns where a timer stays in its slot:
// it locks that twice.
func (w *antlabsWheel) rearm(i int, after time.Duration, f func()) {
	w.timers[i].Stop()
	w.timers[i] = w.t.AfterFunc(after, f)
}

func (w *antlabsWheel) reset(i int, after time.Duration) { w.timers[i].Reset(after) }

func (w *antlabsWheel) close() {
	w.t.Stop()
	<-w.done
}
