package timers

import (
	"time"

	"github.com/ouqiang/timewheel"
)

var ouqiang = kind{
	name: "ouqiang/timewheel", module: "github.com/ouqiang/timewheel",
	grain: time.Second,
	start: func() wheel {
		w := timewheel.New(time.Second, 3600, func(f any) { f.(func())() })
		w.Start()
		return &ouqiangWheel{w: w}
	},
	anew: true,
	slow: true, most: 1_000_000, whyMost: "calling one off looks through all timers of its slot",
}

// ouqiangWheel has one level of 3,600 slots of a second, which is the finest it
// can do. Timers go by key.
type ouqiangWheel struct {
	w    *timewheel.TimeWheel
	keys []any
}

func (w *ouqiangWheel) grow(n int) { w.keys = boxed(w.keys, n) }

func (w *ouqiangWheel) schedule(i int, after time.Duration, f func()) {
	w.w.AddTimer(after, w.keys[i], f)
}

func (w *ouqiangWheel) cancel(i int) { w.w.RemoveTimer(w.keys[i]) }

func (w *ouqiangWheel) rearm(i int, after time.Duration, f func()) {
	w.cancel(i)
	w.schedule(i, after, f)
}

func (w *ouqiangWheel) close() { w.w.Stop() }
