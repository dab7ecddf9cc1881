package session

import (
	"context"
	"errors"
	"fmt"
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

// slow is what no call takes for long.
const slow = 20 * time.Millisecond

// settled reports whether it is time to claim: the Store has answered for long
// enough, and what it could not be told of before it has been told of.
func (l *link) settled() bool {
	return l.gate.settled() && l.untold.settled() && l.claimed.len() < mostClaimed
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
		if err := l.saveNow(l.ctx, s, false); err != nil {
			if errors.Is(err, ErrStore) {
				again = append(again, s)
			}
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
		s.setMark(asked)
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
