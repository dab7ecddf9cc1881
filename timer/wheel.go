package timer

import (
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
