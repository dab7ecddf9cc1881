package session

import (
	"fmt"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultTimeout is how long a session of New lasts without activity, as in
// Twisted.
const DefaultTimeout = 15 * time.Minute

// Never is the timeout of a session that activity need not keep alive, and the
// lifetime of one that has no absolute end.
const Never time.Duration = math.MaxInt64

// A Factory makes the session for a new uid. It runs on the goroutine of the
// request that asked for one and returns New(uid), changed as it likes; nobody
// else may have the session before it returns.
type Factory func(uid string) *Session

// A Session is what the server keeps of one visitor: typed values (see Key),
// things to be released (Own) and calls to be made (NotifyOnExpire) when the
// visitor has been gone for long enough.
//
// All methods may be called from any goroutine, and on a session that has
// ended, which they never revive.
//
// It fills one cache line, and a request that uses it writes one word of that:
// activity, which holds all that decides between touching and ending, so that
// one compare-and-swap settles the race.
type Session struct {
	activity activity
	hi, lo   atomic.Uint64 // the id; see setID for how both change at once
	timeout  atomic.Int64
	filed    atomic.Int64 // the moment the wheel has it for; once ended, the moment it was due
	marks    atomic.Uint32
	more     atomic.Pointer[more]
	m        *Manager // nil until a Manager has taken it
}

// more is what a session has only if it is used for something.
type more struct {
	mu     sync.Mutex
	values []value                // those that are not in a Store
	stored *stored                // set before anyone has the session, if there is a Store
	name   string                 // if named
	tail   atomic.Pointer[string] // if tailed

	ending   sync.Mutex
	lifetime atomic.Int64 // as given before a Manager takes the session, then the moment of the end
	calls    []call
	one      [1]call     // room for the first of them
	complete atomic.Bool // all calls have been made
}

// finished stands in for the more of an ended session that never had one.
var finished = func() *more {
	x := new(more)
	x.complete.Store(true)
	return x
}()

// New returns a session that lasts DefaultTimeout. Factories call it with the
// uid they are given.
func New(uid string) *Session {
	s := new(Session)
	s.timeout.Store(int64(DefaultTimeout))
	if v, tail, ok := parse(uid); ok {
		s.hi.Store(v.hi)
		s.lo.Store(v.lo)
		if tail != "" {
			rest := tail // so that ids without one take no memory for it
			s.extra().tail.Store(&rest)
			s.marks.Store(tailed)
		}
	} else {
		s.more.Store(&more{name: uid})
		s.marks.Store(named)
	}
	return s
}

// Lasting returns a Factory of sessions that last d without activity.
func Lasting(d time.Duration) Factory {
	return func(uid string) *Session {
		s := New(uid)
		s.SetTimeout(d)
		return s
	}
}

// UID returns the session's id as text. Whoever knows it can act as the
// visitor, so it belongs neither in logs nor in pages.
func (s *Session) UID() string {
	if s.marks.Load()&named != 0 {
		return s.more.Load().name
	}
	return text(s.whole())
}

// Timeout returns how long the session lasts without activity.
func (s *Session) Timeout() time.Duration { return time.Duration(s.timeout.Load()) }

// SetTimeout changes how long the session lasts without activity, counted from
// its last activity and taking effect at once. One of 0 or less has passed as
// soon as no request has the session; Never makes it last.
func (s *Session) SetTimeout(d time.Duration) {
	s.retime(func() { s.timeout.Store(int64(d)) })
}

// SetLifetime gives the session an end d from now (from its making, if set by a
// Factory) that no activity moves, as OWASP's absolute timeout. A d of 0 or
// less ends it with the wheel's next tick; Never takes the limit away.
func (s *Session) SetLifetime(d time.Duration) {
	if s.ended() {
		return
	}
	x := s.extra()
	if x == finished {
		return
	}
	if s.m != nil {
		d = later(s.m.clock.Now(), d)
	}
	s.retime(func() { s.limit(d) })
}

// retime changes the timeout or the lifetime, and lets the wheel and the Store
// know.
func (s *Session) retime(set func()) {
	if s.m == nil || s.m.link == nil {
		set()
		s.refile()
		return
	}
	x := s.extra()
	x.mu.Lock()
	set()
	x.stored.gen++
	x.stored.timed = x.stored.gen
	x.mu.Unlock()
	s.m.link.changed(s) // before the wheel can have its end asked for
	s.refile()
	s.m.link.nothingNew(s) // the reminder is for when the old timeout would have it
}

// limit sets the moment of the absolute end; before a Manager takes the session,
// how long it is to that.
func (s *Session) limit(end time.Duration) {
	if end == Never && s.marks.Load()&limited == 0 {
		return
	}
	s.extra().lifetime.Store(int64(end))
	s.setMark(limited)
}

// Remaining returns how long the session would last from now if nothing
// touched it: 0 if it has ended, its whole timeout while a request or a Hold
// has it.
func (s *Session) Remaining() time.Duration {
	if s.m == nil {
		return s.Timeout()
	}
	now := s.m.clock.Now()
	end, _ := s.due(s.activity.Load(), now)
	return max(end-now, 0)
}

// Touch counts as activity: idleness starts anew. It reports whether the
// session was alive. Where a Store does not keep up with what it is told of the use
// of sessions, or hears of this one only when it is nearly due, every use waits for
// that, be it by Touch, Hold, Release or a request.
func (s *Session) Touch() bool {
	if s.m == nil {
		return !s.ended()
	}
	return s.m.touch(s, s.m.clock.Now())
}

// notice is called after each use, and has a Store told of it some time. Nearly
// always that is going to happen already.
func (s *Session) notice() {
	if s.m == nil {
		return
	}
	if l := s.m.link; l != nil && (s.marks.Load()&telling == 0 || l.behind.Load()) {
		l.used(s)
	}
}

// Hold keeps the session from being idle until Release: for what goes on
// without requests, such as a long job. Each Hold needs its Release. It does
// not keep off the end of a lifetime, nor Expire.
func (s *Session) Hold() {
	if !s.activity.hold() && s.m != nil && s.m.link != nil {
		s.m.link.hold(s, 1)
	}
	s.notice()
}

// Release ends a Hold; idleness starts anew. It panics without a Hold.
func (s *Session) Release() {
	if s.m == nil {
		s.activity.release(0)
		return
	}
	if !s.activity.release(s.m.clock.Now()) && s.m.link != nil {
		s.m.link.hold(s, -1)
	}
	s.notice()
	if s.Timeout() < heldFor {
		s.refile()
	}
}

// Own closes c when the session ends, in its turn among the functions of
// NotifyOnExpire; an error of Close is logged.
func (s *Session) Own(c io.Closer) {
	s.register(call{owns: true, f: func() {
		if err := c.Close(); err != nil {
			s.log("session: closing what a session owned failed", "error", err)
		}
	}}, false)
}

// extra returns s.more, made if need be.
func (s *Session) extra() *more {
	if x := s.more.Load(); x != nil {
		return x
	}
	s.more.CompareAndSwap(nil, new(more))
	return s.more.Load()
}

// due returns the moment of the session's end and what it will be, as things
// stand with the given activity.
func (s *Session) due(a uint64, now time.Duration) (time.Duration, Reason) {
	if a >= over {
		return 0, reasonOf(a)
	}
	from := lastUse(a)
	if held(a) {
		from = max(from, now)
	}
	end, why := later(from, s.Timeout()), Idle
	if limit := s.lifetime(); limit <= end && limit != Never {
		return limit, Lifetime
	}
	if held(a) {
		return max(end, now+1), why // in use, so not idle, however short its timeout
	}
	return end, why
}

// lifetime returns the moment of the session's absolute end.
func (s *Session) lifetime() time.Duration {
	if s.marks.Load()&limited == 0 {
		return Never
	}
	return time.Duration(s.more.Load().lifetime.Load())
}

// Format prints what state the session is in, whatever the verb: never its uid.
func (s *Session) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "session(%v)", s.Reason()) }

// later returns t+d within the range of the clock, and Never for a d of Never.
func later(t, d time.Duration) time.Duration {
	switch {
	case d == Never, t > 0 && d > math.MaxInt64-t:
		return Never
	case t < 0 && d < math.MinInt64-t:
		return 0
	}
	return max(t+d, 0)
}
