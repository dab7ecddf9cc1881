package session

import (
	"errors"
	"sync"
	"time"
)

// A reminder to tell of the use of a session is filed for a moment and comes up
// with that or a later one, or else comes with Never. The moment of the newest is
// in stored.reminder; those that are left over from before are known by it.
type reminder struct {
	id     id
	until  time.Duration
	outage int // how many had ended when it came up, or uncounted
	tries  int // how often the call has failed
}

// mostTells is how often the Store may fail to be told, while it answers otherwise,
// before nothing waits for that any more: there is something about the session that
// it does not take.
const (
	mostTells = 5
	uncounted = -1
)

// remind files one, unless there is one that comes up sooner.
func (l *link) remind(s *Session) {
	t := s.Timeout()
	if t == Never {
		return
	}
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
		all[i] = reminder{id: v, until: until}
	}
	l.comeUp(all...)
}

// remindNow has the Store told of a use as soon as can be.
func (l *link) remindNow(v id) { l.comeUp(reminder{id: v, until: Never}) }

func (l *link) comeUp(all ...reminder) {
	l.untold.put(all)
	l.tells.put(all...)
}

// again returns r for another try, after that error.
func (r reminder) again(s *Session, err error) reminder {
	r.id, r.until = s.id(), Never
	if !errors.Is(err, errShut) {
		r.tries++
	}
	if r.tries >= mostTells {
		r.outage = uncounted
	}
	return r
}

// untold counts the reminders that have come up and of which the Store has not been
// told yet: those from before the end of the last outage, which claims have to wait
// for, and the others.
type untold struct {
	mu            sync.Mutex
	outage        int
	before, since int
}

func (u *untold) put(all []reminder) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.since += len(all)
	for i := range all {
		all[i].outage = u.outage
	}
}

// told takes note of the Store having been told of all but those that are left.
func (u *untold) told(all, left []reminder) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.count(all, -1)
	u.count(left, 1)
}

// count is for whoever has the lock.
func (u *untold) count(all []reminder, by int) {
	for _, r := range all {
		switch r.outage {
		case uncounted:
		case u.outage:
			u.since += by
		default:
			u.before += by
		}
	}
}

// endOutage is called at the end of one. It counts only if the one before is done
// with, lest a store that fails again and again keep everybody from claiming.
func (u *untold) endOutage() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.before == 0 {
		u.outage++
		u.before, u.since = u.since, 0
	}
}

// settled reports whether nothing is left from before.
func (u *untold) settled() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.before == 0
}

// redeem reports whether r is the reminder that counts; then there is none any more.
func (r reminder) redeem(s *Session) bool {
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
