package resource_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/timer"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

// broken panics wherever it is asked to.
type broken struct {
	resource.Branch
	where string
	value any
}

func (b *broken) at(where string) {
	if b.where == where {
		panic(b.value)
	}
}

func (b *broken) IsLeaf() bool { b.at("IsLeaf"); return false }
func (b *broken) GetChild([]byte, *resource.Request) resource.Resource {
	b.at("GetChild")
	return nil
}
func (b *broken) RenderGET(req *resource.Request) {
	req.Response.Header.Set("X-Half", "done")
	req.SetContentType("text/html")
	_, _ = req.WriteString("<b>half a page")
	b.at("RenderGET")
}
func (b *broken) RenderPOST(*resource.Request)    { b.at("RenderPOST") }
func (b *broken) RenderOPTIONS(*resource.Request) { b.at("RenderOPTIONS") }

const secretText = "<script>secret</script>"

type (
	badError  struct{}
	badString struct{}
	worse     struct{}
)

func (badError) Error() string   { panic("Error panics") }
func (badString) String() string { panic(badError{}) }
func (worse) Error() string      { panic(worse{}) }
func (worse) String() string     { panic(worse{}) }
func (worse) LogValue() slog.Value {
	panic(worse{})
}

func TestPanicIsA500(t *testing.T) {
	tests := []struct{ where, method, path string }{
		{"RenderGET", "GET", "/b"},
		{"RenderGET", "HEAD", "/b"},
		{"RenderGET", "GET", "/b/"},
		{"RenderPOST", "POST", "/b"},
		{"RenderOPTIONS", "OPTIONS", "/b"},
		{"GetChild", "GET", "/b/x"},
		{"GetChild", "FOO", "/b/x"},
		{"IsLeaf", "GET", "/b/x"},
	}
	values := map[string]any{
		"text": secretText, "error": errors.New(secretText), "nil": nil, "number": 42, "nil error": error((*nilError)(nil)),
		"bad Error": badError{}, "bad String": badString{}, "worse": worse{}, "pointer": new(worse), "function": func() {},
		"fasthttp": fasthttp.ErrNoArgValue,
	}
	for _, test := range tests {
		for name, value := range values {
			t.Run(test.where+" "+test.method+" "+test.path+" "+name, func(t *testing.T) {
				b := &broken{where: test.where, value: value}
				tree, log := newTree(branch(map[string]resource.Resource{"b": b, "ok": say("ok")}))
				srv := serve(t, tree.Handler)
				r := srv.ask(t, raw(test.method, test.path))
				require.NoError(t, r.err)
				require.Equal(t, 500, r.StatusCode)
				if test.method != "HEAD" {
					require.Equal(t, "500 Internal Server Error\n", r.body)
				}
				require.Equal(t, []string{"text/plain; charset=utf-8"}, r.Header["Content-Type"])
				require.Equal(t, []string{"nosniff"}, r.Header["X-Content-Type-Options"])
				require.NotContains(t, r.Header, "X-Half")
				require.Len(t, log.heard(), 1)
				require.Contains(t, log.heard()[0], "level=ERROR")
				require.Contains(t, log.heard()[0], "stack=")
				require.Equal(t, 1, strings.Count(log.heard()[0], "\n"))
				require.Equal(t, "ok", srv.ask(t, raw("GET", "/ok")).body)
			})
		}
	}
}

type nilError struct{ text string }

func (e *nilError) Error() string { return e.text }

func TestDebugShowsThePanicAsText(t *testing.T) {
	for name, value := range map[string]any{"text": secretText, "error": errors.New(secretText), "worse": worse{}, "nil": nil} {
		t.Run(name, func(t *testing.T) {
			tree, log := newTree(&broken{where: "RenderGET", value: value})
			tree.Debug = true
			r := serve(t, tree.Handler).ask(t, raw("GET", "/"))
			require.NoError(t, r.err)
			require.Equal(t, 500, r.StatusCode)
			require.Contains(t, r.body, "500 Internal Server Error\n")
			require.Contains(t, r.body, "panic_test.go", "the stack")
			if name == "text" || name == "error" {
				require.Contains(t, r.body, secretText)
			}
			require.Equal(t, []string{"text/plain; charset=utf-8"}, r.Header["Content-Type"])
			require.Equal(t, []string{"nosniff"}, r.Header["X-Content-Type-Options"])
			require.Len(t, log.heard(), 1)
		})
	}
}

