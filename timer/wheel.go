package timer

import (
	"context"
	"log/slog"
	"math"
	"math/bits"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// defaultTick is a power of two so that time becomes ticks by a shift.
const defaultTick = 1 << 20

// never is the tick of a wheel on which nothing is filed.
const never = math.MaxUint64

// A Wheel calls functions later, as many as you like. The zero value is ready
// to use and stands still: time passes on it while Run runs, or by as much as
// Advance says.
//
// Its methods may be called from any goroutine, and from the functions it
// calls, but for Run and Advance, which must not be called from those.
type Wheel struct {
	// Tick is the grain of time, rounded up to a power of two nanoseconds: a
	// call is never early and at most two ticks late, plus what the machine's
	// scheduler adds. It is read once, at first use. Default 2^20 ns, about a
	// millisecond.
	Tick time.Duration

	// Log hears of a call that panicked; the wheel goes on. Default
	// slog.Default.
	Log *slog.Logger

	setup sync.Once
	shift uint // nanoseconds to ticks

	// The clock. While the wheel runs it shows the process's monotonic time
	// plus offset, otherwise still.
	running atomic.Bool
	offset  atomic.Int64
	still   atomic.Int64

	turning sync.Mutex    // held by whoever moves the wheel
	asleep  atomic.Uint64 // the tick Run sleeps until; 0 while it is awake
	wake    chan struct{}

	timers timers

	lanesMu sync.Mutex
	lanes   atomic.Pointer[[]lane]
}

// A lane is one kind of entry on the wheel: slots of its own under a lock of
// its own, so that the kinds do not wait for each other.
type lane interface {
	// next returns the tick at which the lane has something to do.
	next() uint64
	// fire does what there is to do at tick, which next returned, and returns
	// how many calls of the user's that were.
	fire(tick uint64) int
	// settle moves the lane on to tick unless something comes up before.
	settle(tick uint64) bool
}

func (w *Wheel) init() {
	w.setup.Do(func() {
		tick := w.Tick
		if tick <= 0 {
			tick = defaultTick
		}
		w.shift = uint(bits.Len64(uint64(tick) - 1))
		w.wake = make(chan struct{}, 1)
		w.timers.w = w
		w.lanes.Store(&[]lane{&w.timers})
	})
}

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

// CallLater calls f after d, as Twisted's reactor does, on the goroutine that
// moves the wheel; so f must not block, and starts a goroutine for what does.
// A d of 0 or less means the next time that the wheel moves on. The result can be
// ignored, stopped or reset.
func (w *Wheel) CallLater(d time.Duration, f func()) *Timer {
	t := new(Timer)
	w.Start(t, d, f)
	return t
}

// Start is CallLater for a Timer of the caller's own, most often a field of
// the thing that expires, and allocates nothing. A Timer that is active
// already is started anew.
func (w *Wheel) Start(t *Timer, d time.Duration, f func()) {
	w.init()
	w.timers.start(t, w.after(d), 0, f)
}

// Every calls f each time that d has passed, as Twisted's LoopingCall does:
// the times stay multiples of d from now, and those that were missed are left
// out. It panics when d is not positive.
func (w *Wheel) Every(d time.Duration, f func()) *Timer {
	if d <= 0 {
		panic("timer: Every needs a positive duration")
	}
	w.init()
	t := new(Timer)
	w.timers.start(t, w.after(d), d, f)
	return t
}

// Len returns how many timers are active.
func (w *Wheel) Len() int {
	w.timers.mu.Lock()
	defer w.timers.mu.Unlock()
	return w.timers.active
}

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

// call runs f, which is the user's.
func (w *Wheel) call(f func()) {
	defer func() {
		if v := recover(); v != nil {
			w.report(v, debug.Stack())
		}
	}()
	f()
}

func (w *Wheel) report(v any, stack []byte) {
	defer func() { _ = recover() }() // the logger is the user's too
	log := w.Log
	if log == nil {
		log = slog.Default()
	}
	log.Error("timer: call panicked", "panic", v, "stack", string(stack))
}

func (w *Wheel) addLane(l lane) {
	w.init()
	w.lanesMu.Lock()
	defer w.lanesMu.Unlock()
	lanes := append(slices.Clone(*w.lanes.Load()), l)
	w.lanes.Store(&lanes)
}

func (w *Wheel) removeLane(l lane) {
	w.lanesMu.Lock()
	defer w.lanesMu.Unlock()
	lanes := slices.DeleteFunc(slices.Clone(*w.lanes.Load()), func(other lane) bool { return other == l })
	w.lanes.Store(&lanes)
}
