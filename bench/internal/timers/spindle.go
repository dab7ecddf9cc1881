package timers

import (
	"context"
	"time"

	"github.com/spindleweb/spindle/timer"
)

var spindle = kind{
	name: ours, ours: true, grain: time.Millisecond,
	start: func() wheel { return &spindleWheel{running: run()} },
}

var spindleEmbedded = kind{
	name: embedded, ours: true, grain: time.Millisecond,
	start: func() wheel { return &embeddedWheel{running: run()} },
}

// running is a wheel that follows the clock until it is closed.
type running struct {
	timer.Wheel
	stop context.CancelFunc
	done chan struct{}
}

func run() *running {
	ctx, stop := context.WithCancel(context.Background())
	r := &running{stop: stop, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		_ = r.Run(ctx)
	}()
	return r
}

func (r *running) close() {
	r.stop()
	<-r.done
}

// spindleWheel makes each timer with CallLater.
type spindleWheel struct {
	*running
	timers []*timer.Timer
}

func (w *spindleWheel) grow(n int) { w.timers = grown(w.timers, n) }

func (w *spindleWheel) schedule(i int, after time.Duration, f func()) {
	w.timers[i] = w.CallLater(after, f)
}

func (w *spindleWheel) cancel(i int) { w.timers[i].Stop() }

func (w *spindleWheel) rearm(i int, after time.Duration, _ func()) { w.timers[i].Reset(after) }

func (w *spindleWheel) look(i int) uint64 { return uint64(w.timers[i].When()) }

// embeddedWheel starts timers that are the program's own, as fields of the
// things that expire are.
type embeddedWheel struct {
	*running
	things []*thing
}

type thing struct{ timer.Timer }

func (w *embeddedWheel) grow(n int) {
	had := len(w.things)
	w.things = grown(w.things, n)
	for i := had; i < n; i++ {
		w.things[i] = new(thing)
	}
}

func (w *embeddedWheel) schedule(i int, after time.Duration, f func()) {
	w.Start(&w.things[i].Timer, after, f)
}

func (w *embeddedWheel) cancel(i int) { w.things[i].Stop() }

func (w *embeddedWheel) rearm(i int, after time.Duration, _ func()) { w.things[i].Reset(after) }

func (w *embeddedWheel) look(i int) uint64 { return uint64(w.things[i].When()) }