func TestPanicsWithALoggerThatPanics(t *testing.T) {
	tree, log := newTree(branch(map[string]resource.Resource{
		"b": &broken{where: "RenderGET", value: "x"}, "ok": say("ok"), "code": resource.Status(1),
		"s": resource.Func(func(req *resource.Request) {
			req.GetSession().NotifyOnExpire(func() { panic("callback") })
			req.ExpireSession()
		}),
	}))
	log.bad = true
	srv := serve(t, tree.Handler)
	require.Equal(t, 500, srv.ask(t, raw("GET", "/b")).StatusCode)
	require.Equal(t, 500, srv.ask(t, raw("GET", "/code")).StatusCode)
	require.Equal(t, 200, srv.ask(t, raw("GET", "/s")).StatusCode)
	require.Len(t, log.heard(), 3)
	require.Equal(t, "ok", srv.ask(t, raw("GET", "/ok")).body)
}

// badCarrier panics wherever it is asked to.
type badCarrier struct {
	session.Cookie
	where string
}

func (c *badCarrier) at(where string) {
	if c.where == where {
		panic("on purpose: " + where)
	}
}

func (c *badCarrier) UID(ctx *fasthttp.RequestCtx, n int) []byte {
	c.at("UID")
	return c.Cookie.UID(ctx, n)
}
func (c *badCarrier) Send(ctx *fasthttp.RequestCtx, uid string) {
	c.at("Send")
	c.Cookie.Send(ctx, uid)
}
func (c *badCarrier) Clear(ctx *fasthttp.RequestCtx) {
	c.at("Clear")
	c.Cookie.Clear(ctx)
}

func TestPanicsOfACarrier(t *testing.T) {
	for _, where := range []string{"UID", "Send", "Clear"} {
		t.Run(where, func(t *testing.T) {
			root := branch(map[string]resource.Resource{
				"s":     resource.Func(func(req *resource.Request) { req.GetSession(); _, _ = req.WriteString(secretText) }),
				"abort": resource.Func(func(req *resource.Request) { req.GetSession(); req.Abort(404, secretText) }),
				"out":   resource.Func(func(req *resource.Request) { req.GetSession(); req.ExpireSession() }),
				"ok":    say("ok"),
			})
			tree, log := newTree(root)
			tree.Sessions.Carrier = &badCarrier{where: where}
			srv := serve(t, tree.Handler)
			paths := []string{"/s", "/abort"}
			if where == "Clear" {
				paths = []string{"/out"}
			}
			for i, path := range paths {
				r := srv.ask(t, raw("GET", path))
				require.NoError(t, r.err)
				require.Equal(t, 500, r.StatusCode)
				require.Equal(t, "500 Internal Server Error\n", r.body)
				require.Len(t, log.heard(), i+1)
			}
			require.Equal(t, "ok", srv.ask(t, raw("GET", "/ok")).body)
			for s := range tree.Sessions.All() {
				s.SetTimeout(0)
			}
			tree.Sessions.Clock.Advance(1e9)
			require.Zero(t, tree.Sessions.Stats().Live, "a request still holds its session")
		})
	}
}

func TestPanicsOfCallbacks(t *testing.T) {
	done := make(chan string, 8)
	root := branch(map[string]resource.Resource{
		"make": resource.Func(func(req *resource.Request) {
			s := req.GetSession()
			s.NotifyOnExpire(func() { panic(worse{}) })
			s.NotifyOnExpire(func() { done <- "second" })
		}),
		"end": resource.Func(func(req *resource.Request) { req.ExpireSession(); _, _ = req.WriteString("ended") }),
	})
	tree, log := newTree(root)
	srv := serve(t, tree.Handler)
	r := srv.ask(t, raw("GET", "/make"))
	require.Equal(t, 200, r.StatusCode)
	id := strings.SplitN(r.Header.Get("Set-Cookie"), ";", 2)[0]
	r = srv.ask(t, raw("GET", "/end", "Cookie: "+id))
	require.Equal(t, "ended", r.body)
	require.Equal(t, "second", <-done)
	require.Len(t, log.heard(), 1)

	srv.ask(t, raw("GET", "/make"))
	tree.Sessions.Clock.Advance(session.DefaultTimeout * 2)
	require.Equal(t, "second", <-done)
	require.Len(t, log.heard(), 2)
}

