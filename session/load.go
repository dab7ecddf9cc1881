package session

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// errNoHeader is for a record that some other program has made.
var errNoHeader = fmt.Errorf("%w: there is no header", ErrUnreadable)

// flights are the sessions that are being read from the Store, so that requests
// that come together with one that is not here all get the same Session.
type flights struct {
	mu  sync.Mutex
	all map[string]*flight
}

type flight struct {
	landed chan struct{}
	s      *Session
	err    error
}

// fly has f read a session, unless that is already under way.
func (fs *flights) fly(uid string, f func() (*Session, error)) (*Session, error) {
	fs.mu.Lock()
	if other := fs.all[uid]; other != nil {
		fs.mu.Unlock()
		<-other.landed
		return other.s, other.err
	}
	own := &flight{landed: make(chan struct{}), err: ErrFactory}
	fs.all[uid] = own
	fs.mu.Unlock()
	defer func() {
		fs.mu.Lock()
		defer fs.mu.Unlock()
		delete(fs.all, uid)
		close(own.landed)
	}()
	own.s, own.err = f()
	return own.s, own.err
}

// find returns the session with the uid if it is alive, here or in the Store. s
// is the one that is here, or nil; it cannot be gone by as it stands.
func (l *link) find(uid string, s *Session) (*Session, error) {
	if s != nil {
		return l.confirm(s, uid)
	}
	return l.flights.fly(uid, func() (*Session, error) {
		if s, _ := l.m.resident([]byte(uid)); s != nil { // it has come meanwhile
			return l.confirm(s, uid)
		}
		return l.load(uid)
	})
}

// trusts reports whether a session that is here can be used as it is.
func (l *link) trusts(s *Session) bool {
	return s.marks.Load()&doubtful == 0 && !l.m.Shared
}

// exists asks the Store. What that gave to a session in case it does not know of
// its last use counts for nothing here.
func (l *link) exists(ctx context.Context, uid string) (yes bool, err error) {
	err = l.gate.call(ctx, func(ctx context.Context) (err error) {
		if yes, err = l.m.Store.Exists(ctx, keyOf(uid)); !yes {
			return err
		}
		r, err := l.m.Store.Load(ctx, keyOf(uid))
		if err != nil {
			return err
		}
		h, _, err := unpack(r)
		yes = err == nil && lives(r, h.Timeout)
		return nil
	})
	if errors.Is(err, ErrGone) {
		return false, nil
	}
	return yes && err == nil, err
}

// confirm asks the Store whether a session that is here is still as it is here:
// its values may have changed elsewhere, or it is due here but may have been used
// elsewhere. While the Store fails, what is not due goes on as it is.
func (l *link) confirm(s *Session, uid string) (*Session, error) {
	st := s.stored()
	st.io.Lock()
	defer st.io.Unlock()
	a := s.activity.Load()
	if isOver(a) || s.storeKey() != keyOf(uid) { // it has another by now
		return nil, nil
	}
	due := isAsking(a) || s.marks.Load()&asked != 0
	r, err := l.read(l.ctx, s)
	switch {
	case errors.Is(err, ErrGone) && due:
		return nil, nil // claim will settle it
	case errors.Is(err, ErrGone):
		if err := l.gone(l.ctx, s); err != nil && !errors.Is(err, ErrEnded) {
			return nil, err
		}
		return nil, nil
	case err != nil && due:
		return nil, err
	case err != nil:
		return s, nil
	}
	if err := l.take(s, r); err != nil {
		l.setAside(l.ctx, s.storeKey(), err)
		l.lost(s)
		return nil, nil
	}
	if due && !lives(r, s.Timeout()) {
		return nil, nil // claim will settle it
	}
	if due {
		l.revive(s, r)
	}
	return s, nil
}

// read reads the record of a session that is here. The caller has io.
func (l *link) read(ctx context.Context, s *Session) (r Record, err error) {
	s.clearMark(doubtful) // and set again by whoever hears of other changes meanwhile
	err = l.gate.call(ctx, func(ctx context.Context) (err error) {
		r, err = l.m.Store.Load(ctx, s.storeKey())
		return err
	})
	if err != nil {
		s.setMark(doubtful)
	}
	return r, err
}

// lives reports whether a session is alive by what the Store has been told of it.
// Else, if it is not due there, that is for uses that may not have been told.
func lives(r Record, timeout time.Duration) bool {
	return r.Remaining >= r.Limit || r.Remaining > mayLag(timeout)
}

// take makes what is here of a session what the record says. The caller has io.
func (l *link) take(s *Session, r Record) error {
	h, fields, err := unpack(r)
	if err != nil {
		return err
	}
	x, st := s.extra(), s.stored()
	x.mu.Lock()
	st.merge(fields)
	st.version.Store(r.Version)
	if st.timed == 0 {
		s.timeout.Store(int64(h.Timeout))
		s.limit(later(l.m.clock.Now(), r.Limit))
	}
	x.mu.Unlock()
	if !s.ended() { // the times may be others now
		s.refile()
		l.nothingNew(s)
	}
	return nil
}

