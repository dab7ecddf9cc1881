package persession_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

const minute = time.Minute

// A room is a resource whose requests wait in it: one at a time comes in, and
// goes on when it is let.
type room struct{ in, out chan struct{} }

func newRoom() room { return room{make(chan struct{}), make(chan struct{})} }

func (r room) wait() {
	r.in <- struct{}{}
	<-r.out
}

// enter sends a request that waits, and returns where its answer will come from.
func (r room) enter(t testing.TB, w *world, method, path string) <-chan *fasthttp.Response {
	t.Helper()
	answers := make(chan *fasthttp.Response, 1)
	go func() { answers <- w.do(method, path) }()
	receive(t, r.in)
	return answers
}

// spaceOfMinutes has sessions of a minute that own something, and wait at /wait.
func spaceOfMinutes(t testing.TB, r room) (*world, *owned) {
	o := own()
	w := newWorld(t, func(s *session.Session) resource.Resource {
		s.Own(o)
		b := new(resource.Branch)
		b.PutChild("", say("here"))
		b.PutChild("wait", resource.Func(func(req *resource.Request) {
			r.wait()
			_, _ = fmt.Fprint(req, req.GetSession().Reason())
		}))
		b.PutChild("die", resource.Func(func(req *resource.Request) {
			req.ExpireSession()
			_, _ = fmt.Fprint(req, o.n.Load())
		}))
		return b
	})
	w.Sessions.Factory = session.Lasting(minute)
	return w, o
}

func TestSilenceEndsASession(t *testing.T) {
	w, o := spaceOfMinutes(t, newRoom())
	where, s := w.open(t)
	for range 100 {
		w.wheel.Advance(minute - 1)
		require.Equal(t, 200, w.code("GET", where+"/"))
	}
	w.wheel.Advance(minute - 1)
	require.Equal(t, session.Alive, s.Reason(), "too early")
	w.wheel.Advance(minute / 32)
	receive(t, o.done)
	require.Equal(t, session.Idle, s.Reason())
	require.Equal(t, 404, w.code("GET", where+"/"))
	require.EqualValues(t, 1, o.n.Load())
}

// Whatever reaches the address is activity, be it answered with an error.
func TestWhatIsActivity(t *testing.T) {
	for name, is := range map[string]struct {
		yes bool
		do  func(w *world, where string, s *session.Session)
	}{
		"GET":           {true, func(w *world, where string, _ *session.Session) { w.do("GET", where+"/") }},
		"HEAD":          {true, func(w *world, where string, _ *session.Session) { w.do("HEAD", where) }},
		"404 below":     {true, func(w *world, where string, _ *session.Session) { w.do("GET", where+"/nothing") }},
		"405":           {true, func(w *world, where string, _ *session.Session) { w.do("PUT", where) }},
		"501":           {true, func(w *world, where string, _ *session.Session) { w.do("BREW", where) }},
		"OPTIONS":       {true, func(w *world, where string, _ *session.Session) { w.do("OPTIONS", where) }},
		"another's":     {false, func(w *world, _ string, _ *session.Session) { w.do("POST", "/cursors") }},
		"the Space":     {false, func(w *world, _ string, _ *session.Session) { w.do("GET", "/cursors") }},
		"its id longer": {false, func(w *world, where string, _ *session.Session) { w.do("GET", where+"A") }},
		"as a cookie":   {false, func(w *world, _ string, s *session.Session) { w.do("GET", "/site", "Cookie: sid="+s.UID()) }},
		"Get":           {false, func(w *world, _ string, s *session.Session) { _, _ = w.Sessions.Get(context.Background(), s.UID()) }},
		"Exists":        {false, func(w *world, _ string, s *session.Session) { _, _ = w.Sessions.Exists(context.Background(), s.UID()) }},
		"Remaining":     {false, func(_ *world, _ string, s *session.Session) { s.Remaining() }},
		"Stats":         {false, func(w *world, _ string, _ *session.Session) { w.Sessions.Stats() }},
		"Context":       {false, func(_ *world, _ string, s *session.Session) { s.Context() }},
		"All": {false, func(w *world, _ string, _ *session.Session) {
			for s := range w.Sessions.All() {
				s.Remaining()
				s.Timeout()
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := spaceOfMinutes(t, newRoom())
			where, s := w.open(t)
			for range 5 {
				w.wheel.Advance(20 * time.Second)
				is.do(w, where, s)
			}
			if is.yes {
				require.Equal(t, session.Alive, s.Reason())
			} else {
				require.Equal(t, session.Idle, s.Reason())
			}
		})
	}
}

func TestARequestUnderWay(t *testing.T) {
	r := newRoom()
	w, o := spaceOfMinutes(t, r)
	where, s := w.open(t)
	answer := r.enter(t, w, "GET", where+"/wait")
	for range 100 {
		w.wheel.Advance(minute)
		require.Equal(t, session.Alive, s.Reason())
	}
	require.Equal(t, 200, w.code("GET", where+"/"), "others are served")
	w.wheel.Advance(2 * minute)
	r.out <- struct{}{}
	require.Equal(t, "alive", string(receive(t, answer).Body()))
	w.wheel.Advance(minute - 1)
	require.Equal(t, session.Alive, s.Reason(), "idleness begins when the request has ended")
	w.wheel.Advance(2 * time.Second)
	receive(t, o.done)
	require.Equal(t, session.Idle, s.Reason())
}

func TestARequestThatPanicsHoldsNothing(t *testing.T) {
	w := newWorld(t, func(*session.Session) resource.Resource { return resource.Func(func(*resource.Request) { panic("x") }) })
	w.Sessions.Factory = session.Lasting(minute)
	where, s := w.open(t)
	require.Equal(t, 500, w.code("GET", where))
	w.wheel.Advance(minute - 1)
	require.Equal(t, session.Alive, s.Reason())
	w.wheel.Advance(2 * time.Second)
	require.Equal(t, session.Idle, s.Reason())
}

// A stream is written when Render has returned long ago.
func TestAStreamThatIsStillBeingWritten(t *testing.T) {
	o := own()
	w := newWorld(t, func(s *session.Session) resource.Resource {
		s.Own(o)
		return resource.Func(func(req *resource.Request) { req.SetBodyStream(strings.NewReader("0123456789"), -1) })
	})
	w.Sessions.Factory = session.Lasting(minute)
	where, s := w.open(t)
	r := w.do("GET", where)
	var b [1]byte
	for i := range 10 {
		w.wheel.Advance(10 * minute)
		_, err := io.ReadFull(r.BodyStream(), b[:])
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(i), string(b[:]))
		require.Equal(t, session.Alive, s.Reason())
	}
	require.NoError(t, r.CloseBodyStream())
	w.wheel.Advance(minute - 1)
	require.Equal(t, session.Alive, s.Reason())
	w.wheel.Advance(2 * time.Second)
	receive(t, o.done)
	require.Equal(t, session.Idle, s.Reason())
}

