package timers

import (
	"time"

	"github.com/siddontang/go/timingwheel"
)

var siddontang = kind{
	name: "siddontang/go", module: "github.com/siddontang/go",
	grain:    100 * time.Millisecond,
	start:    func() wheel { return &siddontangWheel{w: timingwheel.NewTimingWheel(100*time.Millisecond, 80_000)} },
	noCall:   "gives out channels alone, one for all that are due in the same slot: a call takes a goroutine that waits",
	noCancel: "whoever no longer waits leaves the channel",
	noRearm:  "another channel is asked for",
}

// siddontangWheel has one level, and a slot for each moment up to the latest:
// more than two hours of 100 ms are asked of it here.
type siddontangWheel struct {
	w     *timingwheel.TimingWheel
	chans []<-chan struct{}
}

func (w *siddontangWheel) grow(n int) { w.chans = grown(w.chans, n) }

func (w *siddontangWheel) schedule(i int, after time.Duration, _ func()) {
	w.chans[i] = w.w.After(after)
}

func (w *siddontangWheel) cancel(int) {}

func (w *siddontangWheel) rearm(int, time.Duration, func()) {}

func (w *siddontangWheel) close() { w.w.Stop() }
