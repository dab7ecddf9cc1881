package resource_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/timer"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"
)

// parse makes a ctx of the bytes of a request, with fasthttp's own parser.
func parse(t testing.TB, raw string) *fasthttp.RequestCtx {
	t.Helper()
	ctx := new(fasthttp.RequestCtx)
	ctx.Init(new(fasthttp.Request), nil, nil)
	require.NoError(t, ctx.Request.Read(bufio.NewReaderSize(strings.NewReader(raw), 64<<10)))
	return ctx
}

// get is parse for a request with nothing special about it.
func get(t testing.TB, path string, headers ...string) *fasthttp.RequestCtx {
	t.Helper()
	return parse(t, raw("GET", path, headers...))
}

func raw(method, path string, headers ...string) string {
	text := method + " " + path + " HTTP/1.1\r\nHost: example.org\r\n"
	for _, h := range headers {
		text += h + "\r\n"
	}
	return text + "\r\n"
}

// answer has the tree answer a request without a connection.
func answer(t testing.TB, tree *resource.Tree, ctx *fasthttp.RequestCtx) *fasthttp.Response {
	t.Helper()
	tree.Handler(ctx)
	return &ctx.Response
}

// setCookies returns all Set-Cookie lines of a response.
func setCookies(r *fasthttp.Response) []string {
	var lines []string
	for _, line := range strings.Split(r.Header.String(), "\r\n") {
		if name, value, _ := strings.Cut(line, ": "); strings.EqualFold(name, "Set-Cookie") {
			lines = append(lines, value)
		}
	}
	return lines
}

// uidOf takes the uid out of a Set-Cookie line.
func uidOf(t testing.TB, line string) string {
	t.Helper()
	v, _, _ := strings.Cut(line, ";")
	name, uid, ok := strings.Cut(v, "=")
	require.True(t, ok, line)
	require.Equal(t, "sid", name)
	return uid
}

// newTree returns a tree whose time stands still, and a listener on its log.
func newTree(root resource.Resource) (*resource.Tree, *listener) {
	l := new(listener)
	log := slog.New(l)
	m := &session.Manager{Clock: new(timer.Wheel), Log: log}
	return &resource.Tree{Root: root, Sessions: m, Log: log}, l
}

// A listener is a slog handler that keeps what it hears, or panics.
type listener struct {
	mu      sync.Mutex
	entries []string
	bad     bool
}

func (l *listener) Enabled(context.Context, slog.Level) bool { return true }
func (l *listener) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *listener) WithGroup(string) slog.Handler            { return l }

func (l *listener) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var text strings.Builder
	// The text handler is what users have, so what it does with odd values counts.
	_ = slog.NewTextHandler(&text, nil).Handle(context.Background(), r)
	l.entries = append(l.entries, text.String())
	if l.bad {
		panic("the log handler is broken")
	}
	return nil
}

func (l *listener) heard() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.entries...)
}

// A host serves a handler over memory, with real bytes on the wire.
type host struct {
	ln *fasthttputil.InmemoryListener
}

func serve(t testing.TB, h fasthttp.RequestHandler) *host {
	t.Helper()
	srv := &fasthttp.Server{Handler: h, Logger: silent{}, SecureErrorLogMessage: true, ReadBufferSize: 64 << 10}
	ln := fasthttputil.NewInmemoryListener()
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ln) }()
	t.Cleanup(func() {
		_ = ln.Close()
		<-done
	})
	return &host{ln}
}

type silent struct{}

func (silent) Printf(string, ...any) {}

func (h *host) dial(t testing.TB) net.Conn {
	t.Helper()
	c, err := h.ln.Dial()
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// A reply is a response as a client reads it. err is what went wrong in that.
type reply struct {
	*http.Response
	body string
	err  error
}

// ask sends the bytes of one request on a new connection.
func (h *host) ask(t testing.TB, text string) reply {
	t.Helper()
	c := h.dial(t)
	return exchange(t, c, bufio.NewReader(c), text)
}

func exchange(t testing.TB, c net.Conn, br *bufio.Reader, text string) reply {
	t.Helper()
	_, err := io.WriteString(c, text)
	require.NoError(t, err)
	method, _, _ := strings.Cut(text, " ")
	resp, err := http.ReadResponse(br, &http.Request{Method: method})
	if err != nil {
		return reply{new(http.Response), "", err}
	}
	body, err := io.ReadAll(resp.Body)
	return reply{resp, string(body), err}
}

// say is a resource that writes text.
func say(text string) resource.Resource {
	return resource.GET(func(req *resource.Request) { _, _ = req.WriteString(text) })
}

// branch returns a Branch with children.
func branch(children map[string]resource.Resource) *resource.Branch {
	b := new(resource.Branch)
	for name, child := range children {
		b.PutChild(name, child)
	}
	return b
}

// known is what a Manager without a Store has found: there is no error then.
func known(s *session.Session, err error) *session.Session {
	if err != nil {
		panic(err)
	}
	return s
}
