package resource_test

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

// closing tells when it is closed.
type closing struct {
	io.Reader
	closed chan struct{}
}

func (c closing) Close() error {
	close(c.closed)
	return nil
}

// gate aborts in GetChild.
type gate struct{ resource.Branch }

func (*gate) GetChild(name []byte, req *resource.Request) resource.Resource {
	deep(len(name), req)
	return nil
}

func deep(n int, req *resource.Request) {
	if n == 0 {
		req.Abort(451, "not", "here")
	}
	deep(n-1, req)
}

func TestAbort(t *testing.T) {
	closed := make(chan struct{})
	root := branch(map[string]resource.Resource{
		"deep": new(gate),
		"plain": resource.GET(func(req *resource.Request) {
			req.Response.Header.Set("X-Stays", "yes")
			req.Response.Header.SetCookie(cookie("other", "1"))
			req.SetContentType("text/html")
			req.Response.Header.Set("Content-Encoding", "gzip")
			_, _ = req.WriteString("<b>half a page")
			req.Abort(409, "<script>alert(1)</script>", "second line")
			panic("Abort returned")
		}),
		"stream": resource.GET(func(req *resource.Request) {
			req.SetBodyStream(closing{strings.NewReader("the stream"), closed}, 10)
			req.Abort(400)
		}),
		"hijack": resource.GET(func(req *resource.Request) {
			req.Hijack(nil)
			req.Abort(400)
		}),
		"no such":   resource.GET(func(req *resource.Request) { req.Abort(99999, "secret") }),
		"too low":   resource.GET(func(req *resource.Request) { req.Abort(0) }),
		"hidden":    resource.GET(func(req *resource.Request) { req.Abort(100) }),
		"unnamed":   resource.GET(func(req *resource.Request) { req.Abort(599) }),
		"in defer":  resource.GET(func(req *resource.Request) { defer req.Abort(403); panic("first") }),
		"recovered": resource.GET(func(req *resource.Request) { defer func() { _ = recover() }(); req.Abort(403) }),
	})
	tree, log := newTree(root)
	srv := serve(t, tree.Handler)

	for _, path := range []string{"/deep/x", "/deep/xxxxxxxxxxxxx", "/deep/"} {
		r := srv.ask(t, raw("GET", path))
		require.Equal(t, 451, r.StatusCode)
		require.Equal(t, "451 Unavailable For Legal Reasons\n\nnot\nhere\n", r.body)
	}

	r := srv.ask(t, raw("GET", "/plain"))
	require.Equal(t, 409, r.StatusCode)
	require.Equal(t, "409 Conflict\n\n<script>alert(1)</script>\nsecond line\n", r.body)
	require.Equal(t, "yes", r.Header.Get("X-Stays"))
	require.Equal(t, []string{"other=1"}, r.Header["Set-Cookie"])
	require.Equal(t, []string{"text/plain; charset=utf-8"}, r.Header["Content-Type"])
	require.Equal(t, []string{"nosniff"}, r.Header["X-Content-Type-Options"])
	require.NotContains(t, r.Header, "Content-Encoding")

	r = srv.ask(t, raw("GET", "/stream"))
	require.Equal(t, "400 Bad Request\n", r.body)
	<-closed

	require.Equal(t, 400, srv.ask(t, raw("GET", "/hijack")).StatusCode)
	require.Equal(t, 599, srv.ask(t, raw("GET", "/unnamed")).StatusCode)
	require.Equal(t, 403, srv.ask(t, raw("GET", "/in%20defer")).StatusCode)
	require.Equal(t, 200, srv.ask(t, raw("GET", "/recovered")).StatusCode)
	require.Empty(t, log.heard(), "an Abort is no error")

	for i, path := range []string{"/no%20such", "/too%20low", "/hidden"} {
		r = srv.ask(t, raw("GET", path))
		require.Equal(t, 500, r.StatusCode, path)
		require.Equal(t, "500 Internal Server Error\n", r.body)
		require.Len(t, log.heard(), i+1)
	}
}

func cookie(name, value string) *fasthttp.Cookie {
	c := new(fasthttp.Cookie)
	c.SetKey(name)
	c.SetValue(value)
	return c
}

// A hijack that was asked for before a request failed must not happen: the
// client expects HTTP.
func TestAbortAndPanicTakeAHijackBack(t *testing.T) {
	fails := map[string]func(*resource.Request){
		"abort": func(req *resource.Request) { req.Abort(409) },
		"panic": func(*resource.Request) { panic("on purpose") },
	}
	codes := map[string]int{"abort": 409, "panic": 500}
	for name, fail := range fails {
		t.Run(name, func(t *testing.T) {
			tree, _ := newTree(branch(map[string]resource.Resource{
				"a": resource.GET(func(req *resource.Request) {
					req.Hijack(func(net.Conn) { t.Error("hijacked") })
					fail(req)
				}),
				"b": resource.Handler(func(ctx *fasthttp.RequestCtx) {
					ctx.Hijack(func(net.Conn) { t.Error("hijacked") })
					ctx.HijackSetNoResponse(true)
					fail(&resource.Request{RequestCtx: ctx})
				}),
				"ok": say("ok"),
			}))
			srv := serve(t, tree.Handler)
			for _, path := range []string{"/a", "/b"} {
				c := srv.dial(t)
				br := bufio.NewReader(c)
				r := exchange(t, c, br, raw("GET", path))
				require.Equal(t, codes[name], r.StatusCode)
				require.Equal(t, "ok", exchange(t, c, br, raw("GET", "/ok")).body)
			}
		})
	}
}

func TestStatus(t *testing.T) {
	tree, log := newTree(branch(map[string]resource.Resource{
		"gone": resource.Status(410), "teapot": resource.Status(418), "none": resource.Status(204),
		"same": resource.Status(304), "bad": resource.Status(42),
	}))
	srv := serve(t, tree.Handler)
	for _, path := range []string{"/gone", "/gone/", "/gone/a/b?c"} {
		for _, method := range []string{"GET", "POST", "DELETE", "OPTIONS", "FOO"} {
			r := srv.ask(t, raw(method, path))
			require.Equal(t, 410, r.StatusCode)
			require.Equal(t, "410 Gone\n", r.body)
		}
	}
	require.Equal(t, 418, srv.ask(t, raw("GET", "/teapot")).StatusCode)
	require.Empty(t, log.heard())
	require.Equal(t, 500, srv.ask(t, raw("GET", "/bad")).StatusCode)
	require.Len(t, log.heard(), 1)
	for _, path := range []string{"/none", "/same"} {
		c := srv.dial(t)
		br := bufio.NewReader(c)
		r := exchange(t, c, br, raw("GET", path))
		require.Empty(t, r.body)
		require.Equal(t, "410 Gone\n", exchange(t, c, br, raw("GET", "/gone")).body, "the connection is out of step")
	}
}