// A Tree without Sessions makes its own, and they have the same log.
func TestPanicOfACallbackIsInTheTreesLog(t *testing.T) {
	l := new(listener)
	tree := &resource.Tree{Log: slog.New(l), Root: resource.Func(func(req *resource.Request) {
		req.GetSession().NotifyOnExpire(func() { panic("callback") })
		req.ExpireSession()
	})}
	require.Equal(t, 200, answer(t, tree, get(t, "/")).StatusCode())
	require.NoError(t, tree.Sessions.Close(t.Context()))
	require.Len(t, l.heard(), 1, "Log hears of each panic")
}

func TestFailuresOfAFactory(t *testing.T) {
	stock := session.New("elsewhere")
	factories := map[string]session.Factory{
		"panic":       func(string) *session.Session { panic(secretText) },
		"worse":       func(string) *session.Session { panic(worse{}) },
		"nil":         func(string) *session.Session { return nil },
		"another uid": func(string) *session.Session { return session.New("x") },
		"used":        func(string) *session.Session { return stock },
		"ended":       func(uid string) *session.Session { s := session.New(uid); s.Expire(); return s },
	}
	for name, factory := range factories {
		t.Run(name, func(t *testing.T) {
			l := new(listener)
			m := &session.Manager{Factory: factory, Clock: new(timer.Wheel), Log: slog.New(l)}
			tree := &resource.Tree{Sessions: m, Log: slog.New(l), Root: resource.Func(func(req *resource.Request) {
				req.GetSession()
				_, _ = req.WriteString("not reached")
			})}
			r := answer(t, tree, get(t, "/"))
			require.Equal(t, 500, r.StatusCode())
			require.Equal(t, "500 Internal Server Error\n", string(r.Body()))
			require.Empty(t, setCookies(r))
			require.Len(t, l.heard(), 1)
			st := m.Stats()
			require.Equal(t, "0 0 map[]", fmt.Sprint(st.Live, st.Made, st.Ended))
			for range m.All() {
				t.Fatal("something is left")
			}
			m.SetFactory(session.New)
			require.Equal(t, 200, answer(t, tree, get(t, "/")).StatusCode())
		})
	}
}

// A panic in one request must not be found in the answer to another, nor leave
// the session of one to another.
func TestPanicLeavesNothingBehind(t *testing.T) {
	tree, _ := newTree(branch(map[string]resource.Resource{
		"b": resource.Func(func(req *resource.Request) { req.GetSession(); panic("x") }),
		"p": resource.Func(func(req *resource.Request) { fmt.Fprint(req, req.PeekSession() == nil, req.Prepath()) }),
	}))
	for range 100 {
		r := answer(t, tree, get(t, "/b/c%41/d"))
		require.Len(t, setCookies(r), 1)
		require.Equal(t, "true [[112]]", string(answer(t, tree, get(t, "/p")).Body()))
	}
}

// A stream that RequestCtx was given has a Close of the user's. A panic in it
// while the stream is dropped must not end the process.
func TestPanicOfAPlainStreamThatIsDropped(t *testing.T) {
	for name, fail := range map[string]func(){"panic": func() { panic("render") }, "return": func() {}} {
		t.Run(name, func(t *testing.T) {
			tree, _ := newTree(resource.Handler(func(ctx *fasthttp.RequestCtx) {
				ctx.SetBodyStream(badCloser{}, -1)
				fail()
				ctx.Response.ResetBody()
			}))
			require.NotPanics(t, func() {
				require.Equal(t, 500, answer(t, tree, get(t, "/")).StatusCode())
			}, "fasthttp does not recover: this ends the process")
		})
	}
}

type badCloser struct{ strings.Reader }

func (badCloser) Read([]byte) (int, error) { return 0, nil }
func (badCloser) Close() error             { panic("Close") }
