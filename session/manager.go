package session

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"

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
	// processors, and more only while calls block. Sessions end on time even
	// when all of them do. Default 256.
	Notifiers int

	// OnExpire is called at the end of every session, after the functions that
	// were registered with it, on the same goroutine.
	OnExpire func(*Session)

	setup   sync.Once
	factory atomic.Pointer[Factory]
	carrier Carrier
	clock   *timer.Wheel
	stop    func() // ends a clock of our own

	table   table
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
		m.table.all(func(s *Session) bool {
			return s.ended() || yield(s)
		})
	}
}

// report logs what went wrong in a function of the user's.
func report(log *slog.Logger, msg string, args ...any) {
	defer func() { _ = recover() }() // the logger is the user's too
	if log == nil {
		log = slog.Default()
	}
	log.Error(msg, args...)
}
