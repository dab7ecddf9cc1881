package session

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// The Store has to know of the use of a session, or it would end it while it is
// in use; it need not know of each. So the first use after it was last told puts
// a reminder on the wheel, for a 15th of the timeout after that, and when that
// comes up the Store is told, together with others. A mark of the session says
// that there is one, so that all other uses have nothing to do.

// mayLag is how far the Store may be behind.
func mayLag(timeout time.Duration) time.Duration {
	if timeout == Never {
		return Never
	}
	return max(timeout, 0) / 15
}

// mostTold is how many sessions are told of in one call, where that is quick.
const mostTold = 8 * batchSize

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
// ask for its end. Where the Store does not keep up, so does everybody whose use it
// should know of by now; so there are no more than it can be told of.
func (l *link) used(s *Session) {
	if s.ended() {
		return
	}
	first := s.setMark(telling)
	t := s.Timeout() // after the mark, which nothingNew sets after it has seen another
	told, ahead := time.Duration(s.stored().told.Load()), t-max(mayLag(t), min(t/2, hurry))
	if l.behind.Load() {
		ahead = mayLag(t)
	}
	switch {
	case t == Never: // there is nothing to tell, and the mark saves us from asking
	case later(told, ahead) > l.m.clock.Now():
		if first {
			l.remind(s)
		}
	case !l.gate.shut.Load():
		l.tellNow(s)
	case first:
		l.remindNow(s.id())
	}
}

// tellNow returns when the Store has been told of the use of s, or that has failed
// and will be tried again.
func (l *link) tellNow(s *Session) {
	v := s.id()
	select {
	case <-l.waiting.join(v, func() { l.remindNow(v) }):
	case <-l.ctx.Done():
	}
}

// waiting has those who wait until the Store has been told, by the session that
// they have used. There may be many for one.
type waiting struct {
	mu  sync.Mutex
	all map[id]chan struct{}
}

// join returns what is closed then. The first for a session calls first.
func (w *waiting) join(v id, first func()) chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.all[v]
	if c == nil {
		c = make(chan struct{})
		w.all[v] = c
		first()
	}
	return c
}

// take takes out those who wait for some sessions, for the caller to close: who
// comes later has used it later.
func (w *waiting) take(batch []reminder) (all []chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range batch {
		if c := w.all[r.id]; c != nil {
			all = append(all, c)
			delete(w.all, r.id)
		}
	}
	return all
}

// tell is called with reminders that have come up.
func (l *link) tell(batch []reminder) (again []reminder) {
	for _, c := range l.waiting.take(batch) {
		defer close(c)
	}
	if l.gate.shut.Load() {
		return batch
	}
	var all []*Session
	var of []reminder
	for _, r := range batch {
		s := l.m.table.find(r.id)
		switch {
		case s == nil || !r.redeem(s):
		case later(time.Duration(s.stored().told.Load()), mayLag(s.Timeout())) > l.m.clock.Now():
			l.remind(s) // it has been told meanwhile
		default:
			all, of = append(all, s), append(of, r)
		}
	}
	rows, took, err := l.touch(l.ctx, all)
	l.pace(rows, took, err)
	for i, s := range all {
		if err != nil {
			again = append(again, of[i].again(s, err))
		} else if !s.ended() {
			l.nothingNew(s)
		}
	}
	l.untold.told(batch, again)
	return again
}

// pace takes note of whether the Store keeps up, and how many sessions it should
// be told of at once: the more the better, if twice as many would be done in time.
func (l *link) pace(rows int, took time.Duration, err error) {
	most := &l.tells.most
	switch patience := l.gate.patience; {
	case err != nil || took > patience/4*3:
		*most = max(*most/2, batchSize)
	case rows > 0 && took.Seconds()*float64(2**most)/float64(rows) < patience.Seconds():
		*most = min(2**most, mostTold)
	}
	if err != nil {
		l.behind.Store(false) // who waits for a store that fails helps nobody
	} else if rows > 0 {
		l.behind.Store(took > hiccup || l.tells.len() > 4**most)
	}
}

// touch tells the Store of the last uses of sessions, of which rows are news, in one
// call. Those that it does not have end here, if they can.
func (l *link) touch(ctx context.Context, all []*Session) (rows int, took time.Duration, err error) {
	var told []*Session
	var uses []time.Duration
	var touches []Touch
	for _, s := range all {
		now := l.m.clock.Now()
		if use, news := s.news(now); news {
			told = append(told, s)
			uses = append(uses, use)
			touches = append(touches, Touch{s.storeKey(), s.extension(use, now)})
		}
	}
	if len(told) == 0 {
		return 0, 0, nil
	}
	l.counts.tells.Add(1)
	var versions []uint64
	err = l.gate.call(ctx, func(ctx context.Context) (err error) {
		began := time.Now()
		versions, err = l.m.Store.Touch(ctx, touches)
		took = time.Since(began)
		if err == nil && len(versions) != len(touches) {
			err = fmt.Errorf("%d versions for %d touches", len(versions), len(touches))
		}
		return err
	})
	if err != nil {
		return len(told), took, err
	}
	for i, s := range told {
		if versions[i] == 0 {
			l.missing(s, touches[i].Key)
			continue
		}
		if versions[i] != s.stored().version.Load() {
			s.setMark(doubtful)
		}
		s.stored().tell(uses[i])
	}
	return len(told), took, nil
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
		l.remind(s)
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
