package simulate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/timer"
	"github.com/valyala/fasthttp"
)

// costs is what one session takes of a node for each kind of work, of processor
// time with the collector's, and of memory.
type costs struct {
	live   int // sessions with which it was measured
	create time.Duration
	find   time.Duration // and touch, at random
	refile time.Duration // the wheel comes to it and files it again
	end    time.Duration // the wheel comes to it and it ends, with one call
	bytes  float64       // on the heap, with the table, the wheel and one call
}

// inHand carries the uid that it is given. What it takes to find the cookie in
// a request is another 10 to 50 ns.
type inHand struct{ uid []byte }

func (h *inHand) UID(_ *fasthttp.RequestCtx, n int) []byte {
	if n > 0 {
		return nil
	}
	return h.uid
}
func (h *inHand) Send(*fasthttp.RequestCtx, string) {}
func (h *inHand) Clear(*fasthttp.RequestCtx)        {}

// measureCosts has n sessions made, found, filed again and ended, in a moment.
func measureCosts(ctx context.Context, n int) (k costs, err error) {
	const timeout = 15 * time.Minute
	k.live = n
	var wheel timer.Wheel
	var hand inHand
	var called func()
	calls := make(chan struct{}, n)
	called = func() { calls <- struct{}{} }
	m := &session.Manager{Clock: &wheel, Carrier: &hand, Factory: func(uid string) *session.Session {
		s := session.New(uid)
		s.SetTimeout(timeout)
		s.NotifyOnExpire(called)
		return s
	}}
	defer func() {
		if e := m.Close(ctx); err == nil {
			err = e
		}
	}()
	uids := make([]string, n)
	before := heap()
	k.create = each(n, func(i int) {
		var s *session.Session
		if s, err = m.Create(nil); err == nil {
			uids[i] = s.UID()
		}
	})
	if err != nil {
		return k, err
	}
	// A uid takes 24 bytes of heap, which are ours.
	k.bytes = float64(heap()-before)/float64(n) - 24

	rand.New(rand.NewPCG(1, 1)).Shuffle(n, func(i, j int) { uids[i], uids[j] = uids[j], uids[i] })
	wheel.Advance(time.Minute)
	var req fasthttp.RequestCtx
	lost := 0
	k.find = each(n, func(i int) {
		if i%(n/60+1) == 0 {
			wheel.Advance(time.Second) // so that they end in another order than they were made in
		}
		hand.uid = append(hand.uid[:0], uids[i]...)
		s, e := m.Find(&req)
		if e != nil {
			err = e
		}
		if s == nil {
			lost++
		}
	})
	if err != nil {
		return k, err
	}
	if lost > 0 {
		return k, fmt.Errorf("%d live sessions were not found", lost)
	}
	from := processor()
	wheel.Advance(timeout - 90*time.Second) // all were touched in the second minute
	k.refile = (processor() - from) / time.Duration(n)
	if live := m.Stats().Live; live != int64(n) {
		return k, fmt.Errorf("%d sessions ended early", int64(n)-live)
	}
	from = processor()
	wheel.Advance(2 * time.Minute)
	for range n {
		select {
		case <-calls:
		case <-ctx.Done():
			return k, context.Cause(ctx)
		}
	}
	k.end = (processor() - from) / time.Duration(n)
	return k, nil
}

// each returns how much processor time n calls take, each.
func each(n int, f func(int)) time.Duration {
	from := processor()
	for i := range n {
		f(i)
	}
	return (processor() - from) / time.Duration(n)
}

// heap returns what is live; twice, as pools are emptied by the second
// collection only.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

// share returns which share of one core the sessions take that do this in a
// second.
func (k costs) share(t tally) float64 {
	made := t.arrivals + t.loads
	return (made*k.create.Seconds() + max(t.requests-made, 0)*k.find.Seconds() +
		t.refiled*k.refile.Seconds() + (t.over+t.dropped)*k.end.Seconds())
}
