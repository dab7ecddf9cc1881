package session

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// With a Store, a session that is due here may have been used elsewhere, and one
// that has ended must be ended by one process alone. So whoever wants to end one
// asks for it: what is due here is put into the state of asking, in which nobody
// can use it, and then claimed. If the Store agrees, the session ends and its
// calls are made, Manager.OnExpire among them; then that is acknowledged. Until
// it is, the Store gives the session to another process when the lease is over.
//
// A session whose process is gone nobody asks for. Each process takes over such,
// after a time of grace in which the one that has it comes first.

const (
	// grace is more than it takes to tell the Store of a use and to claim.
	grace = 2 * time.Second

	// sweeping is how often what nobody asks for is looked for. The moments are
	// random, lest all processes come together.
	sweeping = time.Second

	// mostClaimed bounds what has been claimed and is not acknowledged: what a
	// process cannot get done in time is better left to another.
	mostClaimed = 8 * batchSize
)

// asking is set in the activity of a session that is due here and of which the
// Store has not been heard yet. The session is over meanwhile, for the reason
// beside it, but may be revived.
const asking = 1 << 8

func isAsking(a uint64) bool { return a >= over && a&asking != 0 }

// isOver reports whether a session is over whatever the Store says: somebody has
// ended it, if it has not been ended there too.
func isOver(a uint64) bool {
	return a >= over && (!isAsking(a) || reasonOf(a) != Idle && reasonOf(a) != Lifetime)
}

func (w *activity) ask(old uint64, why Reason) bool {
	return old < over && w.word.CompareAndSwap(old, over|asking|uint64(why))
}

// revive makes m the last use, or a later one, unless the session is over for
// good.
func (w *activity) revive(m uint64) {
	for {
		old := w.word.Load()
		now := old&^momentMask | max(old&momentMask, m)
		if isAsking(old) {
			now = m
		}
		if old >= over && !isAsking(old) || w.word.CompareAndSwap(old, now) {
			return
		}
	}
}

// isDue reports whether s is over here at now, and begins its end if it is due.
func (l *link) isDue(s *Session, now time.Duration) bool {
	for {
		a := s.activity.Load()
		if a >= over {
			return true
		}
		end, why := s.due(a, now)
		if end > now {
			return false
		}
		if l.ask(s, a, why) {
			s.filed.Store(int64(end))
			return true
		}
	}
}

// ask begins the end of s, if a is still its activity.
func (l *link) ask(s *Session, a uint64, why Reason) bool {
	// What a request has is due only by its lifetime. It cannot be taken away
	// before the Store has been heard, for it may have to be given back.
	if !(held(a) && why == Lifetime) && !s.activity.ask(a, why) {
		return false
	}
	if s.setMark(asked) {
		l.claims.put(s)
	}
	return true
}

// ended are the sessions whose ends this process has claimed: until they are
// acknowledged it renews the claims, and true says that the calls have been made.
type ended struct {
	mu        sync.Mutex
	keys      map[StoreKey]bool
	questions map[*question]struct{}
	renewed   time.Time
}

// question is a call that claims and has not been answered. The answer may be
// older than an acknowledgement that comes before it, and must not begin the same
// end once more.
type question struct {
	acked map[StoreKey]bool // since it was asked
}

func (e *ended) ask() *question {
	e.mu.Lock()
	defer e.mu.Unlock()
	q := &question{acked: make(map[StoreKey]bool)}
	if e.questions == nil {
		e.questions = make(map[*question]struct{})
	}
	e.questions[q] = struct{}{}
	return q
}

func (e *ended) answered(q *question) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.questions, q)
}

// forget takes out what has been acknowledged.
func (e *ended) forget(keys []StoreKey) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, key := range keys {
		delete(e.keys, key)
		for q := range e.questions {
			q.acked[key] = true
		}
	}
}

func (e *ended) len() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.keys)
}

// add reports whether the claim that q was answered with is new.
func (e *ended) add(q *question, key StoreKey) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, here := e.keys[key]; here || q.acked[key] {
		return false
	}
	e.keys[key] = false
	return true
}

func (e *ended) remove(key StoreKey) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.keys, key)
}

