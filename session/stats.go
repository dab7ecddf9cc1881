package session

import (
	"sync/atomic"
	"time"
)

// Stats counts what a Manager has done.
type Stats struct {
	Live  int64            // sessions alive
	Made  int64            // sessions ever made
	Ended map[Reason]int64 // sessions ended, by how
	// WorstLate is the longest that a session which the wheel ended has waited
	// for its calls, from the moment it was due.
	WorstLate time.Duration
	Store     StoreStats
}

// StoreStats counts what a Manager with a Store has done.
type StoreStats struct {
	Down     bool  // it fails, and only sessions that are here are served
	Failures int64 // calls that failed
	Loaded   int64 // sessions read
	Saves    int64 // calls to write what has changed in one
	Touches  int64 // calls to tell of the use of many
	Unsaved  int64 // sessions with changes that are not written now
	Ending   int64 // sessions that are over, but not acknowledged to be now
	SetAside int64 // records that could not be read
}

type storeCounts struct{ loaded, saves, tells, unsaved, setAside atomic.Int64 }

func (l *link) stats() StoreStats {
	return StoreStats{
		Down:     l.gate.shut.Load(),
		Failures: l.gate.failed.Load(),
		Loaded:   l.counts.loaded.Load(),
		Saves:    l.counts.saves.Load(),
		Touches:  l.counts.tells.Load(),
		Unsaved:  l.counts.unsaved.Load(),
		Ending:   int64(l.claims.len() + l.claimed.len()),
		SetAside: l.counts.setAside.Load(),
	}
}

// Stats returns the counts so far. They are each right, but not all of one
// moment while sessions come and go.
func (m *Manager) Stats() Stats {
	st := Stats{
		Live:      m.live.Load(),
		Made:      m.made.Load(),
		Ended:     make(map[Reason]int64),
		WorstLate: time.Duration(m.latest.Load()),
	}
	for why := range m.ends {
		if n := m.ends[why].Load(); n > 0 {
			st.Ended[Reason(why)] = n
		}
	}
	if m.link != nil {
		st.Store = m.link.stats()
	}
	return st
}

// late keeps the worst lateness.
func (m *Manager) late(d time.Duration) {
	for {
		worst := m.latest.Load()
		if int64(d) <= worst || m.latest.CompareAndSwap(worst, int64(d)) {
			return
		}
	}
}
