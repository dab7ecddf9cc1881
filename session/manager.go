package session

import (
	"context"
	"errors"
	"io"
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

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
	// With a Store it counts what is in memory here, but ends for all processes.
	Evict bool

	// Notifiers bounds how many goroutines at once call what was registered
	// for ends that the wheel or Limit brings. There are half as many as
	// processors, and more only while calls block. Sessions end on time even
	// when all of them do. Default 256.
	Notifiers int

	// IDLength is how many bytes of Entropy the id of a new session has, from 16
	// to 64; its text has a third more letters. Any other panics. Sessions with
	// ids of other lengths are found nevertheless. Default 16, which is twice
	// what OWASP asks for.
	IDLength int

	// Entropy is what ids are drawn from. It is read by one goroutine at a time,
	// and what it reads must be as hard to guess as the operating system's own.
	// Default that, crypto/rand.
	Entropy io.Reader

	// OnExpire is called at the end of every session, after the functions that
	// were registered with it, on the same goroutine.
	//
	// With a Store one of its Managers makes the call: the one that has the
	// session, or any if that is gone. It is made once, unless the process is
	// killed before the Store has heard that it has been made; then another
	// makes it again. It is also made for a session whose making the Store has not
	// acknowledged, so that nobody had it, if it is there after all. The values can
	// be read. UID is empty if this process never had the session.
	OnExpire func(*Session)

	// Store keeps the sessions, so that they outlive the process and others may
	// share them; what is in memory is then a copy. Managers with the same Store
	// have the same sessions: another site needs another, for which a table of
	// its own will do. The Manager does not close it. Default nil: sessions live
	// and end with the Manager.
	Store Store

	// OnLoad is called with each session that was read from the Store, right
	// after the Factory, on the goroutine of the request and before anyone else
	// has it. Its values can be read. It is where what a session owns is made
	// again. It must not look for the session by its uid. A panic fails the
	// request, as one of the Factory.
	OnLoad func(*Session)

	// Codec writes values for the Store. Default JSON, by encoding/json.
	Codec Codec

	// Shared has each request ask the Store whether a session that is here has
	// changed. It is for visitors who are served by several processes by turns,
	// and costs them a round trip. Default false: what another process does to a
	// session, be it a change, a log-out or a shorter timeout, is seen after a
	// 15th of the timeout at the latest, which is enough where one visitor's
	// requests come to the same process as long as that lives.
	Shared bool

	// WriteBehind has requests not wait until what they have changed is in the
	// Store: it is written soon after, and lost if the process is killed before.
	// Update waits nevertheless, and so does every request while 10,000 sessions
	// are waiting to be written. Default false: Save returns when the Store has
	// acknowledged.
	WriteBehind bool

	// StoreTimeout is how long a call to the Store may take before it counts as
	// failed, and for how long, between 2 seconds and a minute, a session that is
	// due is left to the process that has it. Default 3 seconds.
	StoreTimeout time.Duration

	// Lease is for how long after the death of a process no other makes the calls
	// of sessions that were ending there, and at the least twice as long as they are
	// left to it. Default 30 seconds.
	Lease time.Duration

	setup   sync.Once
	factory atomic.Pointer[Factory]
	carrier Carrier
	clock   *timer.Wheel
	stop    func() // ends a clock of our own

	drawing   sync.Mutex // from Entropy
	adjusting sync.Mutex // AdjustTime

	link    *link // if there is a Store
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
		if m.Store != nil {
			m.connect()
		}
		m.idLength() // last, as it may panic
	})
}

// Start has the Manager begin its work, as every other method does too. Who has a
// Store calls it where requests may be long in coming: the sessions of processes
// that are gone are then taken over at once.
func (m *Manager) Start() { m.init() }

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

// report logs what went wrong.
func report(log *slog.Logger, msg string, args ...any) { logAt(slog.LevelError, log, msg, args) }

// inform logs what is good to know.
func inform(log *slog.Logger, msg string, args ...any) { logAt(slog.LevelInfo, log, msg, args) }

func logAt(level slog.Level, log *slog.Logger, msg string, args []any) {
	defer func() { _ = recover() }() // the logger is the user's
	if log == nil {
		log = slog.Default()
	}
	log.Log(context.Background(), level, msg, args...)
}
