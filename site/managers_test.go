package site_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/storetest"
	"github.com/spindleweb/spindle/timer"
	"github.com/stretchr/testify/require"
)

func manager() *session.Manager {
	return &session.Manager{Clock: new(timer.Wheel), Log: slog.New(slog.DiscardHandler)}
}

func newSession(t testing.TB, m *session.Manager) *session.Session {
	t.Helper()
	s, err := m.Create(nil)
	require.NoError(t, err)
	return s
}

func TestNoManagers(t *testing.T) {
	for name, list := range map[string][]*session.Manager{"nil": nil, "empty": {}} {
		t.Run(name, func(t *testing.T) {
			s, _, _ := newSite(say("here"))
			s.Managers = list
			h := serve(t, s)
			require.Equal(t, "here", h.ask(t, get("/")).body)
			require.NoError(t, s.Shutdown(t.Context()))
			require.NoError(t, <-h.done)
			require.NoError(t, s.Shutdown(t.Context()))
		})
	}
}

// Managers are drained when the shutdown begins, and closed when the requests
// are through.
func TestManagersAreClosedWithTheSite(t *testing.T) {
	all := []*session.Manager{manager(), manager(), manager()}
	p := paused{make(chan struct{}), make(chan struct{})}
	s, _, _ := newSite(p.resource())
	s.Managers = all
	h := serve(t, s)
	var sessions []*session.Session
	for _, m := range all {
		sessions = append(sessions, newSession(t, m))
	}
	conn, br := h.dial(t)
	answers := make(chan reply, 1)
	go func() { answers <- exchange(t, conn, br, get("/")) }()
	<-p.at
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(context.Background()) }()
	require.NoError(t, <-h.done)
	for i, m := range all {
		_, err := m.Create(nil)
		require.ErrorIs(t, err, session.ErrClosed)
		require.Equal(t, session.Alive, sessions[i].Reason(), "while a request is under way")
		got, err := m.Get(t.Context(), sessions[i].UID())
		require.NoError(t, err)
		require.Same(t, sessions[i], got, "and can be found")
	}
	close(p.on)
	<-answers
	require.NoError(t, <-done)
	for i, m := range all {
		require.Equal(t, session.Shutdown, sessions[i].Reason())
		require.Zero(t, m.Stats().Live)
	}
	require.NoError(t, s.Shutdown(t.Context()), "a second time")
}

// Serve starts them, so that sessions of processes that are gone are taken over
// though no request comes.
func TestManagersAreStartedWithTheSite(t *testing.T) {
	store := new(storetest.Memory)
	gone := &session.Manager{Store: store, Factory: session.Lasting(time.Second), Log: slog.New(slog.DiscardHandler)}
	newSession(t, gone)
	require.NoError(t, gone.Close(t.Context()))
	store.Advance(time.Hour)

	ended := make(chan session.Reason, 1)
	s, _, _ := newSite(say("here"))
	s.Managers = []*session.Manager{{
		Store: store, Log: slog.New(slog.DiscardHandler),
		OnExpire: func(s *session.Session) { ended <- s.Reason() },
	}}
	h := serve(t, s)
	select {
	case why := <-ended:
		require.Equal(t, session.Idle, why)
	case <-time.After(time.Minute): // so that a hang is a failure
		t.Error("the manager has not been started")
	}
	require.NoError(t, s.Shutdown(t.Context()))
	require.NoError(t, <-h.done)
	require.Zero(t, store.Len())
}

// A site that never served is shut down too, and its managers with it.
func TestManagersOfASiteThatNeverServed(t *testing.T) {
	m := manager()
	s, _, _ := newSite(nil)
	s.Managers = []*session.Manager{m}
	x := newSession(t, m)
	require.NoError(t, s.Shutdown(t.Context()))
	require.Equal(t, session.Shutdown, x.Reason())
}

