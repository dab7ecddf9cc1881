package session

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/puzpuzpuz/xsync/v3"
	"github.com/spindleweb/spindle/timer"
	"github.com/valyala/fasthttp"
)

var (
	// ErrFull is returned where a new session was to be made and the Limit is
	// reached.
	ErrFull = errors.New("session: too many sessions")

	// ErrClosed is returned where a new session was to be made and the Manager
	// is closed or about to be.
	ErrClosed = errors.New("session: the manager is closed")

	// ErrFactory is wrapped by the error for a Factory that panicked, returned
	// nil, or a session that was not made by New with its uid; the log has the
	// same, with the stack of a panic.
	ErrFactory = errors.New("session: the factory failed")
)

// A Manager makes sessions, finds them again by what requests carry, and ends
// them. The zero value is ready to use; it must not be copied, and its fields
// not be changed, after its first use. One Manager's ids mean nothing to
// another.
type Manager struct {
	// Factory makes new sessions. Default New. See also SetFactory.
	Factory Factory

	// Carrier takes uids to the client and back. Default a zero Cookie.
	Carrier Carrier

	// Clock is the wheel that ends sessions. One that is given is its giver's
	// to move, by Run or Advance. Default one of the Manager's own, which runs
	// until Close.
	Clock *timer.Wheel

	// Log hears of panics in functions of the user's and of failures to close
	// what sessions own. Default slog.Default.
	Log *slog.Logger

	// Limit is how many sessions there may be at once. Beyond it new ones are
	// refused with ErrFull, or take the place of another; see Evict. Default 0:
	// as many as the memory holds.
	Limit int

	// Evict makes a new session beyond Limit end the one that has been idle
	// for longest. Default false. One that a request or Hold has is not idle.
	Evict bool

	// Notifiers bounds how many goroutines at once call what was registered
	// for ends that the wheel or Limit brings. There are half as many as
	// processors, and more only while calls block. Default 256.
	Notifiers int

	// OnExpire is called at the end of every session, after the functions that
	// were registered with it, on the same goroutine.
	OnExpire func(*Session)

	setup   sync.Once
	factory atomic.Pointer[Factory]
	carrier Carrier
	clock   *timer.Wheel
	stop    func() // ends a clock of our own

	table   *xsync.MapOf[id, *Session]
	keys    *timer.Keys[id]
	endings endings
	idlest  idlest

	closing atomic.Bool // no new sessions
	closed  atomic.Bool // and the old ones end
	live    atomic.Int64
	made    atomic.Int64
	ends    [reasons]atomic.Int64
	latest  atomic.Int64 // worst lateness in nanoseconds
}

func (m *Manager) init() {
	m.setup.Do(func() {
		m.factory.CompareAndSwap(nil, &m.Factory)
		if m.carrier = m.Carrier; m.carrier == nil {
			m.carrier = new(Cookie)
		}
		if m.clock = m.Clock; m.clock == nil {
			m.clock = &timer.Wheel{Log: m.Log}
			m.runClock()
		}
		m.table = xsync.NewMapOfWithHasher[id, *Session](id.hash)
		m.keys = timer.NewKeys(m.clock, m.cameUp)
		m.endings.init(m)
	})
}

// runClock starts a goroutine, which Close stops.
func (m *Manager) runClock() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = m.clock.Run(ctx)
	}()
	m.stop = func() {
		cancel()
		<-done
	}
}

// SetFactory changes the Factory; sessions made from then on are of the new
// one. It may be called at any time.
func (m *Manager) SetFactory(f Factory) { m.factory.Store(&f) }

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

// Get returns the live session with the uid, or nil. It does not touch it.
func (m *Manager) Get(uid string) *Session {
	m.init()
	v, ok := parseID([]byte(uid))
	if !ok {
		return nil
	}
	return m.lookup(v, m.clock.Now())
}