// claim claims sessions that are due here.
func (l *link) claim(batch []*Session) (again []*Session) {
	if !l.gate.settled() || l.ending.len() >= mostClaimed {
		return batch
	}
	var all []*Session
	for _, s := range batch {
		st := s.stored()
		if !st.io.TryLock() { // somebody asks about it
			again = append(again, s)
			continue
		}
		if s.marks.Load()&asked == 0 || s.Reason() != Alive && !isAsking(s.activity.Load()) {
			st.io.Unlock()
			continue // settled meanwhile
		}
		all = append(all, s)
	}
	defer func() {
		for _, s := range all {
			s.stored().io.Unlock()
		}
	}()
	for how, some := range byTerms(all) {
		over, err := l.claimFor(context.Background(), how, some)
		if err != nil {
			again = append(again, some...)
		}
		l.m.endings.later(over)
	}
	return again
}

// byTerms sorts sessions by what the Store is to be told of their ends.
func byTerms(all []*Session) map[Terms][]*Session {
	sorted := make(map[Terms][]*Session)
	for _, s := range all {
		t := Terms{Why: s.Reason(), Early: mayLag(s.Timeout())}
		if t.Why == Lifetime || t.Why == Alive {
			t.Why = Idle
		}
		sorted[t] = append(sorted[t], s)
	}
	return sorted
}

// claimFor claims sessions of which the caller has the io, and returns those that
// are over now, for the caller to have their calls made.
func (l *link) claimFor(ctx context.Context, t Terms, all []*Session) (over []*Session, err error) {
	keys := make([]StoreKey, len(all))
	for i, s := range all {
		keys[i] = s.storeKey()
	}
	q := l.ending.ask()
	defer l.ending.answered(q)
	claims, err := l.storeClaim(ctx, keys, t)
	if err != nil {
		return nil, err
	}
	for i, s := range all {
		if l.settle(s, q, claims[i]) {
			over = append(over, s)
		}
	}
	return over, nil
}

func (l *link) storeClaim(ctx context.Context, keys []StoreKey, t Terms) (claims []Claim, err error) {
	t.Owner, t.Lease = l.owner, l.lease
	err = l.gate.call(ctx, func(ctx context.Context) (err error) {
		claims, err = l.m.Store.Claim(ctx, keys, t)
		if err == nil && len(claims) != len(keys) {
			err = fmt.Errorf("%d claims for %d keys", len(claims), len(keys))
		}
		return err
	})
	return claims, err
}

// settle does with a session what the Store has said, and reports whether it is
// over now. The caller has io.
func (l *link) settle(s *Session, q *question, c Claim) bool {
	switch c.State {
	case Claimed:
		why := s.Reason()
		if why == Alive {
			why = Lifetime
		}
		if l.ending.add(q, c.Key) { // else we have taken it over as nobody's
			s.stored().mine = true
			if err := l.take(s, c.Record); err != nil {
				report(l.m.Log, "session: the record of a session that has ended cannot be read", "error", err)
			}
		}
		return l.over(s, why)
	case NotDue:
		if c.Record.Version != s.stored().version.Load() {
			s.setMark(doubtful)
		}
		if s.marks.Load()&limited != 0 {
			s.limit(later(l.m.clock.Now(), c.Record.Limit))
		}
		l.revive(s, c.Record)
		return false
	}
	return l.over(s, Elsewhere)
}

// over ends s here, whatever its state, and reports whether it was the one to do
// so; s is announced to endings then, and the caller's to hand over.
func (l *link) over(s *Session, why Reason) bool {
	l.m.endings.begin(1)
	for {
		a := s.activity.Load()
		if a >= over && !isAsking(a) {
			l.m.endings.done(1)
			return false
		}
		if s.activity.word.CompareAndSwap(a, over|uint64(why)) {
			l.allSaved(s) // or lost
			l.m.gone(s, why)
			return true
		}
	}
}

// lost ends a session here that the Store has no more: another process has ended
// it or given it another uid. The caller has io.
func (l *link) lost(s *Session) {
	if l.over(s, Elsewhere) {
		l.m.endings.later([]*Session{s})
	}
}