func TestTheErrorsOfAllManagers(t *testing.T) {
	block := make(chan struct{})
	s, _, _ := newSite(nil)
	for n := range 3 {
		m := manager()
		for range n + 2 {
			newSession(t, m).NotifyOnExpire(func() { <-block })
		}
		s.Managers = append(s.Managers, m)
	}
	quiet := manager()
	x := newSession(t, quiet)
	s.Managers = append(s.Managers, quiet)
	own := newSession(t, s.Sessions())
	own.NotifyOnExpire(func() { <-block })

	err := s.Shutdown(expired())
	require.ErrorIs(t, err, context.Canceled)
	for n := range 4 {
		require.ErrorContains(t, err, fmt.Sprintf("%d sessions", n+1))
	}
	require.NotContains(t, err.Error(), "0 sessions")
	require.Equal(t, session.Shutdown, x.Reason(), "one that hangs holds back no other")
	close(block)
	require.NoError(t, s.Shutdown(t.Context()))
}

// Nobody waits for one after the other.
func TestManagersAreClosedAtOnce(t *testing.T) {
	a, b := manager(), manager()
	meet := make(chan struct{})
	newSession(t, a).NotifyOnExpire(func() { meet <- struct{}{} })
	newSession(t, b).NotifyOnExpire(func() { <-meet })
	s, _, _ := newSite(nil)
	s.Managers = []*session.Manager{a, b}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // so that a hang is a failure
	defer cancel()
	require.NoError(t, s.Shutdown(ctx))
}

// patient is a context that would end soon, and does not.
type patient struct {
	context.Context
	end time.Time
}

func (p patient) Deadline() (time.Time, bool) { return p.end, true }

// A request that waits for its session to end is not waited for in vain: when a
// quarter of the time is left, the sessions end, and then it does.
func TestARequestThatWaitsForTheEndOfItsSession(t *testing.T) {
	m := manager()
	x := newSession(t, m)
	at, released := make(chan struct{}), make(chan struct{})
	x.NotifyOnExpire(func() { close(released) })
	s, _, _ := newSite(resource.Func(func(req *resource.Request) {
		if !req.Bind(x) {
			req.Abort(410)
		}
		close(at)
		<-x.Context().Done()
		_, _ = req.WriteString("through")
	}))
	s.Managers = []*session.Manager{m}
	h := serve(t, s)
	conn, br := h.dial(t)
	answers := make(chan reply, 1)
	go func() { answers <- exchange(t, conn, br, get("/")) }()
	<-at
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(patient{t.Context(), time.Now().Add(100 * time.Millisecond)}) }()
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(time.Minute): // so that a hang is a failure
		t.Fatal("the shutdown waits for the request, and that for the shutdown")
	}
	<-released
	require.Equal(t, session.Shutdown, x.Reason())
	require.Equal(t, "through", (<-answers).body)
}

// The list is read once: what is done to it afterwards counts for nothing.
func TestTheListOfManagersIsRead(t *testing.T) {
	m, later := manager(), manager()
	s, _, _ := newSite(say("here"))
	s.Managers = []*session.Manager{m}
	s.Sessions()
	s.Managers[0] = later
	s.Managers = append(s.Managers, later)
	x, y := newSession(t, m), newSession(t, later)
	require.NoError(t, s.Shutdown(t.Context()))
	require.Equal(t, session.Shutdown, x.Reason())
	require.Equal(t, session.Alive, y.Reason())
	require.NoError(t, later.Close(t.Context()))
}

// A manager with a store that fails is named too.
func TestAManagerThatCannotSave(t *testing.T) {
	way := &storetest.Faulty{Store: new(storetest.Memory)}
	m := &session.Manager{Store: way, Log: slog.New(slog.DiscardHandler)}
	s, _, _ := newSite(resource.Status(200))
	s.Managers = []*session.Manager{m}
	x := newSession(t, m)
	require.NoError(t, note.Set(x, "unsaved"))
	way.Fail(errors.New("outage"))
	err := s.Shutdown(expired())
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "1 sessions")
	require.Equal(t, session.Shutdown, x.Reason())
}
