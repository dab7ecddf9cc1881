package session

import (
	"context"
	"errors"
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

	// mostBegun is how many ends are under way at once, as long as the Store answers:
	// their calls have begun, and it has not acknowledged them.
	mostBegun = 16

	// slow is what no call takes for long.
	slow = 20 * time.Millisecond

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
// good. One that was asking is held by so many then.
func (w *activity) revive(m, holds uint64) {
	for {
		old := w.word.Load()
		now := old&^momentMask | max(old&momentMask, m)
		if isAsking(old) {
			now = m + holds*one
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
		filed := s.filed.Load()
		if l.ask(s, a, why) {
			s.filed.CompareAndSwap(filed, int64(end)) // unless it has been revived meanwhile
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

// hold is Hold, or Release, for a session that is asking: it may be revived.
func (l *link) hold(s *Session, n int) {
	st := s.stored()
	st.io.Lock()
	defer st.io.Unlock()
	switch {
	case isAsking(s.activity.Load()):
		st.holds = max(st.holds+n, 0)
	case n > 0:
		s.activity.hold() // unless it is over
	case held(s.activity.Load()):
		s.activity.release(l.m.clock.Now())
	}
}

// claimed are the sessions whose ends this process has claimed. Until they are
// acknowledged it keeps the claims.
type claimed struct {
	mu        sync.Mutex
	keys      map[StoreKey]bool // true: the calls have begun, in one of few places
	places    chan struct{}
	questions map[*question]struct{}
	kept      time.Time // when that was last done
}

// question is a call that claims and has not been answered. The answer may be
// older than an acknowledgement that comes before it, and must not begin the same
// end once more.
type question struct {
	acked map[StoreKey]bool // since it was asked
}

func (c *claimed) ask() *question {
	c.mu.Lock()
	defer c.mu.Unlock()
	q := &question{acked: make(map[StoreKey]bool)}
	if c.questions == nil {
		c.questions = make(map[*question]struct{})
	}
	c.questions[q] = struct{}{}
	return q
}

func (c *claimed) answered(q *question) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.questions, q)
}

// forget takes out what has been acknowledged.
func (c *claimed) forget(keys []StoreKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range keys {
		c.drop(key)
		for q := range c.questions {
			q.acked[key] = true
		}
	}
}

func (c *claimed) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.keys)
}

// add reports whether the claim that q was answered with is new.
func (c *claimed) add(q *question, key StoreKey) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, here := c.keys[key]; here || q.acked[key] {
		return false
	}
	c.keys[key] = false
	return true
}

func (c *claimed) remove(key StoreKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(key)
}

// drop is for whoever has the lock.
func (c *claimed) drop(key StoreKey) {
	if c.keys[key] {
		<-c.places
	}
	delete(c.keys, key)
}

