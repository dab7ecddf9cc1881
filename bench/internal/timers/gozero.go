package timers

import (
	"time"

	"github.com/zeromicro/go-zero/core/collection"
)

var goZero = kind{
	name: "go-zero", module: "github.com/zeromicro/go-zero",
	grain: 10 * time.Millisecond,
	start: func() wheel {
		w, err := collection.NewTimingWheel(10*time.Millisecond, 36_000, func(_, f any) { f.(func())() })
		if err != nil {
			panic(err) // its arguments are wrong
		}
		return &goZeroWheel{w: w}
	},
	slow: true, most: 1_000_000, whyMost: "every one is handed to one goroutine over a channel, and is 3.5 objects for the collector",
}

// goZeroWheel is core/collection's wheel: one level whose 36,000 slots are six
// minutes, and later timers go round several times. Timers go by key.
type goZeroWheel struct {
	w    *collection.TimingWheel
	keys []any
}

func (w *goZeroWheel) grow(n int) { w.keys = boxed(w.keys, n) }

// boxed returns the numbers below n as interface values, so that calls need not
// make them.
func boxed(keys []any, n int) []any {
	had := len(keys)
	keys = grown(keys, n)
	for i := had; i < n; i++ {
		keys[i] = i
	}
	return keys
}

// The errors are those of a closed wheel and of a delay of 0.

func (w *goZeroWheel) schedule(i int, after time.Duration, f func()) {
	_ = w.w.SetTimer(w.keys[i], f, max(after, 1))
}

func (w *goZeroWheel) cancel(i int) { _ = w.w.RemoveTimer(w.keys[i]) }

func (w *goZeroWheel) rearm(i int, after time.Duration, _ func()) {
	_ = w.w.MoveTimer(w.keys[i], max(after, 1))
}

func (w *goZeroWheel) close() { w.w.Stop() }
