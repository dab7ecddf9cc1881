package resource

import (
	"bufio"
	"io"
	"net"
	"runtime/debug"
	"sync/atomic"

	"github.com/spindleweb/spindle/session"
	"github.com/valyala/fasthttp"
)

// What runs after Render has returned, on goroutines that fasthttp starts, would
// end the process by a panic. The methods here stand in for those of RequestCtx:
// a panic becomes an entry in the log and a connection that breaks off, so that
// no client takes what it has for the whole. A session that the request has is
// not idle until they are through.

// SetBodyStreamWriter has w write the body, on a goroutine of its own and while
// it is being sent. Neither r nor its bytes may be used in w. The server's
// WriteTimeout is for the whole of it, unless SetWriteDeadline says otherwise.
func (r *Request) SetBodyStreamWriter(w fasthttp.StreamWriter) {
	body := &guarded{t: r.tree}
	body.r = fasthttp.NewStreamReader(func(bw *bufio.Writer) {
		defer body.recover()
		w(bw)
	})
	r.RequestCtx.SetBodyStream(body, -1)
}

// SetBodyStream has the body read from body, of size bytes or until its end if
// size is negative, and closes it afterwards if it is an io.Closer.
func (r *Request) SetBodyStream(body io.Reader, size int) {
	r.RequestCtx.SetBodyStream(&guarded{t: r.tree, r: body}, size)
}

// guarded is a body stream whose panics are errors.
type guarded struct {
	t        *Tree
	r        io.Reader
	broken   atomic.Bool
	sessions []*session.Session // held until Close
}

func (g *guarded) Read(p []byte) (n int, err error) {
	defer func() {
		if v := recover(); v != nil {
			g.caught(v)
			n, err = 0, io.ErrUnexpectedEOF
		}
	}()
	n, err = g.r.Read(p)
	if err == io.EOF && g.broken.Load() {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (g *guarded) Close() error {
	defer g.recover()
	sessions := g.sessions
	g.sessions = nil
	for _, s := range sessions {
		defer s.Release() // panics if somebody has released more than was held
	}
	if c, ok := g.r.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// recover is deferred.
func (g *guarded) recover() {
	if v := recover(); v != nil {
		g.caught(v)
	}
}

func (g *guarded) caught(v any) {
	g.broken.Store(true)
	g.t.report("resource: a body stream panicked", "panic", describe(v), "stack", string(debug.Stack()))
}

// hijack is a handler that takes over a connection.
type hijack struct {
	h        fasthttp.HijackHandler
	t        *Tree
	sessions []*session.Session
}

// Hijack has h take over the connection once the response has been sent, on a
// goroutine of its own. A nil h takes that back.
func (r *Request) Hijack(h fasthttp.HijackHandler) {
	if h == nil {
		r.hijack = nil
		r.RequestCtx.Hijack(nil)
		return
	}
	r.hijack = &hijack{h: h, t: r.tree}
	r.RequestCtx.Hijack(r.hijack.run)
}

func (j *hijack) run(c net.Conn) {
	defer func() {
		if v := recover(); v != nil {
			j.t.report("resource: a hijack handler panicked", "panic", describe(v), "stack", string(debug.Stack()))
		}
	}()
	for _, s := range j.sessions {
		s.Hold()
		defer s.Release()
	}
	j.h(c)
}

// pass has what runs after Render hold the session too. A stream is closed in
// any case, unless TimeoutError has put its response aside; a hijack handler
// holds the session itself as it begins, since it may never.
func (r *Request) pass(s *session.Session) {
	if body, ok := r.Response.BodyStream().(*guarded); ok && r.LastTimeoutErrorResponse() == nil {
		s.Hold()
		body.sessions = append(body.sessions, s)
	}
	if r.hijack != nil {
		r.hijack.sessions = append(r.hijack.sessions, s)
	}
}
