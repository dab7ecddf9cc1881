package session

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/valyala/fasthttp"
)

// Create makes a new session. With a ctx the session counts as touched at the
// time of that request and is found by requests over TLS only if that one
// came so, and by those without only if not; with nil it is found by all.
// The errors are ErrFull, ErrClosed, ErrFactory, ErrIDs and that of Entropy.
func (m *Manager) Create(ctx *fasthttp.RequestCtx) (*Session, error) {
	return m.createFor(ctx, (*activity).touch)
}

// CreateHeld is Create with a Hold that is there before time can pass, for what has
// still to be done before anyone gets to know the session. It needs its Release.
func (m *Manager) CreateHeld(ctx *fasthttp.RequestCtx) (*Session, error) {
	return m.createFor(ctx, (*activity).touchAndHold)
}

func (m *Manager) createFor(ctx *fasthttp.RequestCtx, use func(*activity, time.Duration) bool) (*Session, error) {
	m.init()
	if ctx == nil {
		return m.create(m.clock.Now(), 0, use)
	}
	return m.create(m.clock.At(ctx.Time()), originOf(ctx), use)
}

// create makes a session and uses it before anyone else can.
func (m *Manager) create(now time.Duration, origin uint32, use func(*activity, time.Duration) bool) (*Session, error) {
	m.endings.begin(1) // it may yet end when Close has gone through the table
	defer m.endings.done(1)
	if err := m.refuses(); err != nil {
		return nil, err
	}
	var s *Session
	for n := 0; s == nil; n++ {
		v, tail, err := m.try(n)
		if err != nil {
			return nil, err
		}
		if s, err = m.make(v, tail, now, origin, use); err != nil && err != ErrIDs {
			return nil, err
		}
	}
	if m.closing.Load() {
		// Close may have gone through the table before s was in it.
		if m.link != nil {
			m.link.expire(s, Shutdown)
		} else if m.end(s, Shutdown) {
			m.endings.here(s)
		}
		return nil, ErrClosed
	}
	m.tidy()
	return s, nil
}

// make makes a session with that id, and enters it into the table, unless there
// is one.
func (m *Manager) make(v id, tail string, now time.Duration, origin uint32, use func(*activity, time.Duration) bool) (*Session, error) {
	if m.table.find(v) != nil {
		return nil, ErrIDs
	}
	s, err := m.manufacture(v, tail)
	if err != nil {
		return nil, err
	}
	if !m.admit() {
		s.Expire() // releases what the factory may have made it own
		return nil, ErrFull
	}
	s.m = m
	s.mark(func(bits uint32) uint32 { return bits | origin })
	use(&s.activity, now)
	if x := s.more.Load(); s.marks.Load()&limited != 0 {
		x.lifetime.Store(int64(later(now, time.Duration(x.lifetime.Load()))))
	}
	if m.link != nil {
		err = m.link.create(s)
	}
	if err == nil {
		err = m.enter(s, now)
	}
	if err != nil {
		m.live.Add(-1)
		s.discard()
		return nil, err
	}
	m.made.Add(1)
	return s, nil
}

// enter has s found from now on, and its end come. The error is ErrIDs if another
// has just taken the id.
func (m *Manager) enter(s *Session, now time.Duration) error {
	// Whoever finds s in the table may set a timeout, and files it anew if that
	// ends before filed; the wheel must find it there.
	at := s.filing(now)
	s.filed.Store(int64(at))
	v := s.id()
	if !m.table.add(s) {
		return ErrIDs
	}
	m.keys.Add(v, at)
	if m.link != nil {
		s.stored().reminder.Store(0) // one of OnLoad's may have come up before s could be found
		m.link.nothingNew(s)         // but perhaps what OnLoad has done, or a request that may be long
	}
	return nil
}

// manufacture has the Factory make a session.
func (m *Manager) manufacture(v id, tail string) (s *Session, err error) {
	defer func() {
		if p := recover(); p != nil {
			s, err = nil, fmt.Errorf("%w: panic: %s", ErrFactory, describe(p))
			report(m.Log, "session: the factory panicked", "panic", describe(p), "stack", string(debug.Stack()))
		} else if err != nil {
			report(m.Log, "session: the factory failed", "error", err)
		}
	}()
	f := *m.factory.Load()
	if f == nil {
		f = New
	}
	if s = f(text(v, tail)); s == nil {
		return nil, fmt.Errorf("%w: it returned nil", ErrFactory)
	}
	if s.m != nil || s.ended() {
		return nil, fmt.Errorf("%w: it returned a session that was in use before", ErrFactory)
	}
	if is, rest := s.whole(); s.marks.Load()&named != 0 || is != v || rest != tail {
		return nil, fmt.Errorf("%w: it returned a session with another uid", ErrFactory)
	}
	return s, nil
}

// tidy has the wheel forget ids of sessions long gone where they are the most.
func (m *Manager) tidy() {
	if m.keys.Len() > 2*int(m.live.Load())+4096 {
		m.keys.Sweep()
	}
}

// describe puts a panic's value into words, whatever its own methods do.
func describe(p any) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("%T", p)
		}
	}()
	return fmt.Sprint(p)
}
