package resource_test

import (
	"bufio"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/timer"
	"github.com/stretchr/testify/require"
)

func made(t testing.TB, m *session.Manager) *session.Session {
	t.Helper()
	s, err := m.Create(nil)
	require.NoError(t, err)
	return s
}

// A bound session is the only one of the request, alive or not.
func TestABoundSession(t *testing.T) {
	alive := func(s *session.Session, req *resource.Request) bool {
		return req.GetSession() == s && req.PeekSession() == s && req.RenewSession() == s && req.GetSession() == s
	}
	over := func(s *session.Session, req *resource.Request) bool {
		return req.PeekSession() == nil && req.GetSession() == s && req.RenewSession() == s && req.PeekSession() == nil
	}
	for name, test := range map[string]struct {
		end  func(w *timer.Wheel, s *session.Session, req *resource.Request)
		also func(s *session.Session, req *resource.Request) bool
		why  session.Reason
	}{
		"alive":         {func(*timer.Wheel, *session.Session, *resource.Request) {}, alive, session.Alive},
		"ExpireSession": {func(_ *timer.Wheel, _ *session.Session, req *resource.Request) { req.ExpireSession() }, over, session.Expired},
		"twice": {func(_ *timer.Wheel, _ *session.Session, req *resource.Request) {
			req.ExpireSession()
			req.ExpireSession()
		}, over, session.Expired},
		"Expire": {func(_ *timer.Wheel, s *session.Session, _ *resource.Request) { s.Expire() }, over, session.Expired},
		"after GetSession": {func(_ *timer.Wheel, s *session.Session, req *resource.Request) {
			req.GetSession().Expire()
		}, over, session.Expired},
		"lifetime": {func(w *timer.Wheel, s *session.Session, _ *resource.Request) {
			s.SetLifetime(time.Minute)
			w.Advance(2 * time.Minute)
		}, over, session.Lifetime},
		"idle, which it is not": {func(w *timer.Wheel, s *session.Session, _ *resource.Request) { w.Advance(24 * time.Hour) }, alive, session.Alive},
	} {
		for _, cookie := range []bool{false, true} {
			for _, owner := range []string{"the tree", "another manager"} {
				t.Run(fmt.Sprint(name, " ", owner, " ", cookie), func(t *testing.T) {
					var s *session.Session
					bound, ok := false, false
					tree, log := newTree(resource.Func(func(req *resource.Request) {
						bound = req.Bind(s)
						test.end(req.Sessions().Clock, s, req)
						ok = test.also(s, req)
					}))
					m := tree.Sessions
					if owner != "the tree" {
						m = &session.Manager{Clock: tree.Sessions.Clock}
					}
					s = made(t, m)
					uid := s.UID()
					visitor := made(t, tree.Sessions)
					visitor.SetTimeout(session.Never)
					var headers []string
					if cookie {
						headers = []string{"Cookie: sid=" + visitor.UID()}
					}
					before := tree.Sessions.Stats().Made
					r := answer(t, tree, get(t, "/", headers...))
					require.Equal(t, 200, r.StatusCode())
					require.True(t, bound)
					require.True(t, ok, "it had another session than the bound one")
					require.Empty(t, setCookies(r), "no cookie is ever made")
					require.Equal(t, test.why, s.Reason())
					require.Equal(t, uid, s.UID(), "its uid is kept")
					require.Equal(t, session.Alive, visitor.Reason())
					require.Equal(t, before, tree.Sessions.Stats().Made)
					require.Empty(t, log.heard())
					require.NoError(t, m.Close(t.Context()))
					require.NoError(t, tree.Sessions.Close(t.Context()))
				})
			}
		}
	}
}

