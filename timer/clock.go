package timer

import (
	"math"
	"time"
)

// epoch is what monotonic time is measured from.
var epoch = time.Now()

// Now returns the time on the wheel's clock, which begins at 0. While the wheel
// runs, it is as exact as the machine's clock; a wheel moved by Advance shows to
// a function it calls the tick that was due. The clock never goes back, but for
// what a reading in the very moment in which Run ends may be ahead.
func (w *Wheel) Now() time.Duration {
	if w.running.Load() {
		return w.shown(time.Since(epoch))
	}
	return time.Duration(w.still.Load())
}

// At returns the time that the wheel's clock shows at t, which must have come
// from time.Now, and so spares reading the clock where it has just been read.
// On a wheel that does not run, and for the zero Time, it returns Now.
func (w *Wheel) At(t time.Time) time.Duration {
	if !w.running.Load() || t.IsZero() {
		return w.Now()
	}
	return w.shown(t.Sub(epoch))
}

// shown returns what the clock of a running wheel shows.
func (w *Wheel) shown(real time.Duration) time.Duration {
	now := real + time.Duration(w.offset.Load())
	switch {
	case now >= 0:
		return now
	case now < math.MinInt64/2:
		return math.MaxInt64 // past the end of the clock
	}
	return 0 // before its beginning
}

// after returns the moment d from now, within the range of the clock. It is
// never 0, which in a Timer means that nothing is due.
func (w *Wheel) after(d time.Duration) int64 {
	now := w.Now()
	switch {
	case d <= 0:
		return max(int64(now), 1)
	case now > math.MaxInt64-d:
		return math.MaxInt64
	}
	return int64(now + d)
}

// tick returns the first tick that is not before the moment when.
func (w *Wheel) tick(when int64) uint64 {
	return (uint64(max(when, 0)) + 1<<w.shift - 1) >> w.shift
}

// lastTick is the one in the middle of which the clock ends.
func (w *Wheel) lastTick() uint64 { return math.MaxInt64>>w.shift + 1 }
