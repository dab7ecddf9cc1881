package session

import (
	"context"
	"fmt"
)

// Drain has no new sessions made from now on; those that are alive go on. It is
// the first step of a shutdown, Close the last.
func (m *Manager) Drain() {
	m.init()
	m.closing.Store(true)
}

// Close ends all sessions, for Shutdown, waits until all calls have been made,
// and stops the clock if it is the Manager's own. If ctx ends before, the error
// says how many sessions still have calls to make, or are still being made.
// Close must not be called from such a call.
//
// With a Store the sessions go on in other processes: they are saved, and what
// they own here is closed. The error then also says how many could not be.
func (m *Manager) Close(ctx context.Context) error {
	m.Drain()
	m.closed.Store(true)
	if m.link != nil {
		err := m.link.close(ctx)
		m.stopClock()
		return err
	}
	// Whoever makes or renews a session looks at these afterwards, and counts
	// as open until then.
	var over []*Session
	for s := range m.All() {
		if m.end(s, Shutdown) {
			over = append(over, s)
		}
	}
	m.endings.later(over)
	left := m.endings.wait(ctx)
	m.stopClock()
	if left > 0 {
		return fmt.Errorf("session: close: the calls of %d sessions have not finished: %w", left, context.Cause(ctx))
	}
	return nil
}

// stopClock has no session come up any more.
func (m *Manager) stopClock() {
	m.keys.Close()
	if m.stop != nil {
		m.stop()
	}
}
