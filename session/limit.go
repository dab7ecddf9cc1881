package session

import (
	"cmp"
	"slices"
	"sync"
)

// refuses reports whether a new session would surely find no place, before
// anything has been done for it.
func (m *Manager) refuses() error {
	switch {
	case m.closing.Load():
		return ErrClosed
	case m.Limit > 0 && !m.Evict && m.live.Load() >= int64(m.Limit):
		return ErrFull
	case m.link != nil && m.link.gate.shut.Load():
		return ErrStore // and nothing is to make room for it
	}
	return nil
}

// admit counts a new session and makes room for it.
func (m *Manager) admit() bool {
	if n := m.live.Add(1); m.Limit <= 0 || n <= int64(m.Limit) || m.Evict && m.evict() {
		return true
	}
	if m.live.Load() <= int64(m.Limit) {
		return true // others have ended meanwhile
	}
	m.live.Add(-1)
	return false
}

// idlest is a list of the sessions that have been idle for longest, found by
// looking at all of them once for a good number of evictions. It stays right as
// it grows old: whoever is touched can only move away from it, so the first on
// it that has not been touched is the first of all.
type idlest struct {
	mu   sync.Mutex
	list []candidate // the longest idle last
}

// candidate is a session that no one had when its activity was this.
type candidate struct {
	s *Session
	a uint64
}

// forget has the list made anew: moments of use have been changed.
func (l *idlest) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = nil
}

// evict ends the session that has been idle for longest. It reports false when
// none is idle.
func (m *Manager) evict() bool {
	if m.link != nil && m.link.claims.len() > batchSize {
		return false // enough of those that have been evicted are still there
	}
	m.endings.begin(1)
	l := &m.idlest
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		for len(l.list) > 0 {
			last := len(l.list) - 1
			c := l.list[last]
			l.list[last] = candidate{}
			l.list = l.list[:last]
			if m.link != nil {
				if m.link.ask(c.s, c.a, Evicted) {
					m.endings.done(1)
					return true
				}
				continue
			}
			if m.won(c.s, c.a, Evicted) {
				m.endings.later([]*Session{c.s})
				return true
			}
		}
		if l.list = m.findIdlest(); len(l.list) == 0 {
			m.endings.done(1)
			return false
		}
	}
}

// findIdlest returns a 64th of the sessions, those that have been idle for
// longest, but not so few that looking at all would be for one eviction alone.
func (m *Manager) findIdlest() []candidate {
	keep := min(max(m.Limit/64, 64), 1<<14)
	list := make([]candidate, 0, 2*keep)
	first := uint64(one) // nothing that is idle is above
	cut := func() {
		slices.SortFunc(list, func(x, y candidate) int { return cmp.Compare(x.a, y.a) })
		if len(list) > keep {
			clear(list[keep:])
			list = list[:keep]
			first = list[keep-1].a
		}
	}
	m.table.all(func(s *Session) bool {
		if a := s.activity.Load(); a < first {
			if list = append(list, candidate{s, a}); len(list) == 2*keep {
				cut()
			}
		}
		return true
	})
	cut()
	slices.Reverse(list)
	return list
}
