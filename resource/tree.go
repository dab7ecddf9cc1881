package resource

import (
	"errors"
	"log/slog"
	"runtime/debug"
	"sync"

	"github.com/spindleweb/spindle/session"
	"github.com/valyala/fasthttp"
)

// A Tree answers requests from a tree of resources. It is what a site.Site is
// inside; use it alone to hang resources into a fasthttp program of your own.
// The fields must not be changed after the first request.
type Tree struct {
	Root Resource

	// Sessions makes and finds the sessions. Default a zero Manager.
	Sessions *session.Manager

	// Log hears of each panic. Default slog.Default.
	Log *slog.Logger

	// Debug shows the value and the stack of a panic in the page. Default
	// false.
	Debug bool

	setup sync.Once
	pool  sync.Pool
}

func (t *Tree) init() {
	t.setup.Do(func() {
		if t.Sessions == nil {
			t.Sessions = &session.Manager{Log: t.Log}
		}
		t.pool.New = func() any { return new(Request) }
	})
}

// Handler answers a request: it is a fasthttp.RequestHandler. It survives every
// panic of a resource: the answer is then a 500, with an entry in the log.
func (t *Tree) Handler(ctx *fasthttp.RequestCtx) {
	t.init()
	req := t.pool.Get().(*Request)
	req.RequestCtx, req.tree = ctx, t
	defer req.end()
	req.answer()
}

// answer checks what must hold before the walk, and walks.
func (r *Request) answer() {
	switch string(r.Method()) {
	case fasthttp.MethodConnect:
		r.page(fasthttp.StatusNotImplemented, "") // for proxies (RFC 9110 9.3.6)
		return
	case fasthttp.MethodHead:
		r.Response.SkipBody = true
	case fasthttp.MethodOptions:
		if string(r.Request.Header.RequestURI()) == "*" {
			// A question to the server, not to a resource (RFC 9110 9.3.7).
			r.Response.Header.Set(fasthttp.HeaderAllow, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
			r.SetStatusCode(fasthttp.StatusNoContent)
			return
		}
	}
	if !r.split(r.target()) {
		r.page(fasthttp.StatusBadRequest, "")
		return
	}
	Serve(r.tree.Root, r)
}

// end is deferred: it makes an answer of a panic, completes the response and
// gives the Request back.
func (r *Request) end() {
	if v := recover(); v != nil {
		r.failed(v)
	}
	r.settle()
	if r.secret {
		r.conceal()
	}
	if r.hijack != nil || r.Response.IsBodyStream() {
		// What runs after Render may wrongly have the Request still. It must
		// then not find another visitor's.
		return
	}
	t := r.tree
	r.reset()
	t.pool.Put(r)
}

// failed answers after a panic with v.
func (r *Request) failed(v any) {
	r.Hijack(nil)
	if a, ok := v.(abort); ok {
		r.page(a.code, a.text)
		return
	}
	stack := debug.Stack()
	r.SetStatusCode(fasthttp.StatusInternalServerError)
	r.tree.report("resource: a request panicked", "method", string(r.Method()), "path", string(Redacted(r.RequestCtx, r.URI().PathOriginal())),
		"panic", describe(v), "stack", string(stack))
	r.dropBody()
	r.Response.Reset()
	r.Response.SkipBody = r.IsHead()
	text := ""
	if r.tree.Debug {
		text = describe(v) + "\n\n" + string(stack)
	}
	r.page(fasthttp.StatusInternalServerError, text)
}

// settle does what waits for the response to be complete: the session's uid
// goes into it only now, as ctx.Error and Response.Reset would have dropped it.
func (r *Request) settle() {
	if r.session == nil {
		return
	}
	defer func() {
		if v := recover(); v != nil { // of the carrier, or for a Release too many
			r.tree.report("resource: completing the response panicked", "panic", describe(v), "stack", string(debug.Stack()))
			r.Hijack(nil)
			r.page(fasthttp.StatusInternalServerError, "")
			if r.before() {
				r.settle()
			}
		}
	}()
	for {
		s := r.session
		if r.tree.Sessions.Save(r.RequestCtx, s) != nil {
			r.unsaved()
		}
		r.pass(s)
		s.Release()
		switch {
		case r.forget && s.Reason() != session.Alive:
			r.tree.Sessions.Clear(r.RequestCtx)
		case r.fresh && s.Reason() == session.Alive:
			r.tree.Sessions.Send(r.RequestCtx, s)
		}
		// The one whose uid may have to be sent is the first that was there, and so
		// comes last, when nothing drops the response any more.
		if !r.before() {
			return
		}
	}
}

// before goes back to the session that the request had before Bind, if any.
func (r *Request) before() bool {
	last := len(r.earlier) - 1
	if last < 0 {
		return false
	}
	r.had, r.earlier = r.earlier[last], r.earlier[:last]
	return true
}

// Refuse ends the request, as GetSession does, where a session could not be made or
// found: with 503 if that may pass, and with 500 and an entry in the log otherwise. It
// does not return.
func (r *Request) Refuse(err error) {
	for _, passing := range []error{session.ErrFull, session.ErrClosed, session.ErrStore, session.ErrEnded} {
		if errors.Is(err, passing) {
			r.Response.Header.Set(fasthttp.HeaderRetryAfter, retryAfter)
			r.Abort(fasthttp.StatusServiceUnavailable)
		}
	}
	if !errors.Is(err, session.ErrFactory) { // which has been told of already
		r.tree.report("resource: a session could not be made", "error", err)
	}
	r.Abort(fasthttp.StatusInternalServerError)
}

// retryAfter is in seconds.
const retryAfter = "10"

// unsaved answers, in place of what there is, a request whose changes of its
// session are not in the Store.
func (r *Request) unsaved() {
	r.Hijack(nil)
	r.dropBody()
	r.Response.Reset()
	r.Response.SkipBody = r.IsHead()
	r.Response.Header.Set(fasthttp.HeaderRetryAfter, retryAfter)
	r.page(fasthttp.StatusServiceUnavailable, "")
}

// report logs what went wrong in what the user gave us.
func (t *Tree) report(msg string, args ...any) {
	defer func() { _ = recover() }() // the logger is the user's too
	log := t.Log
	if log == nil {
		log = slog.Default()
	}
	log.Error(msg, args...)
}
