package resource

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"runtime/debug"
	"sync/atomic"

	"github.com/valyala/fasthttp"
)

// What runs after Render has returned, on goroutines that fasthttp starts, would
// end the process by a panic. The methods here stand in for those of RequestCtx:
// a panic becomes an entry in the log and a connection that breaks off, so that
// no client takes what it has for the whole. A session that the request has is
// not idle until they are through.

var errPanicked = errors.New("resource: a body stream panicked")

// SetBodyStreamWriter has w write the body, on a goroutine of its own and while
// it is being sent.
func (r *Request) SetBodyStreamWriter(w fasthttp.StreamWriter) {
	t, s := r.tree, r.session
	if s != nil {
		s.Hold()
	}
	var panicked atomic.Bool
	stream := fasthttp.NewStreamReader(func(bw *bufio.Writer) {
		defer func() {
			if v := recover(); v != nil {
				panicked.Store(true)
				t.report("resource: a stream writer panicked", "panic", v, "stack", string(debug.Stack()))
			}
			if s != nil {
				s.Release()
			}
		}()
		w(bw)
	})
	r.RequestCtx.SetBodyStream(&guarded{t: t, r: stream, broken: &panicked}, -1)
}

// SetBodyStream has the body read from body, of size bytes or until its end if
// size is negative, and closes it afterwards if it is an io.Closer.
func (r *Request) SetBodyStream(body io.Reader, size int) {
	if _, file := body.(*os.File); !file { // which the kernel may send by itself
		body = &guarded{t: r.tree, r: body, broken: new(atomic.Bool)}
	}
	r.RequestCtx.SetBodyStream(body, size)
}

// Hijack has h take over the connection once the response has been sent, on a
// goroutine of its own. A nil h takes that back.
func (r *Request) Hijack(h fasthttp.HijackHandler) {
	if h == nil {
		r.RequestCtx.Hijack(nil)
		return
	}
	t, s := r.tree, r.session
	r.RequestCtx.Hijack(func(c net.Conn) {
		if s != nil {
			s.Hold()
			defer s.Release()
		}
		defer func() {
			if v := recover(); v != nil {
				t.report("resource: a hijack handler panicked", "panic", v, "stack", string(debug.Stack()))
			}
		}()
		h(c)
	})
}

// guarded is a body stream whose panics are errors.
type guarded struct {
	t      *Tree
	r      io.Reader
	broken *atomic.Bool
}

func (g *guarded) Read(p []byte) (n int, err error) {
	defer func() {
		if v := recover(); v != nil {
			n, err = 0, g.caught(v)
		}
	}()
	n, err = g.r.Read(p)
	if err == io.EOF && g.broken.Load() {
		err = errPanicked
	}
	return n, err
}

func (g *guarded) Close() (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = g.caught(v)
		}
	}()
	if c, ok := g.r.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

func (g *guarded) caught(v any) error {
	g.t.report("resource: a body stream panicked", "panic", v, "stack", string(debug.Stack()))
	return errPanicked
}
