package session

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// AdjustTime moves the ends of all sessions by delta, those of their lifetimes
// too, and ends those that are then over, as the wheel would. What is to last
// for Never still does. It is for who knows better than the clock how much time
// has passed, as in Aquarium: after an outage of an hour, an hour gives everyone
// the time back in which nobody could come.
//
// It concerns the sessions that there are at one moment near its beginning,
// whichever of them are renewed meanwhile, each once; those made later are as
// they would be without it. A session counts as last used delta later than it
// was, half a millisecond at most beyond that, and its timeout is the same. So
// who touches a session after it has been moved has the whole timeout from then
// on, and after a delta above 0 at least the end that it has been given:
// Remaining may exceed Timeout until use has come up to that. A touch that comes
// before is moved with the session. While a request or a Hold has it, it is not
// idle, so that only its lifetime changes. Evict goes by the same moments of last
// use.
//
// With a Store all its sessions are moved; see sqlstore for how long that takes,
// which StoreTimeout does not limit. The error is then also that of the Store, or
// errors.ErrUnsupported.
//
// Of several at the same time one waits for the other. The error is that of ctx,
// and nothing has been done, if it has ended before it begins; what it has begun
// it finishes.
func (m *Manager) AdjustTime(ctx context.Context, delta time.Duration) error {
	m.init()
	m.adjusting.Lock()
	defer m.adjusting.Unlock()
	if ctx.Err() != nil {
		return fmt.Errorf("session: adjusting the time: %w", context.Cause(ctx))
	}
	if m.link != nil {
		if err := m.link.adjustTime(ctx, delta); err != nil {
			return fmt.Errorf("session: adjusting the time: %w", err)
		}
	}
	for part := range slices.Chunk(m.table.snapshot(), perBatch) {
		for _, s := range part {
			s.shiftLifetime(delta)
			s.activity.shift(delta)
			if m.link != nil {
				s.stored().told.Add(int64(delta))
			}
		}
		if delta < 0 {
			now := m.clock.Now()
			m.endThose(part, now, now)
			for _, s := range part {
				s.refile()
				if m.link != nil && held(s.activity.Load()) {
					m.link.remindNow(s.id()) // it lives on, which the Store does not know
				}
			}
		}
	}
	m.idlest.forget()
	return nil
}

// shiftLifetime moves the moment of the absolute end, if s has one.
func (s *Session) shiftLifetime(d time.Duration) {
	if s.marks.Load()&limited == 0 {
		return
	}
	end := &s.more.Load().lifetime
	for {
		old := end.Load()
		if old == int64(Never) || end.CompareAndSwap(old, int64(later(time.Duration(old), d))) {
			return
		}
	}
}
