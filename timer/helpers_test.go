package timer_test

import (
	"context"
	"log/slog"
	"math"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spindleweb/spindle/timer"
)

// forever is longer than anything but the end of the clock.
const forever = time.Duration(math.MaxInt64)

// grains are values for Wheel.Tick: the finest, common ones, one that is far
// from a power of two, and a coarse one.
var grains = map[string]time.Duration{
	"1ns": 1, "1ms": time.Millisecond, "3ms": 3 * time.Millisecond, "1s": time.Second, "default": 0,
}

// grain is what a wheel with that Tick measures in.
func grain(tick time.Duration) time.Duration {
	if tick <= 0 {
		return 1 << 20
	}
	return 1 << bits.Len64(uint64(tick)-1)
}

// A trace writes down which calls were made, and when on the wheel's clock.
// Calls never assert by themselves: a failed require leaves the goroutine, and
// that would be the wheel's.
type trace struct {
	w     *timer.Wheel
	calls []string
	at    []time.Duration
}

func (r *trace) call(name string) func() {
	return func() {
		r.calls = append(r.calls, name)
		r.at = append(r.at, r.w.Now())
	}
}

// then is call with something to do afterwards.
func (r *trace) then(name string, do func()) func() {
	note := r.call(name)
	return func() {
		note()
		do()
	}
}

// A countingContext tells how often it was asked whether it is done, which Run
// does once on each round, so it shows how often the wheel woke up.
type countingContext struct {
	context.Context
	rounds atomic.Int64
	each   func(round int64)
}

func (c *countingContext) Err() error {
	n := c.rounds.Add(1)
	if c.each != nil {
		c.each(n)
	}
	return c.Context.Err()
}

// A listener is a slog handler that keeps what it hears, or panics.
type listener struct {
	mu     sync.Mutex
	heard  []string
	values []any
	bad    bool
}

func (l *listener) Enabled(context.Context, slog.Level) bool { return true }
func (l *listener) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *listener) WithGroup(string) slog.Handler            { return l }

func (l *listener) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard = append(l.heard, r.Message)
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "panic" {
			l.values = append(l.values, a.Value.Any())
		}
		return true
	})
	if l.bad {
		panic("the handler is broken")
	}
	return nil
}
