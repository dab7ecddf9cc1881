package session

import (
	"math/bits"
	"slices"
	"time"
)

// maxSlack is the most by which a session is filed late: half a second.
const maxSlack = 1 << 29

// slack rounds the moment of a session's end up to a multiple of a power of two
// that is at most a 1024th of its timeout. So nearly all sessions end together
// with others, and the wheel need not wake up for each.
func slack(end, timeout time.Duration) time.Duration {
	grain := uint64(1)
	if timeout >= 1024 {
		grain = 1 << (bits.Len64(uint64(timeout)/1024) - 1)
	}
	grain = min(grain, maxSlack)
	if up := (uint64(end) + grain - 1) &^ (grain - 1); up <= uint64(Never) {
		return time.Duration(up)
	}
	return end
}

// filing returns the moment to file s for, as things stand.
func (s *Session) filing(now time.Duration) time.Duration {
	a := s.activity.Load()
	end, why := s.due(a, now)
	if why == Idle && held(a) {
		end = min(max(end, later(now, heldFor)), s.lifetime())
	}
	span := s.Timeout()
	if why == Lifetime {
		span = min(span, end-now)
	}
	return slack(end, span)
}

// heldFor is the least for which a session that is held is filed, so that the
// wheel does not come back to one with a tiny timeout with every tick.
const heldFor = 1 << 27

// The wheel knows ids alone. It hands one back when its slot comes up, and the
// session's own word tells what is due; so a touch has nothing to tell the
// wheel. Only an end that comes sooner than the session is filed for needs
// another entry. The moment of the newest is in s.filed, and an entry from
// before is known by coming up before that.
//
// Whoever changes filed of a session that others know, by compare-and-swap, adds
// the entry for it. Who moves it to later looks at the session once more
// afterwards, and who makes the end sooner changes that first and looks at filed
// then; so one sees the other.

// refile adds an entry if s ends sooner than it is filed for.
func (s *Session) refile() {
	m := s.m
	if m == nil {
		return
	}
	for {
		filed := s.filed.Load()
		at := s.filing(m.clock.Now())
		if int64(at) >= filed || s.ended() {
			return
		}
		if s.filed.CompareAndSwap(filed, int64(at)) {
			m.keys.Add(s.id(), at)
			return
		}
	}
}

// fileAgain adds an entry in any case: s has a new id.
func (m *Manager) fileAgain(s *Session) {
	for {
		filed := s.filed.Load()
		at := s.filing(m.clock.Now())
		if s.ended() {
			return
		}
		if s.filed.CompareAndSwap(filed, int64(at)) {
			m.keys.Add(s.id(), at)
			s.refile()
			return
		}
	}
}

// cameUp is called by the wheel with ids that were filed for until or before.
// Who moves a wheel by hand, on which Run has not just been, finds the sessions
// ended afterwards.
func (m *Manager) cameUp(until time.Duration, ids []id) {
	if m.clock.Running() {
		m.endings.decide(until, slices.Clone(ids))
		return
	}
	m.endings.begin(len(ids))
	over := m.overOf(until, ids)
	m.endings.done(len(ids) - len(over))
	m.endings.later(over)
}

// overOf ends those of the sessions that have come up which are due, and files
// the others again. The caller has announced all to endings. It goes in rounds,
// each with no more than one cache miss for a session, so that the processor
// waits for many of them at once.
func (m *Manager) overOf(until time.Duration, ids []id) []*Session {
	now := m.clock.Now()
	found := make([]*Session, 0, len(ids))
	for _, v := range ids {
		if s := m.table.find(v); s != nil {
			found = append(found, s)
		}
	}
	current := found[:0]
	for _, s := range found {
		if time.Duration(s.filed.Load()) <= until { // else an entry from before
			current = append(current, s)
		}
	}
	over := current[:0]
	for _, s := range current {
		if m.link != nil && m.link.isDue(s, now) {
			continue
		}
		if m.isOver(s, now) {
			over = append(over, s)
			continue
		}
		filed := s.filed.Load()
		if s.ended() {
			continue // by another entry; filed is now when it was due
		}
		if at := s.filing(now); time.Duration(filed) <= until && s.filed.CompareAndSwap(filed, int64(at)) {
			m.keys.Add(s.id(), at)
			s.refile()
		}
	}
	clear(found[len(over):])
	return over
}

// overdue reports whether s is over at now, and ends it if it is due by then.
func (m *Manager) overdue(s *Session, now time.Duration) bool {
	a := s.activity.Load()
	if a >= over {
		return true
	}
	if end, _ := s.due(a, now); end > now {
		return false // nearly always
	}
	if m.link != nil {
		return m.link.isDue(s, now)
	}
	m.endings.begin(1)
	if !m.isOver(s, now) {
		m.endings.done(1)
		return s.ended()
	}
	m.endings.later([]*Session{s})
	return true
}

// isOver ends s if it is due at now. The caller has announced that to endings,
// and hands s over to them.
func (m *Manager) isOver(s *Session, now time.Duration) bool {
	for {
		a := s.activity.Load()
		end, why := s.due(a, now)
		if a >= over || end > now {
			return false
		}
		if m.won(s, a, why) {
			s.filed.Store(int64(end))
			return true
		}
	}
}

// end ends s whatever its state, and reports whether it was the one to do so; s
// is announced to endings then, and the caller's to hand over.
func (m *Manager) end(s *Session, why Reason) bool {
	m.endings.begin(1)
	for {
		a := s.activity.Load()
		if a >= over {
			m.endings.done(1)
			return false
		}
		if m.won(s, a, why) {
			return true
		}
	}
}

// won ends s if a is still its activity, and takes it out of the table.
func (m *Manager) won(s *Session, a uint64, why Reason) bool {
	if !s.activity.end(a, why) {
		return false
	}
	m.gone(s, why)
	return true
}

// gone takes s, which is over, out of the table.
func (m *Manager) gone(s *Session, why Reason) {
	m.table.remove(s)
	m.live.Add(-1)
	m.ends[why].Add(1)
}

// finish makes the calls of a session that has ended.
func (m *Manager) finish(s *Session) {
	if why := s.Reason(); why == Idle || why == Lifetime {
		m.late(m.clock.Now() - time.Duration(s.filed.Load()))
	}
	if m.link != nil && s.stored().mine.Load() {
		m.link.claimed.begin(s.storeKey())
		defer m.link.finished(s.storeKey()) // also when a call has ended its goroutine
	}
	s.finish(false)
}
