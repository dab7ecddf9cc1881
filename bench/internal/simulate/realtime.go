package simulate

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/timer"
)

// realtime passes the events of a day at their times, on a wheel that runs.
type realtime struct {
	wheel   timer.Wheel
	manager *session.Manager
	timeout time.Duration
	began   time.Time

	made     atomic.Int64
	requests atomic.Int64
	called   atomic.Int64
	early    atomic.Int64 // ended before its time, or twice
	missed   atomic.Int64 // a request that came late found it over, rightly
	lag      atomic.Int64 // by how much the latest event was late
	closing  atomic.Bool  // ends are early now, and right
}

// timed is what a session is in real time.
type timed struct {
	run    *realtime
	used   atomic.Int64 // a moment before its last use, on the wheel's clock
	held   atomic.Bool
	left   atomic.Bool // logged out
	called atomic.Int32
}

func newRealtime(timeout time.Duration) *realtime {
	r := &realtime{timeout: timeout}
	r.manager = &session.Manager{Clock: &r.wheel, Factory: session.Lasting(timeout)}
	return r
}

// pass has several goroutines pass the events that are theirs, and returns when
// the day is over.
func (r *realtime) pass(ctx context.Context, shares [][]event, day time.Duration) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	errs := make([]error, len(shares))
	var wg sync.WaitGroup
	for i, events := range shares {
		wg.Go(func() {
			if errs[i] = r.share(ctx, events, day); errs[i] != nil {
				cancel(errs[i])
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// breath is the least that a goroutine sleeps; events that fall due meanwhile
// are passed together.
const breath = time.Millisecond

func (r *realtime) share(ctx context.Context, events []event, day time.Duration) error {
	sleep := time.NewTimer(0)
	defer sleep.Stop()
	for {
		now := time.Since(r.began)
		for len(events) > 0 && events[0].at <= now {
			if err := r.do(ctx, events[0]); err != nil {
				return err
			}
			most(&r.lag, int64(time.Since(r.began)-events[0].at))
			events = events[1:]
		}
		next := day
		if len(events) > 0 {
			next = events[0].at
		} else if now >= day {
			return nil
		}
		sleep.Reset(max(next-now, breath))
		select {
		case <-sleep.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// do does what an event says, as a request would.
func (r *realtime) do(ctx context.Context, e event) error {
	v := e.copy
	now := int64(r.wheel.Now())
	r.requests.Add(1)
	if e.kind == opens {
		s, err := r.manager.Create(nil)
		if err != nil {
			return err
		}
		v.uid, v.run = s.UID(), r
		v.used.Store(now)
		r.made.Add(1)
		s.NotifyOnExpire(v.over)
		return nil
	}
	s, err := r.manager.Get(ctx, v.uid)
	if err != nil {
		return err
	}
	if s == nil || !s.Touch() {
		r.missed.Add(1)
		if v.held.Load() || time.Duration(now-v.used.Load()) < r.timeout {
			r.early.Add(1)
		}
		return nil
	}
	v.used.Store(now)
	switch e.kind {
	case expires:
		v.left.Store(true)
		s.Expire()
	case holds:
		v.held.Store(true)
		s.Hold()
	case releases:
		r.requests.Add(-1)
		s.Release()
		v.held.Store(false)
	}
	if e.kind == expires || e.kind == holds {
		r.requests.Add(-1) // the touch before was the request
	}
	return nil
}

// over is the call at the end of a session.
func (v *visited) over() {
	r := v.run
	r.called.Add(1)
	if v.called.Add(1) > 1 {
		r.early.Add(1)
		return
	}
	if r.closing.Load() {
		return
	}
	if !v.left.Load() && (v.held.Load() || r.wheel.Now()-time.Duration(v.used.Load()) < r.timeout) {
		r.early.Add(1)
	}
}

// most keeps the largest.
func most(to *atomic.Int64, v int64) {
	for {
		old := to.Load()
		if v <= old || to.CompareAndSwap(old, v) {
			return
		}
	}
}
