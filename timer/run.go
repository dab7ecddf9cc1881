package timer

import (
	"context"
	"math"
	"time"
)

// Advance moves the wheel on by d and makes the calls that fall due on the
// way, in order of their ticks and on this goroutine; within a tick in the
// order in which they were filed. It returns how many it made. When it returns,
// everything that is due by the new time has been called, to the nanosecond.
//
// On a wheel that runs it makes the clock jump by d.
func (w *Wheel) Advance(d time.Duration) int {
	w.init()
	w.turning.Lock()
	defer w.turning.Unlock()
	d = min(max(d, 0), math.MaxInt64-w.Now())
	if w.running.Load() {
		w.offset.Add(int64(d))
		n := w.turn(w.Now())
		w.rouse() // Run sleeps by the time before the jump
		return n
	}
	target := w.Now() + d
	n := w.turn(target)
	w.still.Store(int64(target))
	return n + w.timers.fireEarly(target)
}

// Run lets the wheel follow real time until ctx ends, and returns the cause of
// that end. The clock then stands still until it is run again. A process that
// was stopped for a while makes up for it in one go. Run sleeps while nothing
// is due; it returns an error at once if the wheel is running already.
func (w *Wheel) Run(ctx context.Context) error {
	w.init()
	if !w.begin() {
		return ErrRunning
	}
	defer w.end()

	sleep := time.NewTimer(math.MaxInt64)
	defer sleep.Stop()
	for ctx.Err() == nil {
		w.turnToNow()
		// From here on a call for an earlier tick wakes us, and one that was
		// filed before is seen by next.
		w.asleep.Store(never)
		next := w.next()
		w.asleep.Store(next)
		if next > w.lastTick() {
			sleep.Stop()
		} else {
			sleep.Reset(time.Duration(min(next<<w.shift, math.MaxInt64)) - w.Now())
		}
		select {
		case <-sleep.C:
		case <-w.wake:
		case <-ctx.Done():
		}
		w.asleep.Store(0)
	}
	return context.Cause(ctx)
}

// Running reports whether Run moves the wheel.
func (w *Wheel) Running() bool { return w.running.Load() }

func (w *Wheel) begin() bool {
	if w.running.Load() {
		return false // without waiting for a call that takes long
	}
	w.turning.Lock()
	defer w.turning.Unlock()
	if w.running.Load() {
		return false
	}
	w.offset.Store(w.still.Load() - int64(time.Since(epoch)))
	w.running.Store(true)
	return true
}

func (w *Wheel) end() {
	w.turning.Lock()
	defer w.turning.Unlock()
	w.still.Store(int64(w.Now()))
	w.running.Store(false)
}

func (w *Wheel) turnToNow() {
	w.turning.Lock()
	defer w.turning.Unlock()
	w.turn(w.Now())
}

// turn does all that is due by target, one tick after the other.
func (w *Wheel) turn(target time.Duration) (n int) {
	last := uint64(target) >> w.shift
	if target == math.MaxInt64 {
		last = w.lastTick()
	}
	for {
		lanes := *w.lanes.Load()
		var first lane
		tick := uint64(never)
		for _, l := range lanes {
			if t := l.next(); t < tick {
				first, tick = l, t
			}
		}
		if tick <= last {
			if !w.running.Load() {
				w.still.Store(max(w.still.Load(), int64(min(tick<<w.shift, math.MaxInt64))))
			}
			n += first.fire(tick)
			continue
		}
		settled := true
		for _, l := range lanes {
			settled = l.settle(last) && settled
		}
		if settled {
			return n
		}
	}
}

// next returns the first tick at which there is something to do.
func (w *Wheel) next() uint64 {
	tick := uint64(never)
	for _, l := range *w.lanes.Load() {
		tick = min(tick, l.next())
	}
	return tick
}

// filed wakes Run if it would sleep past tick. The caller has filed something
// there and no longer holds the lane's lock.
func (w *Wheel) filed(tick uint64) {
	if tick < w.asleep.Load() {
		w.rouse()
	}
}

// rouse has Run look again.
func (w *Wheel) rouse() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}
