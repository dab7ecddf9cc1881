package session

import (
	"time"
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
	if a := s.activity.Load(); a >= over && !isAsking(a) {
		return
	}
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
