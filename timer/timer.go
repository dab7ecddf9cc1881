package timer

import (
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// ErrRunning is what Run returns on a wheel that runs already.
var ErrRunning = errors.New("timer: the wheel is running already")

// A Timer is one pending call on a Wheel, made by CallLater or Every, or a
// field of the caller's own that Start arms. The contract of Stop and Reset is
// that of the standard library's time.Timer.
//
// Moving a Timer is lazy: the due time is one atomic word, and the slot the
// Timer lies in is only a moment at which to look at it. A later due time
// writes the word and is done; the wheel files the Timer again when its old
// slot comes up. Only a due time before that slot takes the lock.
type Timer struct {
	when atomic.Int64  // due on the wheel's clock; 0 when not active
	tick atomic.Uint64 // what it is filed under

	// Guarded by the lock of the wheel's timers.
	next, prev *Timer // ring of those in the same slot; nil when in none
	slot       int

	w     *Wheel
	f     func()
	every time.Duration
}

// Active reports whether the call is still to come.
func (t *Timer) Active() bool { return t.when.Load() != 0 }

// When returns the moment on the wheel's clock (see Wheel.Now) at which the
// call is due, and 0 if the Timer is not active.
func (t *Timer) When() time.Duration { return time.Duration(t.when.Load()) }

// Stop calls the call off. It returns false if the Timer was not active: the
// call has begun, or was stopped before.
func (t *Timer) Stop() bool {
	return t.w != nil && t.w.timers.stop(t)
}

// Reset makes the call come d from now, earlier or later than it would have,
// and reports whether the Timer was active; one that was not is active again.
// It panics on a Timer that was never started.
func (t *Timer) Reset(d time.Duration) bool {
	if t.w == nil {
		panic("timer: Reset of a Timer that was never started")
	}
	w := t.w
	when := w.after(d)
	tick := w.tick(when)
	for {
		old := t.when.Load()
		if old == 0 {
			return w.timers.restart(t, when)
		}
		if t.when.CompareAndSwap(old, when) {
			// file stores the new tick and then looks at when once more, we
			// do it the other way round: one of the two sees the other.
			if tick < t.tick.Load() {
				w.timers.pull(t)
			}
			return true
		}
	}
}

// timers is the lane of Timers: each slot is a ring of them, oldest first.
type timers struct {
	w  *Wheel
	mu sync.Mutex
	levels
	slots   [depth * width]*Timer
	sorting *Timer // what is left to be looked at of the slot that has come up
	due     *Timer // what has been found to be due
	active  int
}

func (l *timers) start(t *Timer, when int64, every time.Duration, f func()) {
	l.mu.Lock()
	if t.w != l.w {
		if t.w != nil && t.Active() {
			l.mu.Unlock()
			panic("timer: Start of a Timer that is active on another wheel")
		}
		t.w = l.w
	}
	l.drop(t)
	t.f, t.every = f, every
	tick := l.put(t, when)
	l.mu.Unlock()
	l.w.filed(tick)
}

// restart is start for a Timer that Reset found inactive.
func (l *timers) restart(t *Timer, when int64) bool {
	l.mu.Lock()
	was := l.drop(t)
	tick := l.put(t, when)
	l.mu.Unlock()
	l.w.filed(tick)
	return was
}

func (l *timers) stop(t *Timer) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.drop(t)
}

// pull files t, whose due time is now before its slot, where it belongs.
func (l *timers) pull(t *Timer) {
	l.mu.Lock()
	if t.next == nil || l.w.tick(t.when.Load()) >= t.tick.Load() {
		l.mu.Unlock()
		return
	}
	l.unlink(t)
	tick := l.file(t)
	l.mu.Unlock()
	l.w.filed(tick)
}

// drop makes t inactive and takes it out of its slot.
func (l *timers) drop(t *Timer) bool {
	if t.next != nil {
		l.unlink(t)
	}
	if t.when.Load() == 0 || t.when.Swap(0) == 0 { // looking first spares a fresh Timer the write
		return false
	}
	l.active--
	return true
}

