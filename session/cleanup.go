package session

import (
	"context"
	"fmt"
	"time"
)

// Cleanup ends all sessions that are due now, and returns how many. The wheel
// does so by itself; this is for a Clock that stands still, or for who cannot
// wait as long as that may be late. The calls are made as for those that the
// wheel ends, on other goroutines, and Cleanup does not wait for them.
//
// With a Store it asks for the ends of those that are due here, and takes over
// those whose process is gone; it counts both, though one that was used elsewhere
// may yet go on.
//
// The error is that of ctx, if it ends before all sessions have been looked at, or
// ErrStore.
func (m *Manager) Cleanup(ctx context.Context) (int, error) {
	m.init()
	now := m.clock.Now()
	due, ended := make([]*Session, 0, perBatch), 0
	for s := range m.All() {
		if end, _ := s.due(s.activity.Load(), now); end > now {
			continue
		}
		if due = append(due, s); len(due) < perBatch {
			continue
		}
		ended += m.endThose(due, now, 0)
		due = due[:0]
		if err := ctx.Err(); err != nil {
			return ended, fmt.Errorf("session: clean-up: %w", context.Cause(ctx))
		}
	}
	ended += m.endThose(due, now, 0)
	if m.link == nil {
		return ended, nil
	}
	for {
		n, err := m.link.takeOver(ctx)
		if ended += n; err != nil {
			return ended, fmt.Errorf("session: clean-up: %w", err)
		}
		if n == 0 {
			return ended, nil
		}
	}
}

// endThose ends those of the sessions that are due at now, and returns how many.
// None was known to be due before since, which is what they can be late from.
func (m *Manager) endThose(list []*Session, now, since time.Duration) int {
	if len(list) == 0 {
		return 0
	}
	m.endings.begin(len(list))
	var over []*Session
	asked := 0
	for _, s := range list {
		if m.link != nil {
			if m.link.isDue(s, now) {
				asked++
			}
			continue
		}
		if m.isOver(s, now) {
			s.filed.Store(max(s.filed.Load(), int64(since)))
			over = append(over, s)
		}
	}
	m.endings.done(len(list) - len(over))
	n := len(over) + asked
	m.endings.later(over)
	return n
}
