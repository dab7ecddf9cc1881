package session

import (
	"context"
	"time"

	"github.com/valyala/fasthttp"
)

// Find returns the live session that the request brought the uid of, or nil,
// and touches it. Of several uids the first that leads to a live session
// counts. What the client made up, what has ended and what another Manager
// made leads to none. An error means that it is not known whether there is one;
// without a Store it is always nil.
func (m *Manager) Find(ctx *fasthttp.RequestCtx) (*Session, error) {
	m.init()
	now := m.clock.At(ctx.Time())
	if m.link != nil {
		return m.use(ctx, now, (*activity).touch)
	}
	if s, _ := m.look(ctx, now); s != nil && s.activity.touch(now) {
		return s, nil
	}
	return nil, nil
}

// Peek is Find without touching: looking does not keep the session alive.
func (m *Manager) Peek(ctx *fasthttp.RequestCtx) (*Session, error) {
	m.init()
	return m.look(ctx, m.clock.At(ctx.Time()))
}

// Open is Find, and Create where that finds none. The uid of a new session is
// in the response when it returns; it must be sent again if the response is
// reset afterwards, as fasthttp's Error does.
func (m *Manager) Open(ctx *fasthttp.RequestCtx) (*Session, error) {
	s, err := m.Find(ctx)
	if s != nil || err != nil {
		return s, err
	}
	s, err = m.Create(ctx)
	if err == nil {
		m.Send(ctx, s)
	}
	return s, err
}

// Acquire is how a request has its session for as long as it takes: what Find
// finds, or else a new one, held so that it is not idle until Release. The uid
// of a new one is left for the caller to Send when the response is complete.
// The errors are those of Find and Create.
func (m *Manager) Acquire(ctx *fasthttp.RequestCtx) (s *Session, isNew bool, err error) {
	m.init()
	now := m.clock.At(ctx.Time())
	if m.link != nil {
		s, err = m.use(ctx, now, (*activity).touchAndHold)
	} else if s, _ = m.look(ctx, now); s != nil && !s.activity.touchAndHold(now) {
		s = nil
	}
	if s != nil || err != nil {
		return s, false, err
	}
	s, err = m.create(now, originOf(ctx), (*activity).touchAndHold)
	return s, err == nil, err
}

// use finds the session of a request and uses it, where there is a Store.
func (m *Manager) use(ctx *fasthttp.RequestCtx, now time.Duration, how func(*activity, time.Duration) bool) (*Session, error) {
	for {
		s, err := m.look(ctx, now)
		if s == nil || err != nil {
			return nil, err
		}
		if how(&s.activity, now) {
			if s.notice(); !s.ended() {
				return s, nil
			}
		}
		// It has just become due here, which is not yet its end; or that.
	}
}

// Get returns the live session with the uid, or nil. It does not touch it. The
// error is as with Find.
func (m *Manager) Get(_ context.Context, uid string) (*Session, error) {
	m.init()
	return m.known([]byte(uid), m.clock.Now())
}

// Exists reports whether there is a live session with the uid, without touching
// it: no more from the very moment at which it is due, be the wheel late. The
// error is as with Find.
func (m *Manager) Exists(ctx context.Context, uid string) (bool, error) {
	m.init()
	s, ok := m.resident([]byte(uid))
	switch {
	case !ok:
		return false, nil
	case s != nil && !m.overdue(s, m.clock.Now()) && (m.link == nil || m.link.trusts(s)):
		return true, nil
	case m.link == nil, s != nil && isOver(s.activity.Load()):
		return false, nil
	}
	return m.link.exists(ctx, uid)
}

// look finds the first live session among the uids of a request.
func (m *Manager) look(ctx *fasthttp.RequestCtx, now time.Duration) (*Session, error) {
	var failed error
	for n := 0; ; n++ {
		uid := m.carrier.UID(ctx, n)
		if uid == nil {
			return nil, failed
		}
		s, err := m.known(uid, now)
		if err != nil {
			failed = err
		}
		if s == nil {
			continue
		}
		if from := s.marks.Load() & origin; from == 0 || from == originOf(ctx) {
			return s, nil
		}
	}
}

// known returns the session with the uid if it is alive at now. One that is due
// by then is over even if the wheel has not come to it yet.
func (m *Manager) known(uid []byte, now time.Duration) (*Session, error) {
	s, ok := m.resident(uid)
	switch {
	case m.link != nil:
		if !ok || s != nil && !m.overdue(s, now) && m.link.trusts(s) {
			return s, nil
		}
		return m.link.find(string(uid), s)
	case s == nil || m.overdue(s, now):
		return nil, nil
	}
	return s, nil
}

// resident returns the session with the uid if it is in the table. It reports
// false for a uid that none can have.
func (m *Manager) resident(uid []byte) (*Session, bool) {
	v, ok := parseID(uid)
	if !ok {
		return m.residentLong(uid)
	}
	s := m.table.find(v)
	if s == nil || !s.isShort(v) && !s.hasTail(v, nil) {
		return nil, true
	}
	return s, true
}

// residentLong is resident for ids with a tail.
func (m *Manager) residentLong(uid []byte) (*Session, bool) {
	var b [longest]byte
	n := parseLong(uid, &b)
	if n == 0 {
		return nil, false
	}
	v, tail := split(b[:n])
	s := m.table.find(v)
	if s == nil || !s.hasTail(v, tail) {
		return nil, true
	}
	return s, true
}

func (m *Manager) touch(s *Session, now time.Duration) bool {
	if m.overdue(s, now) || !s.activity.touch(now) {
		return false
	}
	s.notice()
	return !s.ended()
}

// originOf tells over what a request came; TLS or not are two worlds.
func originOf(ctx *fasthttp.RequestCtx) uint32 {
	if ctx.IsTLS() {
		return secure
	}
	return plain
}