// revive has a session that is due here go on: it is not due in the Store.
func (l *link) revive(s *Session, r Record) {
	x := s.extra()
	x.mu.Lock()
	if s.stored().timed == 0 {
		s.limit(later(l.m.clock.Now(), r.Limit))
	}
	x.mu.Unlock()
	s.clearMark(asked) // before anybody can ask once more
	told := s.stored().told.Load()
	l.m.loaded(s, r)
	if s.stored().told.Load()-told > int64(mayLag(s.Timeout())/5) { // else it is what was given away
		s.stored().ours.Store(false)
	}
	l.m.fileAgain(s)
	l.nothingNew(s) // a reminder may have come up meanwhile
}

// loaded makes the last use of a session that which the record tells of.
func (m *Manager) loaded(s *Session, r Record) {
	now := m.clock.Now()
	use := now
	if t := s.Timeout(); t < Never {
		use = now + r.Remaining - t
		if r.Remaining < r.Limit {
			// What the Store gave in case it did not know of the last use. A
			// session with no more left than that is alive all the same.
			use = max(use-mayLag(t), min(use, now-t+time.Millisecond))
		}
	}
	at := anyMoment(use)
	s.stored().told.Store(int64(lastUse(at)))
	s.activity.revive(at, uint64(s.stored().holds))
	s.stored().holds = 0
}

// load reads a session that is not here from the Store and has it live here.
func (l *link) load(uid string) (*Session, error) {
	m := l.m
	m.endings.begin(1) // see create
	defer m.endings.done(1)
	if m.closed.Load() {
		return nil, ErrClosed
	}
	key := keyOf(uid)
	var r Record
	err := l.gate.call(l.ctx, func(ctx context.Context) (err error) {
		r, err = m.Store.Load(ctx, key)
		return err
	})
	if errors.Is(err, ErrGone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	h, fields, err := unpack(r)
	if err != nil {
		l.setAside(l.ctx, key, err)
		return nil, nil
	}
	v, tail, _ := parse(uid)
	s, err := m.manufacture(v, tail)
	if err != nil {
		return nil, err
	}
	if !m.admit() {
		s.Expire() // releases what the factory may have made it own
		return nil, ErrFull
	}
	l.attach(s, key, r, h, fields)
	m.loaded(s, r)
	if err = m.onLoad(s); err == nil && s.ended() {
		return nil, nil
	}
	if err == nil {
		err = m.enter(s, m.clock.Now())
	}
	if err != nil || m.closed.Load() {
		l.unload(s)
		return nil, cmp.Or(err, ErrClosed)
	}
	l.counts.loaded.Add(1)
	return s, nil
}

// unload forgets a session here that goes on in the Store.
func (l *link) unload(s *Session) {
	if l.over(s, Shutdown) {
		l.m.endings.here(s)
	}
}

// attach makes s, which nobody else has, the session of the record.
func (l *link) attach(s *Session, key StoreKey, r Record, h header, fields []field) {
	x := s.extra()
	x.stored = &stored{io: newTurn(), fields: fields}
	x.stored.key.Store(&key)
	x.stored.version.Store(r.Version)
	x.values = onlyLocal(x.values)
	s.m = l.m
	s.timeout.Store(int64(h.Timeout))
	s.limit(later(l.m.clock.Now(), r.Limit))
	s.mark(func(bits uint32) uint32 { return bits | h.origin() })
}

// onLoad calls Manager.OnLoad.
func (m *Manager) onLoad(s *Session) (err error) {
	if m.OnLoad == nil {
		return nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: OnLoad: panic: %s", ErrFactory, describe(p))
			report(m.Log, "session: OnLoad panicked", "panic", describe(p), "stack", string(debug.Stack()))
		}
	}()
	m.OnLoad(s)
	return nil
}

// setAside puts a record that cannot be read where it harms nobody. If that fails,
// or the Store has no such place, it stays where it is.
func (l *link) setAside(ctx context.Context, key StoreKey, why error) {
	now := "it stays where it is"
	if q, ok := l.m.Store.(Quarantiner); ok {
		if err := l.gate.call(ctx, func(ctx context.Context) error { return q.SetAside(ctx, key) }); err != nil {
			now = err.Error()
		} else {
			now = "it is set aside"
		}
	}
	if _, known := l.unreadable.LoadOrStore(key, true); !known {
		l.counts.setAside.Add(1)
		report(l.m.Log, "session: a record cannot be read", "key", hex.EncodeToString(key[:]), "error", why, "now", now)
	}
}