// Create makes a new session. With a ctx the session counts as touched at the
// time of that request and is found by requests over TLS only if that one
// came so, and by those without only if not; with nil it is found by all.
// The errors are ErrFull, ErrClosed and ErrFactory.
func (m *Manager) Create(ctx *fasthttp.RequestCtx) (*Session, error) {
	m.init()
	if ctx == nil {
		return m.create(m.clock.Now(), 0, (*activity).touch)
	}
	return m.create(m.clock.At(ctx.Time()), originOf(ctx), (*activity).touch)
}

// create makes a session and uses it before anyone else can.
func (m *Manager) create(now time.Duration, origin uint32, use func(*activity, time.Duration) bool) (*Session, error) {
	if err := m.refuses(); err != nil {
		return nil, err
	}
	m.endings.begin(1) // it may yet end when Close has gone through the table
	defer m.endings.done(1)
	v := newID()
	s, err := m.manufacture(v)
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
	// Whoever finds s in the table may set a timeout, and files it anew if that
	// ends before filed; the wheel must find it there.
	at := s.filing(now)
	s.filed.Store(int64(at))
	m.made.Add(1)
	m.table.Store(v, s)
	m.keys.Add(v, at)
	if m.closing.Load() {
		// Close may have gone through the table before s was in it.
		if m.end(s, Shutdown) {
			m.endings.here(s)
		}
		return nil, ErrClosed
	}
	m.tidy()
	return s, nil
}

// tidy has the wheel forget ids of sessions long gone where they are the most.
func (m *Manager) tidy() {
	if m.keys.Len() > 2*int(m.live.Load())+4096 {
		m.keys.Sweep()
	}
}

// manufacture has the Factory make a session.
func (m *Manager) manufacture(v id) (s *Session, err error) {
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
	uid := v.String()
	switch s = f(uid); {
	case s == nil:
		return nil, fmt.Errorf("%w: it returned nil", ErrFactory)
	case s.m != nil || s.ended():
		return nil, fmt.Errorf("%w: it returned a session that was in use before", ErrFactory)
	case s.marks.Load()&named != 0 || s.id() != v:
		return nil, fmt.Errorf("%w: it returned a session with another uid", ErrFactory)
	}
	return s, nil
}

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

// rename moves s to a new id. At each moment one of both is in the table.
func (m *Manager) rename(s *Session) bool {
	m.endings.begin(1) // it may yet end when Close has gone through the table
	defer m.endings.done(1)
	if m.overdue(s, m.clock.Now()) {
		return false
	}
	v := newID()
	m.table.Store(v, s)
	old := s.setID(v)
	m.table.Delete(old)
	if s.ended() {
		// Whoever ended it may have taken out the old id.
		m.table.Delete(v)
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

// Send puts the session's uid into the response once more; what was sent in
// this response before is replaced.
func (m *Manager) Send(ctx *fasthttp.RequestCtx, s *Session) {
	m.init()
	m.carrier.Send(ctx, s.UID())
}

// Clear has the client forget the uid it has.
func (m *Manager) Clear(ctx *fasthttp.RequestCtx) {
	m.init()
	m.carrier.Clear(ctx)
}

// All goes through the live sessions, in no order and without touching them.
// Those made, ended or renewed meanwhile may or may not be among them, and one
// renewed may come twice.
func (m *Manager) All() iter.Seq[*Session] {
	m.init()
	return func(yield func(*Session) bool) {
		m.table.Range(func(_ id, s *Session) bool {
			return s.ended() || yield(s)
		})
	}
}

// originOf tells over what a request came; TLS or not are two worlds.
func originOf(ctx *fasthttp.RequestCtx) uint32 {
	if ctx.IsTLS() {
		return secure
	}
	return plain
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
	s, ok := m.table.Load(v)
	if !ok || m.overdue(s, now) {
		return nil
	}
	return s
}

func (m *Manager) touch(s *Session, now time.Duration) bool {
	return !m.overdue(s, now) && s.activity.touch(now)
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

// report logs what went wrong in a function of the user's.
func report(log *slog.Logger, msg string, args ...any) {
	defer func() { _ = recover() }() // the logger is the user's too
	if log == nil {
		log = slog.Default()
	}
	log.Error(msg, args...)
}
