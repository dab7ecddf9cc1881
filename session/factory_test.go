package session_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// Whatever a factory does wrong is an error that leaves nothing behind.
func TestBadFactories(t *testing.T) {
	m, w := still()
	defer closed(t, m)
	used, spare := create(t, m), session.New("AAAAAAAAAAAAAAAAAAAAAA")
	bad := map[string]session.Factory{
		"panics":                 func(string) *session.Session { panic("no") },
		"panics with an error":   func(string) *session.Session { panic(errors.New("no")) },
		"returns nil":            func(string) *session.Session { return nil },
		"foreign word":           func(string) *session.Session { return session.New("admin") },
		"foreign id":             func(string) *session.Session { return spare },
		"no uid":                 func(string) *session.Session { return session.New("") },
		"one in use":             func(string) *session.Session { return used },
		"zero":                   func(string) *session.Session { return new(session.Session) },
		"other spelling":         func(uid string) *session.Session { return session.New(uid + "=") },
		"one that ended already": func(uid string) *session.Session { s := session.New(uid); s.Expire(); return s },
	}
	for name, f := range bad {
		t.Run(name, func(t *testing.T) {
			m.SetFactory(f)
			ctx := visit(t)
			s, err := m.Open(ctx)
			require.Nil(t, s)
			require.ErrorIs(t, err, session.ErrFactory)
			require.Empty(t, setCookies(ctx))
			require.Equal(t, int64(1), m.Stats().Live)
			require.Equal(t, int64(1), m.Stats().Made)
			for s := range m.All() {
				require.Same(t, used, s)
			}
		})
	}
	require.Same(t, used, known(m.Get(context.Background(), used.UID())))
	m.SetFactory(nil)
	create(t, m)
	w.Advance(time.Hour)
	ends(t, m)
}

func TestFactoryThatEndsItsGoroutineLeavesNothing(t *testing.T) {
	m, _ := still(with(func(string) *session.Session { runtime.Goexit(); return nil }))
	defer closed(t, m)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = m.Create(nil)
	}()
	<-done
	require.Zero(t, m.Stats().Live)
}

func TestSameSessionTwice(t *testing.T) {
	var first *session.Session
	m, _ := still(with(func(uid string) *session.Session {
		if first == nil {
			first = session.New(uid)
		}
		return first
	}))
	defer closed(t, m)
	require.Same(t, first, create(t, m))
	_, err := m.Create(nil)
	require.ErrorIs(t, err, session.ErrFactory)
	first.Expire()
	_, err = m.Create(nil)
	require.ErrorIs(t, err, session.ErrFactory)
	require.Zero(t, m.Stats().Live)
}

// A failing factory costs nobody the place in a full house.
func TestBadFactoryEvictsNobody(t *testing.T) {
	m, _ := still(func(m *session.Manager) { m.Limit, m.Evict = 1, true })
	defer closed(t, m)
	s := create(t, m)
	m.SetFactory(func(string) *session.Session { return nil })
	_, err := m.Create(nil)
	require.ErrorIs(t, err, session.ErrFactory)
	require.Equal(t, session.Alive, s.Reason())
}

// New sessions are of the new factory, those that there are stay as they are.
func TestSetFactoryWhileServing(t *testing.T) {
	m, _ := still(with(session.Lasting(time.Hour)))
	defer closed(t, m)
	old := create(t, m)
	m.SetFactory(session.Lasting(time.Minute))
	require.Equal(t, time.Minute, create(t, m).Timeout())
	require.Equal(t, time.Hour, old.Timeout())

	lasts := []time.Duration{time.Minute, 2 * time.Minute, 3 * time.Minute}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 2000 {
				if i == 0 {
					m.SetFactory(session.Lasting(lasts[j%len(lasts)]))
				} else if s, err := m.Create(nil); err != nil || s.Timeout()%time.Minute != 0 || s.Timeout() > 3*time.Minute {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	m.SetFactory(session.Lasting(7 * time.Second))
	require.Equal(t, 7*time.Second, create(t, m).Timeout())
}

func TestSetFactoryBeforeUse(t *testing.T) {
	m, _ := still(with(session.Lasting(time.Hour)))
	defer closed(t, m)
	m.SetFactory(session.Lasting(time.Minute))
	require.Equal(t, time.Minute, create(t, m).Timeout())
}

// What the factory does to the session counts from its making.
func TestFactoryMayUseItsSession(t *testing.T) {
	var d diary
	k := session.NewKey[int]("k")
	m, w := still(with(func(uid string) *session.Session {
		s := session.New(uid)
		s.SetTimeout(time.Minute)
		s.NotifyOnExpire(d.note("factory's"))
		_ = k.Set(s, 7)
		s.Touch()
		s.Hold()
		s.Release()
		return s
	}))
	w.Advance(time.Hour)
	s := create(t, m)
	s.NotifyOnExpire(d.note("handler's"))
	v, _ := k.Get(s)
	require.Equal(t, 7, v)
	w.Advance(time.Minute - 1)
	require.Equal(t, session.Alive, s.Reason())
	w.Advance(bound(time.Minute) + 1)
	require.Equal(t, session.Idle, s.Reason())
	closed(t, m)
	require.Equal(t, []string{"factory's", "handler's"}, d.all())
}