// begin is called before the calls of a session are made, and waits for a while if
// too many before it have not been acknowledged: they would be made again if the
// process were killed now.
func (c *claimed) begin(key StoreKey) {
	select {
	case c.places <- struct{}{}:
	default:
		select {
		case c.places <- struct{}{}:
		case <-time.After(pause):
			return // calls must not stand still as long as a store does
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys[key] = true
}

// settled reports whether it is time to claim: the Store has answered for long
// enough, and what it could not be told of before it has been told of.
func (l *link) settled() bool {
	return l.gate.settled() && l.tells.finished() >= l.gate.untold.Load() && l.claimed.len() < mostClaimed
}

// claim claims sessions that are due here.
func (l *link) claim(batch []*Session) (again []*Session) {
	if !l.settled() {
		return batch
	}
	sorted := make(map[Reason][]*Session)
	for _, s := range batch {
		st := s.stored()
		if !st.io.TryLock() { // somebody asks about it
			again = append(again, s)
			continue
		}
		defer st.io.Unlock()
		if s.marks.Load()&asked == 0 || s.Reason() != Alive && !isAsking(s.activity.Load()) {
			continue // settled meanwhile
		}
		// Its end is made with its last values, wherever that will be, and it is
		// due by its last times.
		if err := l.saveNow(l.ctx, s, false); errors.Is(err, ErrStore) {
			again = append(again, s)
			continue
		}
		why := s.Reason()
		if why == Lifetime || why == Alive {
			why = Idle // because it is due
		}
		sorted[why] = append(sorted[why], s)
	}
	for why, all := range sorted {
		over, err := l.claimFor(l.ctx, why, all)
		if err != nil {
			again = append(again, all...)
		}
		l.m.endings.later(over)
	}
	return again
}

// claimFor claims sessions of which the caller has the io, and returns those that
// are over now, for the caller to have their calls made.
//
// What is nearly due is claimed early in a second call, as only the answer to the
// first tells whether we know all that there is to know of it. If that was long in
// coming, so are the calls by which other processes tell of uses, and have to
// arrive first.
func (l *link) claimFor(ctx context.Context, why Reason, all []*Session) (over []*Session, err error) {
	nearly := make(map[time.Duration][]*Session)
	asked := time.Now()
	err = l.claimAll(ctx, Terms{Why: why}, all, func(s *Session, q *question, c Claim) {
		if early := l.early(s, c); early > 0 {
			nearly[early] = append(nearly[early], s)
		} else if l.settle(s, q, c) {
			over = append(over, s)
		}
	})
	if took := time.Since(asked); len(nearly) > 0 && took > slow {
		select {
		case <-time.After(took):
		case <-ctx.Done():
		}
	}
	for early, some := range nearly {
		if err != nil {
			break
		}
		err = l.claimAll(ctx, Terms{Why: why, Early: early}, some, func(s *Session, q *question, c Claim) {
			if l.settle(s, q, c) {
				over = append(over, s)
			}
		})
	}
	return over, err
}

// early returns by how much a session may be claimed early that is not due in the
// Store: by what that was given, if it was we who have told of its last use and
// nothing else has changed since.
func (l *link) early(s *Session, c Claim) time.Duration {
	lag := mayLag(s.Timeout())
	if c.State != NotDue || s.Reason() != Idle || !s.stored().ours.Load() || c.Record.Version != s.stored().version.Load() || lives(c.Record, s.Timeout()) {
		return 0
	}
	return lag
}

// claimAll makes one call and hands out the answers.
func (l *link) claimAll(ctx context.Context, t Terms, all []*Session, answer func(*Session, *question, Claim)) error {
	keys := make([]StoreKey, len(all))
	for i, s := range all {
		keys[i] = s.storeKey()
	}
	q := l.claimed.ask()
	defer l.claimed.answered(q)
	claims, err := l.storeClaim(ctx, keys, t)
	if err != nil {
		return err
	}
	for i, s := range all {
		answer(s, q, claims[i])
	}
	return nil
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
		if !l.claimed.add(q, c.Key) { // we have taken it over as nobody's
			return l.over(s, why)
		}
		if err := l.take(s, c.Record); err != nil {
			report(l.m.Log, "session: the record of a session that has ended cannot be read", "error", err)
		}
		if !l.over(s, why) {
			l.claimed.remove(c.Key) // left here, and for the next owner
			return false
		}
		s.stored().mine.Store(true)
		return true
	case NotDue:
		if c.Record.Version != s.stored().version.Load() {
			s.setMark(doubtful)
		}
		l.revive(s, c.Record)
		return false
	}
	if s.stored().renamed == nil {
		return l.over(s, Elsewhere)
	}
	if err := l.gone(l.ctx, s); !errors.Is(err, ErrEnded) {
		l.claims.put(s)
	}
	return false
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
			l.allSaved(s) // or lost, see changed
			l.m.gone(s, why)
			return true
		}
	}
}

// gone is called with a session that the Store does not have. Another process has
// ended it or given it another uid; then it ends here too, and the error is
// ErrEnded. Or we have given it another uid, or tried to, and not heard: then that
// is taken back, and the error is nil. The caller has io.
func (l *link) gone(ctx context.Context, s *Session) error {
	st := s.stored()
	if st.renamed != nil {
		key := s.storeKey()
		err := l.gate.call(ctx, func(ctx context.Context) error {
			_, err := l.m.Store.Save(ctx, *st.renamed, Change{Rename: &key})
			return err
		})
		if err != nil && !errors.Is(err, ErrGone) {
			return err
		}
		if st.renamed = nil; err == nil {
			s.setMark(doubtful)
			return nil
		}
	}
	l.lost(s)
	return ErrEnded
}