// expire ends a session whatever its time, and makes its calls on the caller's
// goroutine. If the Store fails, that is done when it answers again.
func (l *link) expire(s *Session, why Reason) {
	over, err := l.expireNow(s, why)
	if over {
		l.m.endings.here(s)
	}
	if err != nil && s.setMark(asked) {
		l.claims.put(s)
	}
}

func (l *link) expireNow(s *Session, why Reason) (bool, error) {
	st := s.stored()
	st.io.Lock()
	defer st.io.Unlock()
	for {
		a := s.activity.Load()
		if a >= over && !isAsking(a) {
			return false, nil
		}
		if s.activity.word.CompareAndSwap(a, over|asking|uint64(why)) {
			break
		}
	}
	ended, err := l.claimFor(context.Background(), Terms{Why: why}, []*Session{s})
	return len(ended) > 0, err
}

// finished takes note that the calls of a session have been made.
func (l *link) finished(key StoreKey) {
	l.ending.mu.Lock()
	l.ending.keys[key] = true
	l.ending.mu.Unlock()
	l.acks.put(key)
}

// ack tells the Store of sessions whose calls have been made, until it has heard.
func (l *link) ack(keys []StoreKey) (again []StoreKey) {
	err := l.gate.call(context.Background(), func(ctx context.Context) error { return l.m.Store.Ack(ctx, keys) })
	if err != nil {
		return keys
	}
	l.ending.forget(keys)
	return nil
}

// sweep takes over what nobody asks for, until ctx ends.
func (l *link) sweep(ctx context.Context) {
	for {
		wait := min(sweeping, l.lease/3)
		select {
		case <-time.After(wait/2 + rand.N(wait)):
		case <-ctx.Done():
			return
		}
		l.renew(ctx)
		for ctx.Err() == nil {
			n, err := l.takeOver(ctx, grace)
			if err != nil || n < batchSize {
				break
			}
		}
	}
}

// renew keeps the claims on what takes long to finish.
func (l *link) renew(ctx context.Context) {
	e := &l.ending
	e.mu.Lock()
	var keys []StoreKey
	if time.Since(e.renewed) >= l.lease/3 {
		e.renewed = time.Now()
		keys = slices.Collect(maps.Keys(e.keys))
	}
	e.mu.Unlock()
	for part := range slices.Chunk(keys, batchSize) {
		_, _ = l.storeClaim(ctx, part, Terms{Why: Idle}) // who fails to renew has lost no more than that
	}
}

// takeOver claims sessions that have been due for after, ends them, and returns
// how many there were.
func (l *link) takeOver(ctx context.Context, after time.Duration) (n int, err error) {
	if !l.gate.settled() || l.ending.len() >= mostClaimed {
		return 0, nil
	}
	q := l.ending.ask()
	defer l.ending.answered(q)
	var claims []Claim
	err = l.gate.call(ctx, func(ctx context.Context) (err error) {
		claims, err = l.m.Store.Due(ctx, batchSize, after, Terms{Owner: l.owner, Lease: l.lease, Why: Idle})
		return err
	})
	if err != nil {
		return 0, err
	}
	var all []*Session
	for _, c := range claims {
		if !l.ending.add(q, c.Key) {
			continue // its calls are being made, or the acknowledgement is on its way
		}
		if s := l.stranger(ctx, c); s != nil {
			all = append(all, s)
		}
	}
	l.m.endings.begin(len(all))
	l.m.endings.later(all)
	return len(claims), nil
}

// stranger makes a session of a record whose process is gone, or has it no more,
// for its calls. Its uid is not known, nor is it needed.
func (l *link) stranger(ctx context.Context, c Claim) *Session {
	h, fields, err := unpack(c.Record)
	if err != nil {
		if l.setAside(ctx, c.Key, err) {
			l.ending.remove(c.Key)
		} else {
			l.finished(c.Key)
		}
		return nil
	}
	why := c.Why
	if why == Idle && c.Record.Limit <= 0 {
		why = Lifetime
	}
	s := New("")
	l.attach(s, c.Key, c.Record, h, fields)
	s.stored().mine = true
	s.activity.word.Store(over | uint64(why))
	s.filed.Store(int64(later(l.m.clock.Now(), c.Record.Remaining)))
	l.m.ends[why].Add(1)
	return s
}