// Several requests have one session; it ends under all but one of them.
func TestTheEndInTheMidstOfARequest(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(t *testing.T, w *world, where string, s *session.Session)
		says string
	}{
		"DELETE of another client": {func(t *testing.T, w *world, where string, s *session.Session) {
			require.Equal(t, 204, w.code("DELETE", where))
		}, "expired"},
		"ExpireSession of another request": {func(t *testing.T, w *world, where string, s *session.Session) {
			require.Equal(t, "1", string(w.do("GET", where+"/die").Body()), "released when it returns")
		}, "expired"},
		"lifetime": {func(t *testing.T, w *world, where string, s *session.Session) {
			s.SetLifetime(minute)
			w.wheel.Advance(minute + 2*time.Second)
		}, "lifetime"},
		"shutdown": {func(t *testing.T, w *world, where string, s *session.Session) {
			require.NoError(t, w.Sessions.Close(t.Context()))
		}, "shutdown"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom()
			w, o := spaceOfMinutes(t, r)
			where, s := w.open(t)
			first := r.enter(t, w, "GET", where+"/wait")
			second := r.enter(t, w, "HEAD", where+"/wait")
			test.end(t, w, where, s)
			receive(t, o.done)
			require.Equal(t, 404, w.code("GET", where+"/"))
			for range 2 {
				r.out <- struct{}{}
			}
			answer := receive(t, first)
			require.Equal(t, 200, answer.StatusCode())
			require.Equal(t, test.says, string(answer.Body()), "it still has the session")
			concealed(t, answer)
			concealed(t, receive(t, second))
			require.EqualValues(t, 1, o.n.Load())
			require.EqualValues(t, 1, w.Sessions.Stats().Made)
			require.Zero(t, w.tree.Sessions.Stats().Made)
			require.Zero(t, w.log.entries(), w.log.String())
		})
	}
}

func TestManyDeleteAtOnce(t *testing.T) {
	w, o := spaceOfMinutes(t, newRoom())
	for n := range 50 {
		where, s := w.open(t)
		codes := make([]int, 8)
		var all sync.WaitGroup
		for i := range codes {
			all.Go(func() { codes[i] = w.code("DELETE", where+[]string{"", "/"}[i%2]) })
		}
		all.Wait()
		require.Contains(t, codes, 204)
		for _, code := range codes {
			require.Contains(t, []int{204, 404}, code)
		}
		require.Equal(t, session.Expired, s.Reason())
		require.EqualValues(t, n+1, o.n.Load())
		<-o.done
	}
}

// DELETE answers when all has been released, not before.
func TestDeleteWaits(t *testing.T) {
	r := newRoom()
	w, _ := spaceOfMinutes(t, r)
	where, s := w.open(t)
	s.NotifyOnExpire(r.wait)
	answer := r.enter(t, w, "DELETE", where)
	require.Empty(t, answer)
	require.Equal(t, 404, w.code("DELETE", where))
	r.out <- struct{}{}
	require.Equal(t, 204, receive(t, answer).StatusCode())
}

func TestTheOrderOfTheEnd(t *testing.T) {
	var order []string
	w := newWorld(t, func(s *session.Session) resource.Resource {
		ctx := s.Context()
		s.NotifyOnExpire(func() { order = append(order, fmt.Sprint("New's ", ctx.Err() != nil)) })
		return say("here")
	})
	where, s := w.open(t)
	s.NotifyOnExpire(func() { order = append(order, "later") })
	require.Equal(t, 204, w.code("DELETE", where))
	require.Equal(t, []string{"New's true", "later"}, order)
}
