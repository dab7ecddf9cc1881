package resource_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/stretchr/testify/require"
)

// What goes on after Render holds all sessions that the request had, not only the
// one that it bound last.
func TestEarlierSessionsAreHeldAfterRender(t *testing.T) {
	for name, goOn := range map[string]func(w *slow, req *resource.Request){
		"stream writer": func(w *slow, req *resource.Request) { req.SetBodyStreamWriter(func(*bufio.Writer) { w.wait() }) },
		"stream":        func(w *slow, req *resource.Request) { req.SetBodyStream(waiting{slow: w}, -1) },
		"hijacked":      func(w *slow, req *resource.Request) { req.Hijack(func(net.Conn) { w.wait() }) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newSlow()
			var all []*session.Session
			tree, _ := newTree(nil)
			tree.Root = resource.Func(func(req *resource.Request) {
				all = append(all, req.GetSession())
				for range 2 {
					s := made(t, tree.Sessions)
					req.Bind(s)
					all = append(all, s)
				}
				goOn(w, req)
			})
			tree.Sessions.Factory = session.Lasting(time.Minute)
			gone := make(chan session.Reason, 3)
			tree.Sessions.OnExpire = func(s *session.Session) { gone <- s.Reason() }
			c := serve(t, tree.Handler).dial(t)
			_, err := io.WriteString(c, raw("GET", "/"))
			require.NoError(t, err)
			<-w.at
			tree.Sessions.Clock.Advance(time.Hour)
			var alive []session.Reason
			for _, s := range all {
				alive = append(alive, s.Reason())
			}
			close(w.on)
			require.Equal(t, make([]session.Reason, 3), alive)
			late := time.Now().Add(time.Minute) // so that a hang is a failure
			for len(gone) < 3 && time.Now().Before(late) {
				tree.Sessions.Clock.Advance(time.Minute)
			}
			require.Len(t, gone, 3)
		})
	}
}

// A Release too many is noticed once, and costs the other sessions nothing.
func TestEarlierSessionsAreLetGoOfWhateverHappens(t *testing.T) {
	var first, bound *session.Session
	tree, log := newTree(nil)
	tree.Root = resource.Func(func(req *resource.Request) {
		first = req.GetSession()
		req.Bind(bound)
		bound.Release()
	})
	bound = made(t, tree.Sessions)
	r := answer(t, tree, get(t, "/"))
	require.Equal(t, 500, r.StatusCode())
	require.Len(t, log.heard(), 1)
	require.Len(t, setCookies(r), 1)
	require.Equal(t, first.UID(), uidOf(t, setCookies(r)[0]))
	tree.Sessions.Clock.Advance(time.Hour)
	require.Equal(t, session.Idle, first.Reason(), "nothing holds it")
}

// What was changed in the session before is saved like what was changed in the one
// that is bound, and a failure of either is that of the request.
func TestEarlierSessionsAreSaved(t *testing.T) {
	for _, failing := range []bool{false, true} {
		tree, way, _ := withStore(nil)
		var bound *session.Session
		tree.Root = resource.Func(func(req *resource.Request) {
			_ = kept.Set(req.GetSession(), "kept")
			req.Bind(bound)
			_, _ = req.WriteString("done")
		})
		bound = made(t, tree.Sessions)
		if failing {
			way.FailNext("Save", 1, errors.New("disk full"))
		}
		r := answer(t, tree, get(t, "/"))
		require.Len(t, setCookies(r), 1)
		s, err := tree.Sessions.Get(t.Context(), uidOf(t, setCookies(r)[0]))
		require.NoError(t, err)
		v, _ := kept.Get(s)
		if failing {
			require.Equal(t, 503, r.StatusCode())
			require.NotContains(t, string(r.Body()), "done")
			require.Empty(t, v)
		} else {
			require.Equal(t, 200, r.StatusCode())
			require.EqualValues(t, 1, tree.Sessions.Stats().Store.Saves, "before the answer")
			require.Equal(t, "kept", v)
		}
		require.NoError(t, tree.Sessions.Close(t.Context()))
	}
}

// Binding again what is bound changes nothing.
func TestBindOfTheSameSession(t *testing.T) {
	var s *session.Session
	tree, _ := newTree(resource.Func(func(req *resource.Request) {
		for range 1000 {
			if !req.Bind(s) || req.GetSession() != s {
				req.Abort(410)
			}
		}
	}))
	s = made(t, tree.Sessions)
	require.Equal(t, 200, answer(t, tree, get(t, "/")).StatusCode())
	tree.Sessions.Clock.Advance(time.Hour)
	require.Equal(t, session.Idle, s.Reason())
}
