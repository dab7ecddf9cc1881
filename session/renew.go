package session

import "github.com/valyala/fasthttp"

// Renew gives the session a new uid, in the response when it returns; the old
// one is worthless at once. That belongs to every log-in (OWASP: session
// fixation). The session is otherwise the same; with a Store it ends for other
// processes that have it, and goes on when they see the new uid. The errors are
// ErrEnded, ErrIDs, that of Entropy, and ErrStore; but for the first the session
// keeps the uid it has.
func (m *Manager) Renew(ctx *fasthttp.RequestCtx, s *Session) error {
	m.init()
	if s.m != m {
		return ErrEnded
	}
	if err := m.rename(s); err != nil {
		return err
	}
	m.Send(ctx, s)
	return nil
}

// rename moves s to a new id.
func (m *Manager) rename(s *Session) error {
	m.endings.begin(1) // it may yet end when Close has gone through the table
	defer m.endings.done(1)
	if m.overdue(s, m.clock.Now()) {
		return ErrEnded
	}
	for n := 0; ; n++ {
		v, tail, err := m.try(n)
		if err != nil {
			return err
		}
		if err = m.renameTo(s, v, tail); err == nil {
			break
		}
		if err != ErrIDs {
			return err
		}
	}
	if s.ended() {
		return ErrEnded
	}
	m.fileAgain(s)
	if m.link != nil {
		if m.closed.Load() {
			m.link.unload(s)
			return ErrEnded
		}
		return nil
	}
	if m.closed.Load() && m.end(s, Shutdown) {
		// Close may have gone through the table while s was between its ids.
		m.endings.here(s)
		return ErrEnded
	}
	m.tidy()
	return nil
}

func (m *Manager) renameTo(s *Session, v id, tail string) error {
	if tail != "" && s.extra() == finished {
		return ErrEnded
	}
	if m.link != nil {
		return m.link.rename(s, v, tail)
	}
	return m.table.rename(s, v, tail)
}
