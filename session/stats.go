package session

import "time"

// Stats counts what a Manager has done.
type Stats struct {
	Live  int64            // sessions alive
	Made  int64            // sessions ever made
	Ended map[Reason]int64 // sessions ended, by how
	// WorstLate is the longest that a session which the wheel ended has waited
	// for its calls, from the moment it was due.
	WorstLate time.Duration
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
