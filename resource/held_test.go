package resource_test

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/stretchr/testify/require"
)

// slow is a resource whose requests stop at a gate, in one way or another.
type slow struct {
	at, on chan struct{} // arrived, and may go on
	s      chan *session.Session
}

func newSlow() *slow {
	return &slow{make(chan struct{}, 1), make(chan struct{}), make(chan *session.Session, 1)}
}

func (w *slow) wait() {
	w.at <- struct{}{}
	<-w.on
}

func (w *slow) get(req *resource.Request) { w.s <- req.GetSession() }

// waiting is a body that waits before it ends.
type waiting struct {
	*slow
}

func (w waiting) Read([]byte) (int, error) {
	w.wait()
	return 0, io.EOF
}

func TestSessionInUseIsNotIdle(t *testing.T) {
	ways := map[string]func(w *slow, req *resource.Request){
		"request": func(w *slow, req *resource.Request) { w.get(req); w.wait() },
		"request that fails": func(w *slow, req *resource.Request) {
			w.get(req)
			w.wait()
			panic("x")
		},
		"request that aborts": func(w *slow, req *resource.Request) { w.get(req); w.wait(); req.Abort(404) },
		"bound": func(w *slow, req *resource.Request) {
			s, err := req.Sessions().Create(nil)
			if err != nil {
				panic(err)
			}
			req.Bind(s)
			w.get(req)
			w.wait()
		},
		"stream writer": func(w *slow, req *resource.Request) {
			w.get(req)
			req.SetBodyStreamWriter(func(*bufio.Writer) { w.wait() })
		},
		"stream writer that panics": func(w *slow, req *resource.Request) {
			w.get(req)
			req.SetBodyStreamWriter(func(*bufio.Writer) { w.wait(); panic("x") })
		},
		"stream writer set first": func(w *slow, req *resource.Request) {
			req.SetBodyStreamWriter(func(*bufio.Writer) { w.wait() })
			w.get(req)
		},
		"stream": func(w *slow, req *resource.Request) {
			w.get(req)
			req.SetBodyStream(waiting{slow: w}, -1)
		},
		"hijacked": func(w *slow, req *resource.Request) {
			w.get(req)
			req.Hijack(func(net.Conn) { w.wait() })
		},
		"hijacked, panics": func(w *slow, req *resource.Request) {
			w.get(req)
			req.Hijack(func(net.Conn) { w.wait(); panic("x") })
		},
		"hijack set first": func(w *slow, req *resource.Request) {
			req.Hijack(func(net.Conn) { w.wait() })
			w.get(req)
		},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			w := newSlow()
			tree, _ := newTree(resource.Func(func(req *resource.Request) { way(w, req) }))
			tree.Sessions.Factory = session.Lasting(time.Minute)
			gone := make(chan session.Reason, 1)
			tree.Sessions.OnExpire = func(s *session.Session) { gone <- s.Reason() }
			clock := tree.Sessions.Clock
			srv := serve(t, tree.Handler)
			c := srv.dial(t)
			headers := []string{"Connection: close"}
			if strings.HasPrefix(name, "hijack") {
				headers = nil // fasthttp closes before it hijacks
			}
			_, err := io.WriteString(c, raw("GET", "/", headers...))
			require.NoError(t, err)
			s := <-w.s
			<-w.at
			clock.Advance(time.Hour)
			alive := s.Reason()
			close(w.on)
			_, _ = io.ReadAll(c) // ends when the request is over
			require.Equal(t, session.Alive, alive, "a session in use has ended")
			clock.Advance(time.Minute - time.Second)
			require.Equal(t, session.Alive, s.Reason(), "idleness starts anew")
			clock.Advance(3 * time.Second)
			require.Equal(t, session.Idle, <-gone)
		})
	}
}

// A request that binds another session has the one before too until its end, and
// each that it has replaced.
func TestBoundSessionsAreAllHeld(t *testing.T) {
	w := newSlow()
	var first *session.Session
	tree, _ := newTree(resource.Func(func(req *resource.Request) {
		first = req.GetSession()
		s, err := req.Sessions().Create(nil)
		if err != nil {
			panic(err)
		}
		req.Bind(s)
		req.Bind(s)
		w.get(req)
		w.wait()
	}))
	gone := make(chan *session.Session, 2)
	tree.Sessions.OnExpire = func(s *session.Session) { gone <- s }
	done := make(chan struct{})
	ctx := get(t, "/")
	go func() {
		defer close(done)
		tree.Handler(ctx)
	}()
	second := <-w.s
	<-w.at
	tree.Sessions.Clock.Advance(time.Hour)
	require.Equal(t, session.Alive, first.Reason())
	require.Equal(t, session.Alive, second.Reason())
	close(w.on)
	<-done
	require.Len(t, setCookies(&ctx.Response), 1)
	require.Equal(t, first.UID(), uidOf(t, setCookies(&ctx.Response)[0]), "the client hears of the one that is new")
	tree.Sessions.Clock.Advance(time.Hour)
	require.ElementsMatch(t, []*session.Session{first, second}, []*session.Session{<-gone, <-gone})
}

// Even a timeout of nothing passes only when no request has the session.
func TestTimeoutOfZeroLastsForTheRequest(t *testing.T) {
	tree, _ := newTree(nil)
	gone := make(chan struct{}, 1)
	tree.Root = resource.Func(func(req *resource.Request) {
		s := req.GetSession()
		tree.Sessions.Clock.Advance(time.Second)
		if req.GetSession() != s {
			panic("another session")
		}
	})
	tree.Sessions.Factory = session.Lasting(0)
	tree.Sessions.OnExpire = func(*session.Session) { gone <- struct{}{} }
	require.Equal(t, 200, answer(t, tree, get(t, "/")).StatusCode())
	tree.Sessions.Clock.Advance(time.Second)
	<-gone
}
