package session

import (
	"time"

	"github.com/valyala/fasthttp"
)

// Find returns the live session that the request brought the uid of, or nil,
// and touches it. Of several uids the first that leads to a live session
// counts. What the client made up, what has ended and what another Manager
// made leads to none.
func (m *Manager) Find(ctx *fasthttp.RequestCtx) *Session {
	m.init()
	now := m.clock.At(ctx.Time())
	if s := m.look(ctx, now); s != nil && s.activity.touch(now) {
		return s
	}
	return nil
}

// Peek is Find without touching: looking does not keep the session alive.
func (m *Manager) Peek(ctx *fasthttp.RequestCtx) *Session {
	m.init()
	return m.look(ctx, m.clock.At(ctx.Time()))
}

// Open is Find, and Create where that finds none. The uid of a new session is
// in the response when it returns; it must be sent again if the response is
// reset afterwards, as fasthttp's Error does.
func (m *Manager) Open(ctx *fasthttp.RequestCtx) (*Session, error) {
	if s := m.Find(ctx); s != nil {
		return s, nil
	}
	s, err := m.Create(ctx)
	if err == nil {
		m.Send(ctx, s)
	}
	return s, err
}

// Acquire is how a request has its session for as long as it takes: what Find
// finds, or else a new one, held so that it is not idle until Release. The uid
// of a new one is left for the caller to Send when the response is complete.
// The errors are those of Create.
func (m *Manager) Acquire(ctx *fasthttp.RequestCtx) (s *Session, isNew bool, err error) {
	m.init()
	now := m.clock.At(ctx.Time())
	if s := m.look(ctx, now); s != nil && s.activity.touchAndHold(now) {
		return s, false, nil
	}
	s, err = m.create(now, originOf(ctx), (*activity).touchAndHold)
	return s, err == nil, err
}

// Get returns the live session with the uid, or nil. It does not touch it.
func (m *Manager) Get(uid string) *Session {
	m.init()
	v, ok := parseID([]byte(uid))
	if !ok {
		return nil
	}
	return m.lookup(v, m.clock.Now())
}

// look finds the first live session among the uids of a request.
func (m *Manager) look(ctx *fasthttp.RequestCtx, now time.Duration) *Session {
	for n := 0; ; n++ {
		uid := m.carrier.UID(ctx, n)
		if uid == nil {
			return nil
		}
		v, ok := parseID(uid)
		if !ok {
			continue
		}
		s := m.lookup(v, now)
		if s == nil {
			continue
		}
		if from := s.marks.Load() & origin; from == 0 || from == originOf(ctx) {
			return s
		}
	}
}

// lookup returns the session with id v if it is alive at now. One that is due
// by then is over even if the wheel has not come to it yet.
func (m *Manager) lookup(v id, now time.Duration) *Session {
	s := m.table.find(v)
	if s == nil || m.overdue(s, now) {
		return nil
	}
	return s
}

func (m *Manager) touch(s *Session, now time.Duration) bool {
	return !m.overdue(s, now) && s.activity.touch(now)
}

// originOf tells over what a request came; TLS or not are two worlds.
func originOf(ctx *fasthttp.RequestCtx) uint32 {
	if ctx.IsTLS() {
		return secure
	}
	return plain
}
