package simulate

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/timer"
)

// node is one process: a Manager and its wheel, which Advance moves from event
// to event.
//
// The wheel ends sessions on the goroutine that moves it, and the Manager makes
// their calls on others. So the clock halts at each step, a multiple of the
// grain at which sessions end, until all calls that are due have been made;
// else a call would be counted for a later moment than its own, and no two runs
// would be alike.
type node struct {
	wheel   timer.Wheel
	manager *session.Manager
	step    time.Duration
	next    time.Duration // step
	start   time.Duration // of the day
	part    time.Duration

	making *visited // by Create

	mu    sync.Mutex
	calls []*visited // made since the last step

	parts []nodeTally
	nodeResult
}

// real is what a node makes of a session.
type real struct {
	uid   string
	node  *node
	s     *session.Session
	calls int
	timed // instead of these, in real time
}

// nodeTally is what happens on a node in one part of the day.
type nodeTally struct {
	requests, made, calls, dropped float64
	live, looks                    float64
}

// nodeResult is what comes of a whole run.
type nodeResult struct {
	made   int64
	called int64
	ends   int // calls at the ends of sessions, not only of copies
	live   int64
	early  int      // ended before they were due, or gone when a request came
	astray int      // ended at another moment than the model's, or never
	late   lateness // of the calls
}

// lateness is how much later than due things were.
type lateness struct {
	n     int
	sum   time.Duration
	worst time.Duration
	bound time.Duration // the worst of what the grains allow
}

func (l *lateness) add(d, bound time.Duration) {
	l.n++
	l.sum += d
	l.worst = max(l.worst, d)
	l.bound = max(l.bound, bound)
}

func (l *lateness) merge(m lateness) {
	l.n += m.n
	l.sum += m.sum
	l.worst = max(l.worst, m.worst)
	l.bound = max(l.bound, m.bound)
}

func (l lateness) mean() time.Duration { return l.sum / time.Duration(max(l.n, 1)) }

func newNode(step, start, part time.Duration, parts int) *node {
	n := &node{step: step, next: step, start: start, part: part, parts: make([]nodeTally, parts)}
	n.manager = &session.Manager{Clock: &n.wheel, Factory: n.manufacture}
	return n
}

// manufacture is the Manager's Factory. It runs within Create.
func (n *node) manufacture(uid string) *session.Session {
	v := n.making
	s := session.New(uid)
	s.SetTimeout(v.timeout)
	if v.limit != never {
		s.SetLifetime(v.limit - n.wheel.Now())
	}
	s.NotifyOnExpire(v.ended)
	return s
}

// ended is the call at the end of a session.
func (v *visited) ended() {
	v.node.mu.Lock()
	defer v.node.mu.Unlock()
	v.node.calls = append(v.node.calls, v)
}

// pass passes events in order, and all time until the given moment.
func (n *node) pass(ctx context.Context, events []event, until time.Duration) error {
	for _, e := range events {
		if err := n.until(ctx, e.at); err != nil {
			return err
		}
		if err := n.do(ctx, e); err != nil {
			return err
		}
	}
	return n.until(ctx, until)
}

// until moves the clock, step by step.
func (n *node) until(ctx context.Context, t time.Duration) error {
	for ; n.next <= t; n.next += n.step {
		n.wheel.Advance(n.next - n.wheel.Now())
		if err := n.collect(ctx); err != nil {
			return err
		}
	}
	n.wheel.Advance(t - n.wheel.Now())
	return nil
}

// do does what an event says, as a request would.
func (n *node) do(ctx context.Context, e event) error {
	v := e.copy
	if e.kind == opens {
		if v.before != nil {
			astray, err := n.manager.Exists(ctx, v.before.uid)
			if err != nil {
				return err
			}
			if astray {
				n.astray++
			}
		}
		v.before, v.node, n.making = nil, n, v
		s, err := n.manager.Create(nil)
		if err != nil {
			return err
		}
		v.uid, v.s = s.UID(), s
		n.made++
		n.count(e.at, func(t *nodeTally) { t.made++; t.requests++ })
		return nil
	}
	s, err := n.manager.Get(ctx, v.uid)
	if err != nil {
		return err
	}
	if s == nil || s != v.s || !s.Touch() {
		n.early++
		return nil
	}
	switch e.kind {
	case touches:
		n.count(e.at, func(t *nodeTally) { t.requests++ })
	case expires:
		s.Expire()
	case holds:
		s.Hold()
	case releases:
		s.Release()
	}
	return nil
}

// patience is for how long calls are waited for that should come at once.
const patience = 30 * time.Second

// collect waits for the calls of all sessions that have ended, and looks at
// them.
func (n *node) collect(ctx context.Context) error {
	stats := n.manager.Stats()
	var ended int64
	for _, k := range stats.Ended {
		ended += k
	}
	if err := n.await(ctx, int(ended-n.called)); err != nil {
		return err
	}
	now := n.wheel.Now()
	n.count(now, func(t *nodeTally) { t.live += float64(stats.Live); t.looks++ })
	for i, v := range n.calls {
		n.look(v, now)
		n.calls[i] = nil
	}
	n.called += int64(len(n.calls))
	n.calls = n.calls[:0]
	n.live = stats.Live
	return nil
}

// await returns when so many calls have been made.
func (n *node) await(ctx context.Context, calls int) error {
	var since time.Time
	for i := 1; ; i++ {
		n.mu.Lock()
		got := len(n.calls)
		n.mu.Unlock()
		if got >= calls {
			return nil
		}
		runtime.Gosched()
		if i%1024 != 0 {
			continue
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if since.IsZero() {
			since = time.Now()
		} else if time.Since(since) > patience {
			return fmt.Errorf("%d calls at the ends of sessions were lost", calls-got)
		}
	}
}

// look judges a call that was made in the step until now.
func (n *node) look(v *visited, now time.Duration) {
	v.calls++
	if v.due > now {
		n.early++
	}
	if v.end > now || v.end <= now-n.step || v.calls > 1 {
		n.astray++
	}
	if v.last {
		n.ends++
		n.late.add(v.end-v.due, grain(v.timeout)+tick)
		n.count(now, func(t *nodeTally) { t.calls++ })
	} else {
		n.count(now, func(t *nodeTally) { t.dropped++ })
	}
	v.s = nil
}

// count counts something that happens at a moment. What happens at the very
// beginning of a part, at the end of a step, belongs to the one before.
func (n *node) count(at time.Duration, add func(*nodeTally)) {
	if at <= n.start {
		return
	}
	if i := int((at - n.start - 1) / n.part); i < len(n.parts) {
		add(&n.parts[i])
	}
}

func (n *node) close(ctx context.Context) error { return n.manager.Close(ctx) }
