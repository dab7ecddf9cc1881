package session

import (
	"fmt"
	"log/slog"
	"runtime/debug"
)

// A Reason tells how a session ended.
type Reason uint8

// The ways to end.
const (
	Alive     Reason = iota // not at all
	Idle                    // its timeout passed without activity
	Lifetime                // its absolute end came
	Expired                 // Expire was called
	Evicted                 // it made room for a new one; see Manager.Limit
	Shutdown                // its Manager was closed; with a Store it goes on elsewhere
	Elsewhere               // another process has ended it, or renewed it
	reasons
)

var reasonNames = [reasons]string{"alive", "idle", "lifetime", "expired", "evicted", "shutdown", "elsewhere"}

func (r Reason) String() string {
	if r < reasons {
		return reasonNames[r]
	}
	return fmt.Sprintf("Reason(%d)", uint8(r))
}

// MarshalText makes a Reason a word in JSON.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Reason tells how the session ended, and Alive while it has not.
func (s *Session) Reason() Reason {
	if a := s.activity.Load(); a >= over {
		return reasonOf(a)
	}
	return Alive
}

func (s *Session) ended() bool { return s.activity.Load() >= over }

// Expire ends the session now, as a log-out does. It runs what was registered
// and returns when all of that has finished. If there is a Store and it fails,
// Expire returns at once, Manager.Save returns ErrStore, nobody here gets the
// session any more, and all that is made up for when the Store answers again. On a session that has ended, or
// whose end is under way elsewhere, it does nothing.
func (s *Session) Expire() {
	if s.m != nil && s.m.link != nil {
		s.m.link.expire(s, Expired)
		return
	}
	if s.m != nil {
		if s.m.end(s, Expired) {
			s.m.endings.here(s)
		}
		return
	}
	s.discard()
}

// discard ends a session that nobody can find, and that no Manager counts.
func (s *Session) discard() {
	for a := s.activity.Load(); a < over; a = s.activity.Load() {
		if s.activity.end(a, Expired) {
			s.finish(true)
		}
	}
}

// NotifyOnExpire has f called when the session ends, after those that were
// registered before it; at once, if the session has ended and all others have
// been called. Values can still be read then. What is registered during the
// end is called in the same pass.
//
// When the wheel ends the session, f runs on one of a bounded number of
// goroutines (Manager.Notifiers); when Expire does, on the goroutine of its
// caller. A panic in f is logged and the next function still runs.
//
// A function keeps in memory what it refers to until the session ends.
//
// With a Store it runs in this process and no other, for whatever Reason the
// session ends here, and not at all if the process does before; at a Shutdown,
// after which the session goes on elsewhere, only what it owns is closed. What
// must happen at the end of a session once, whatever happens to processes, is
// Manager.OnExpire's.
func (s *Session) NotifyOnExpire(f func()) {
	if f == nil {
		panic("session: NotifyOnExpire of nil")
	}
	s.register(call{f: f}, false)
}

// registerFirst registers what every end of the session here is to do before
// all else, a Shutdown's too.
func (s *Session) registerFirst(f func()) { s.register(call{f, true}, true) }

// call is what is to be called at the end.
type call struct {
	f    func()
	owns bool // f closes what the session owns
}

func (s *Session) register(f call, first bool) {
	x := s.extra()
	x.ending.Lock()
	if !x.complete.Load() {
		if x.calls == nil {
			x.calls = x.one[:0]
		}
		if x.calls = append(x.calls, f); first {
			copy(x.calls[1:], x.calls)
			x.calls[0] = f
		}
		x.ending.Unlock()
		return
	}
	x.ending.Unlock()
	if f.owns || !s.leaving() {
		s.call(f.f)
	}
}

// finish makes the calls of an ended session, those that were registered with
// it first and then its Manager's. Only the one who ended it may call it, with
// false.
func (s *Session) finish(last bool) {
	last = last || !s.heardByManager()
	complete := false
	defer func() {
		if !complete { // a call has ended its goroutine (runtime.Goexit)
			s.finish(last)
		}
	}()
	for {
		if f := s.nextCall(last); f != nil {
			s.call(f)
			continue
		}
		if last {
			break
		}
		last = true
		s.call(func() { s.m.OnExpire(s) })
	}
	complete = true
}

// heardByManager reports whether Manager.OnExpire is to be called.
func (s *Session) heardByManager() bool {
	return s.m != nil && s.m.OnExpire != nil && (s.m.link == nil || s.stored().mine.Load())
}

// leaving reports whether s goes on in the Store, and is over only here.
func (s *Session) leaving() bool {
	return s.m != nil && s.m.link != nil && s.Reason() == Shutdown
}

// nextCall takes the first of the calls that are left. When there is none and
// no more will come, it closes the list.
func (s *Session) nextCall(last bool) func() {
	x := s.more.Load()
	if x == nil && (!last || s.more.CompareAndSwap(nil, finished)) {
		return nil
	}
	x = s.more.Load()
	x.ending.Lock()
	defer x.ending.Unlock()
	for len(x.calls) > 0 {
		next := x.calls[0]
		x.calls[0] = call{}
		x.calls = x.calls[1:]
		if next.owns || !s.leaving() {
			return next.f
		}
	}
	x.complete.Store(last)
	return nil
}

// call runs a function of the user's.
func (s *Session) call(f func()) {
	defer func() {
		if v := recover(); v != nil {
			s.log("session: a call on the end of a session panicked", "panic", describe(v), "stack", string(debug.Stack()))
		}
	}()
	f()
}

func (s *Session) log(msg string, args ...any) {
	var log *slog.Logger
	if s.m != nil {
		log = s.m.Log
	}
	report(log, msg, args...)
}