// Bind of what has ended does nothing: the request goes on as if it had not been
// called.
func TestBindOfAnEndedSession(t *testing.T) {
	for name, end := range map[string]func(m *session.Manager, s *session.Session){
		"expired": func(_ *session.Manager, s *session.Session) { s.Expire() },
		"idle":    func(m *session.Manager, _ *session.Session) { m.Clock.Advance(time.Hour) },
		"closed":  func(m *session.Manager, _ *session.Session) { _ = m.Close(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			other := &session.Manager{}
			var s, got *session.Session
			bound := true
			tree, _ := newTree(resource.Func(func(req *resource.Request) {
				bound = req.Bind(s)
				got = req.GetSession()
			}))
			other.Clock = tree.Sessions.Clock
			s = made(t, other)
			end(other, s)
			why := s.Reason()
			require.NotEqual(t, session.Alive, why)
			r := answer(t, tree, get(t, "/"))
			require.False(t, bound)
			require.Len(t, setCookies(r), 1, "the visitor has one of the site's")
			require.Equal(t, got.UID(), uidOf(t, setCookies(r)[0]))
			require.NotEqual(t, s, got)
			require.Equal(t, why, s.Reason(), "nothing is revived")
			require.Zero(t, s.Remaining())
		})
	}
	t.Run("after one that is alive", func(t *testing.T) {
		var first, second *session.Session
		tree, _ := newTree(resource.Func(func(req *resource.Request) {
			fmt.Fprint(req, req.Bind(first), req.Bind(second), req.GetSession() == first)
		}))
		first, second = made(t, tree.Sessions), made(t, tree.Sessions)
		second.Expire()
		r := answer(t, tree, get(t, "/"))
		require.Equal(t, "true false true", string(r.Body()))
		require.Empty(t, setCookies(r))
	})
}

// Another Bind takes the place of the one before, which is held nevertheless.
func TestBindTwice(t *testing.T) {
	var first, second *session.Session
	tree, _ := newTree(resource.Func(func(req *resource.Request) {
		fmt.Fprint(req, req.Bind(first), req.Bind(second), req.GetSession() == second)
		req.Sessions().Clock.Advance(time.Hour)
	}))
	first, second = made(t, tree.Sessions), made(t, tree.Sessions)
	r := answer(t, tree, get(t, "/"))
	require.Equal(t, "true true true", string(r.Body()))
	require.Equal(t, session.Alive, first.Reason())
	require.Equal(t, session.Alive, second.Reason())
	tree.Sessions.Clock.Advance(time.Hour)
	require.Equal(t, session.Idle, first.Reason(), "nothing holds it after the request")
	require.Equal(t, session.Idle, second.Reason())
}

// Only the request that was bound is bound: the next on the connection has a
// session of its own.
func TestBindIsOfOneRequest(t *testing.T) {
	var s *session.Session
	tree, _ := newTree(branch(map[string]resource.Resource{
		"bound": resource.Func(func(req *resource.Request) { fmt.Fprint(req, req.Bind(s), req.GetSession() == s) }),
		"free":  resource.Func(func(req *resource.Request) { fmt.Fprint(req, req.PeekSession() == nil, req.GetSession() == s) }),
	}))
	s = made(t, tree.Sessions)
	h := serve(t, tree.Handler)
	c := h.dial(t)
	br := bufio.NewReader(c)
	for range 3 {
		r := exchange(t, c, br, raw("GET", "/bound"))
		require.Equal(t, "true true", r.body)
		require.Empty(t, r.Header["Set-Cookie"])
		r = exchange(t, c, br, raw("GET", "/free"))
		require.Equal(t, "true false", r.body)
		require.Len(t, r.Header["Set-Cookie"], 1)
	}
}

// Bind and the end race: a request either has the session, and it is not idle
// until its end, or has not.
func TestBindRacesWithTheEnd(t *testing.T) {
	var s *session.Session
	tree, log := newTree(resource.Func(func(req *resource.Request) {
		if !req.Bind(s) {
			req.Abort(410)
		}
		if req.GetSession() != s {
			req.Abort(500)
		}
	}))
	for i := range 300 {
		s = made(t, tree.Sessions)
		var all sync.WaitGroup
		for range 4 {
			ctx := get(t, "/")
			all.Go(func() {
				tree.Handler(ctx)
				if code := ctx.Response.StatusCode(); code != 200 && code != 410 {
					t.Errorf("code %d", code)
				}
				if len(setCookies(&ctx.Response)) > 0 {
					t.Error("a cookie")
				}
			})
		}
		all.Go(func() {
			if i%2 == 0 {
				s.Expire()
			} else {
				tree.Sessions.Clock.Advance(16 * time.Minute)
			}
		})
		all.Wait()
		s.Expire()
	}
	require.Empty(t, log.heard())
	require.Zero(t, tree.Sessions.Stats().Live)
	require.EqualValues(t, 300, tree.Sessions.Stats().Made)
}
