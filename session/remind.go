package session

import "time"

// A reminder to tell of the use of a session is filed for a moment and comes up
// with that or a later one, or else comes with Never. The moment of the newest is
// in stored.reminder; those that are left over from before are known by it.
type reminder struct {
	id    id
	until time.Duration
}

// remind files one, unless there is one that comes up sooner.
func (l *link) remind(s *Session) {
	t := s.Timeout()
	soonest := later(l.m.clock.Now(), max(gathering(t), pause))
	at := int64(max(later(time.Duration(s.stored().told.Load()), mayLag(t)), soonest))
	for r := &s.stored().reminder; ; {
		old := r.Load()
		if old != 0 && old <= at {
			return
		}
		if r.CompareAndSwap(old, at) {
			l.telling.Add(s.id(), time.Duration(at))
			return
		}
	}
}

// remember is called by the wheel.
func (l *link) remember(until time.Duration, ids []id) {
	all := make([]reminder, len(ids))
	for i, v := range ids {
		all[i] = reminder{v, until}
	}
	l.tells.put(all...)
}

// isFor reports whether r is the reminder that counts; then there is none any more.
func (r reminder) isFor(s *Session) bool {
	newest := &s.stored().reminder
	for {
		old := newest.Load()
		if r.until < Never && (old == 0 || old > int64(r.until)) {
			return false
		}
		if newest.CompareAndSwap(old, 0) {
			return true
		}
	}
}
