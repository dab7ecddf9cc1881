package timers

import (
	"time"
	"unsafe"
)

var goRuntime = kind{
	name: runtimes, grain: time.Nanosecond,
	start: func() wheel { return new(runtimeWheel) },
}

// runtimeWheel is the standard library: a heap of timers for each processor.
type runtimeWheel struct{ timers []*time.Timer }

func (w *runtimeWheel) grow(n int) { w.timers = grown(w.timers, n) }

func (w *runtimeWheel) schedule(i int, after time.Duration, f func()) {
	w.timers[i] = time.AfterFunc(after, f)
}

func (w *runtimeWheel) cancel(i int) { w.timers[i].Stop() }

func (w *runtimeWheel) rearm(i int, after time.Duration, _ func()) { w.timers[i].Reset(after) }

// look reads the channel's address, which is 0 where there is a function to call.
// As a number: whether a channel is nil the processor would guess, and not wait
// for the memory.
func (w *runtimeWheel) look(i int) uint64 {
	return uint64(*(*uintptr)(unsafe.Pointer(&w.timers[i].C)))
}

func (w *runtimeWheel) close() {
	for _, t := range w.timers {
		if t != nil {
			t.Stop()
		}
	}
}