// put makes t active.
func (l *timers) put(t *Timer, when int64) uint64 {
	l.active++
	t.when.Store(when)
	return l.file(t)
}

// file links t into the slot of its due time and returns the tick of that.
func (l *timers) file(t *Timer) uint64 {
	var tick uint64
	for {
		tick = max(l.w.tick(t.when.Load()), l.now+1)
		t.tick.Store(tick)
		if l.w.tick(t.when.Load()) >= tick || tick == l.now+1 {
			break // no Reset has made it earlier meanwhile
		}
	}
	t.slot = l.place(tick)
	link(&l.slots[t.slot], t)
	return tick
}

func link(ring **Timer, t *Timer) {
	first := *ring
	if first == nil {
		t.next, t.prev = t, t
		*ring = t
		return
	}
	t.next, t.prev = first, first.prev
	t.prev.next, first.prev = t, t
}

func (l *timers) unlink(t *Timer) {
	rest := t.next
	if rest == t {
		rest = nil
	} else {
		t.next.prev, t.prev.next = t.prev, t.next
	}
	switch t {
	case l.sorting:
		l.sorting = rest
	case l.due:
		l.due = rest
	case l.slots[t.slot]:
		l.slots[t.slot] = rest
		if rest == nil {
			l.vacate(t.slot)
		}
	}
	t.next, t.prev = nil, nil
}

func (l *timers) next() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, tick, ok := l.levels.next(); ok {
		return tick
	}
	return never
}

func (l *timers) settle(tick uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, first, ok := l.levels.next(); ok && first <= tick {
		return false
	}
	l.now = max(l.now, tick)
	return true
}

// atOnce is how many Timers are looked at under one hold of the lock.
const atOnce = 512

// fire takes up the slot that begins at tick.
func (l *timers) fire(tick uint64) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	slot, first, ok := l.levels.next()
	if !ok || first > tick {
		return 0 // stopped in the meantime
	}
	l.now = first
	return l.empty(slot, int64(min(first<<l.w.shift, math.MaxInt64)))
}

// fireEarly makes the calls that are due by target in the tick that has begun
// then and is not over: for a wheel that is moved by hand, to which an exact
// time is said. What is due later in that tick stays where it is.
func (l *timers) fireEarly(target time.Duration) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	slot, first, ok := l.levels.next()
	if !ok || first > l.now+1 {
		return 0
	}
	return l.empty(slot, int64(target))
}

// empty takes everything out of a slot. First it files again what is due after
// limit, so that this keeps its place before all that is filed from now on;
// then it calls the rest, one by one, so that a call can still stop the next.
func (l *timers) empty(slot int, limit int64) (n int) {
	l.sorting, l.slots[slot] = l.slots[slot], nil
	l.vacate(slot)
	for held := 1; l.sorting != nil; held++ {
		if held%atOnce == 0 {
			l.mu.Unlock()
			l.mu.Lock()
			continue
		}
		t := l.sorting
		l.unlink(t)
		if t.when.Load() > limit {
			l.file(t)
		} else {
			link(&l.due, t)
		}
	}
	defer func() {
		for l.due != nil { // a call has ended its goroutine (runtime.Goexit)
			t := l.due
			l.unlink(t)
			l.file(t)
		}
	}()
	for l.due != nil {
		t := l.due
		l.unlink(t)
		when := t.when.Load()
		if when > limit || !t.when.CompareAndSwap(when, 0) {
			l.file(t) // moved by a Reset
			continue
		}
		if t.every > 0 {
			t.when.Store(l.again(when, t.every))
			l.file(t)
		} else {
			l.active--
		}
		n++
		l.call(t.f)
	}
	return n
}

// call makes a call without the lock.
func (l *timers) call(f func()) {
	l.mu.Unlock()
	defer l.mu.Lock()
	l.w.call(f)
}

// again returns the next multiple of every after when that is still to come.
func (l *timers) again(when int64, every time.Duration) int64 {
	missed := max(0, int64(l.w.Now())-when) / int64(every)
	next := when + (missed+1)*int64(every)
	if next < when { // past the end of the clock
		return math.MaxInt64
	}
	return next
}
