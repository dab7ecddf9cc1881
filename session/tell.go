package session

import (
	"context"
	"fmt"
	"time"
)

// The Store has to know of the use of a session, or it would end it while it is
// in use; it need not know of each. So the first use after it was last told puts
// an entry on the wheel, for a 15th of the timeout after that, and when that
// comes up the Store is told, together with others. A mark of the session says
// that there is an entry, so that all other uses have nothing to do.

// mayLag is how far the Store may be behind.
func mayLag(timeout time.Duration) time.Duration {
	if timeout == Never {
		return Never
	}
	return max(timeout, 0) / 15
}

// gathering is for how long uses are collected that the Store should know of by
// now.
func gathering(timeout time.Duration) time.Duration {
	return min(250*time.Millisecond, mayLag(timeout)/4)
}

// hurry is more than a store takes for a call that it does not fail.
const hurry = 5 * time.Second

// used has the Store told that s has been used. What passes here with each
// request is in Session.notice.
//
// A use so late that the Store might end the session soon is told of at once, and
// whoever uses it waits for that: a process that has it too, idle, may be about to
// ask for its end. Where the Store does not keep up, all wait that it should know of
// by now: so there are not more than it can be told of in time.
func (l *link) used(s *Session) {
	t, first := s.Timeout(), s.setMark(telling)
	told, ahead := time.Duration(s.stored().told.Load()), t-max(mayLag(t), min(t/2, hurry))
	if l.behind.Load() {
		ahead = mayLag(t)
	}
	switch {
	case t == Never: // there is nothing to tell, and the mark saves us from asking
	case later(told, ahead) > l.m.clock.Now():
		if first {
			l.fileTell(s)
		}
	case l.tellNow(s):
		if first {
			l.nothingNew(s)
		}
	case first:
		l.tells.put(s.id())
	}
}

// tellNow has the Store told of the use of s, together with what others tell of
// now, and reports whether it has been.
func (l *link) tellNow(s *Session) bool {
	if l.gate.shut.Load() {
		return false
	}
	u := &urgent{s: s, done: make(chan struct{})}
	l.urgent.put(u)
	select {
	case <-u.done:
		return u.told
	case <-l.ctx.Done():
		return false
	}
}

// urgent is somebody who waits until the Store has been told of a use.
type urgent struct {
	s    *Session
	done chan struct{}
	told bool
}

func (l *link) tellUrgent(batch []*urgent) []*urgent {
	all := make([]*Session, len(batch))
	for i, u := range batch {
		all[i] = u.s
	}
	err := l.touch(l.ctx, all)
	for _, u := range batch {
		u.told = err == nil
		close(u.done)
	}
	return nil // who waits goes on, told or not
}

// fileTell files the entry for the mark.
func (l *link) fileTell(s *Session) {
	t := s.Timeout()
	soonest := later(l.m.clock.Now(), max(gathering(t), pause))
	l.telling.Add(s.id(), max(later(time.Duration(s.stored().told.Load()), mayLag(t)), soonest))
}

// tell is called with sessions whose entries have come up.
func (l *link) tell(ids []id) (again []id) {
	if l.gate.shut.Load() {
		return ids
	}
	var all []*Session
	for _, v := range ids {
		s := l.m.table.find(v)
		if s == nil {
			continue
		}
		now := l.m.clock.Now()
		_, news := s.news(now)
		switch told := time.Duration(s.stored().told.Load()); {
		case !news:
			l.nothingNew(s)
		case later(told, mayLag(s.Timeout())) > now:
			l.fileTell(s) // it has been told meanwhile
		default:
			all = append(all, s)
		}
	}
	err := l.touch(l.ctx, all)
	for _, s := range all {
		if err != nil {
			again = append(again, s.id())
		} else if !s.ended() {
			l.nothingNew(s)
		}
	}
	return again
}

// watch takes note of whether the Store keeps up with what it is told: a call takes
// no more than a moment, and no more than a few wait for it.
func (l *link) watch() (end func()) {
	many := func() bool { return l.tells.len()+l.urgent.len() > 4*batchSize }
	if many() {
		l.behind.Store(true)
	}
	slow := time.AfterFunc(hiccup, func() { l.behind.Store(true) })
	return func() {
		if slow.Stop() && !many() {
			l.behind.Store(false)
		}
	}
}

// touch tells the Store of the last uses of sessions, in one call. Those that it
// does not have end here, if they can.
func (l *link) touch(ctx context.Context, all []*Session) error {
	if len(all) == 0 {
		return nil
	}
	uses, touches := make([]time.Duration, len(all)), make([]Touch, len(all))
	for i, s := range all {
		now := l.m.clock.Now()
		uses[i], _ = s.news(now)
		touches[i] = Touch{s.storeKey(), s.extension(uses[i], now)}
	}
	defer l.watch()()
	l.counts.tells.Add(1)
	var versions []uint64
	err := l.gate.call(ctx, func(ctx context.Context) (err error) {
		versions, err = l.m.Store.Touch(ctx, touches)
		if err == nil && len(versions) != len(touches) {
			err = fmt.Errorf("%d versions for %d touches", len(versions), len(touches))
		}
		return err
	})
	if err != nil {
		return err
	}
	for i, s := range all {
		if versions[i] == 0 {
			l.missing(s, touches[i].Key)
			continue
		}
		if versions[i] != s.stored().version.Load() {
			s.setMark(doubtful)
		}
		s.stored().tell(uses[i])
	}
	return nil
}

// news returns the last use of s and whether the Store should be told of it. Of
// what is held there always is news.
func (s *Session) news(now time.Duration) (use time.Duration, news bool) {
	a := s.activity.Load()
	if a >= over {
		return 0, false
	}
	use = lastUse(a)
	if held(a) {
		return max(use, now), true
	}
	return use, use > time.Duration(s.stored().told.Load())
}

// extension returns for how long from now the Store should have a session live
// whose last use was at use. That is longer than it lives by what the Store may
// lag, since it does not know of the uses to come, and we may be gone before we
// tell; when we ask for the end in time, it counts that as early. And of the time
// since, which is of our clock, a tenth is given away, since the Store's may be
// the slower of the two.
func (s *Session) extension(use, now time.Duration) time.Duration {
	t := s.Timeout()
	if t == Never {
		return Never
	}
	t = later(max(t, 0), mayLag(t))
	if age := now - use; age > 0 {
		return max(t-age/10*9, 1)
	}
	return max(later(t, use-now), 1) // AdjustTime has moved it ahead
}

// nothingNew takes the mark back, unless there has been another use.
func (l *link) nothingNew(s *Session) {
	s.clearMark(telling)
	if _, news := s.news(l.m.clock.Now()); news && s.Timeout() != Never && s.setMark(telling) {
		l.fileTell(s)
	}
}

// missing is called for a session that Touch did not find under the key.
func (l *link) missing(s *Session, key StoreKey) {
	st := s.stored()
	if !st.io.TryLock() { // perhaps we come from where it is held
		s.setMark(doubtful)
		return
	}
	defer st.io.Unlock()
	if s.storeKey() == key { // else it has been renamed
		_ = l.gone(l.ctx, s) // what could not be asked is told again
	}
}