// lost ends a session here that the Store does not have. The caller has io.
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
	if err == nil {
		return
	}
	if l.refuse(s); s.setMark(asked) {
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
	ended, err := l.claimFor(l.ctx, why, []*Session{s})
	return len(ended) > 0, err
}

// finished takes note that the calls of a session have been made.
func (l *link) finished(key StoreKey) {
	l.acks.put(key)
}

// ack tells the Store of sessions whose calls have been made, until it has heard.
func (l *link) ack(keys []StoreKey) (again []StoreKey) {
	err := l.gate.call(l.ctx, func(ctx context.Context) error { return l.m.Store.Ack(ctx, keys) })
	if err != nil {
		return keys
	}
	l.claimed.forget(keys)
	return nil
}

// sweep keeps what has been claimed and takes over what nobody asks for, until
// the link is closed.
func (l *link) sweep() {
	for {
		wait := min(sweeping, l.lease/3)
		select {
		case <-time.After(wait/2 + rand.N(wait)):
		case <-l.ctx.Done():
			return
		}
		l.keepClaims()
		for {
			if n, err := l.takeOver(l.ctx); err != nil || n < batchSize {
				break
			}
		}
	}
}

// keepClaims has the leases begin anew of what takes long to finish.
func (l *link) keepClaims() {
	c := &l.claimed
	c.mu.Lock()
	var keys []StoreKey
	if time.Since(c.kept) >= l.lease/3 {
		c.kept = time.Now()
		keys = slices.Collect(maps.Keys(c.keys))
	}
	c.mu.Unlock()
	for part := range slices.Chunk(keys, batchSize) {
		_, _ = l.storeClaim(l.ctx, part, Terms{Why: Idle}) // who fails to has lost no more than that
	}
}

// takeOver claims sessions that have been due for the time of grace, ends them,
// and returns how many there were.
func (l *link) takeOver(ctx context.Context) (n int, err error) {
	l.taking.Lock()
	defer l.taking.Unlock()
	if l.m.closed.Load() || !l.settled() {
		return 0, nil
	}
	q := l.claimed.ask()
	defer l.claimed.answered(q)
	var claims []Claim
	err = l.gate.call(ctx, func(ctx context.Context) (err error) {
		claims, err = l.m.Store.Due(ctx, batchSize, grace, Terms{Owner: l.owner, Lease: l.lease, Why: Idle})
		return err
	})
	if err != nil {
		return 0, err
	}
	var all []*Session
	for _, c := range claims {
		if !l.claimed.add(q, c.Key) {
			continue // its calls are being made, or the acknowledgement is on its way
		}
		if s := l.stranger(c); s != nil {
			all = append(all, s)
		}
	}
	l.m.endings.begin(len(all))
	l.m.endings.later(all)
	return len(claims), nil
}

// stranger makes a session of a record whose process is gone, or has it no more,
// for its calls. Its uid is not known, nor is it needed.
func (l *link) stranger(c Claim) *Session {
	h, fields, err := unpack(c.Record)
	if err != nil {
		if errors.Is(l.setAside(l.ctx, c.Key, err), errors.ErrUnsupported) {
			l.finished(c.Key)
		} else {
			l.claimed.remove(c.Key) // if it has failed, the next owner tries again
		}
		return nil
	}
	why := c.Why
	if why == Alive || why >= reasons {
		why = Idle // of some other program's
	}
	if why == Idle && c.Record.Limit <= 0 {
		why = Lifetime
	}
	s := New("")
	l.attach(s, c.Key, c.Record, h, fields)
	s.stored().mine.Store(true)
	s.activity.word.Store(over | uint64(why))
	s.filed.Store(int64(later(l.m.clock.Now(), c.Record.Remaining)))
	l.m.ends[why].Add(1)
	return s
}
