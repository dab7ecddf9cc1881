package session

import "github.com/valyala/fasthttp"

// Renew gives the session a new uid, in the response when it returns; the old
// one is worthless at once. That belongs to every log-in (OWASP: session
// fixation). The session is otherwise the same. The error is ErrEnded.
func (m *Manager) Renew(ctx *fasthttp.RequestCtx, s *Session) error {
	m.init()
	if s.m != m || !m.rename(s) {
		return ErrEnded
	}
	m.Send(ctx, s)
	return nil
}

// rename moves s to a new id.
func (m *Manager) rename(s *Session) bool {
	m.endings.begin(1) // it may yet end when Close has gone through the table
	defer m.endings.done(1)
	if m.overdue(s, m.clock.Now()) {
		return false
	}
	if !m.table.rename(s, newID()) || s.ended() {
		return false
	}
	m.fileAgain(s)
	if m.closed.Load() && m.end(s, Shutdown) {
		// Close may have gone through the table while s was between its ids.
		m.endings.here(s)
		return false
	}
	m.tidy()
	return true
}
