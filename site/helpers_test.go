package site_test

import (
	"bufio"
	"bytes"
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
	"github.com/spindleweb/spindle/site"
	"github.com/spindleweb/spindle/timer"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"
)

var note = session.NewKey[string]("note")

// newSite returns a site whose time stands still and whose logs are kept.
func newSite(root resource.Resource) (s *site.Site, log, access *lines) {
	log, access = new(lines), new(lines)
	s = site.New(root)
	s.Clock = new(timer.Wheel)
	s.Log = slog.New(slog.NewTextHandler(log, nil))
	s.AccessLog = access
	return s, log, access
}

// lines keeps what is written to it, one entry for each Write.
type lines struct {
	mu   sync.Mutex
	each []string
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.each = append(l.each, string(p))
	return len(p), nil
}

func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.each...)
}

// A host is a site that is being served over memory.
type host struct {
	*site.Site
	ln   *fasthttputil.InmemoryListener
	done chan error
}

func serve(t testing.TB, s *site.Site) *host {
	t.Helper()
	h := &host{s, fasthttputil.NewInmemoryListener(), make(chan error, 1)}
	go func() { h.done <- s.Serve(h.ln) }()
	t.Cleanup(func() { _ = h.ln.Close() })
	return h
}

func (h *host) dial(t testing.TB) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := h.ln.Dial()
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c, bufio.NewReader(c)
}

// raw sends bytes on a new connection and returns all that comes until the
// server closes it.
func (h *host) raw(t testing.TB, text string) string {
	t.Helper()
	c, br := h.dial(t)
	go func() { _, _ = io.WriteString(c, text) }()
	all, _ := io.ReadAll(br)
	return string(all)
}

type reply struct {
	*http.Response
	body string
}

func exchange(t testing.TB, c io.Writer, br *bufio.Reader, text string) reply {
	t.Helper()
	_, err := io.WriteString(c, text)
	require.NoError(t, err)
	method, _, _ := strings.Cut(text, " ")
	resp, err := http.ReadResponse(br, &http.Request{Method: method})
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return reply{resp, string(body)}
}

func (h *host) ask(t testing.TB, text string) reply {
	t.Helper()
	c, br := h.dial(t)
	return exchange(t, c, br, text)
}

func get(path string, headers ...string) string {
	text := "GET " + path + " HTTP/1.1\r\nHost: example.org\r\n"
	for _, h := range headers {
		text += h + "\r\n"
	}
	return text + "\r\n"
}

// cookieOf returns what a client sends back for the only Set-Cookie.
func cookieOf(t testing.TB, r reply) string {
	t.Helper()
	require.Len(t, r.Header["Set-Cookie"], 1)
	return strings.SplitN(r.Header.Get("Set-Cookie"), ";", 2)[0]
}

// parse makes a ctx of the bytes of a request, without a connection.
func parse(t testing.TB, text string) *fasthttp.RequestCtx {
	t.Helper()
	ctx := new(fasthttp.RequestCtx)
	ctx.Init(new(fasthttp.Request), nil, nil)
	require.NoError(t, ctx.Request.Read(bufio.NewReaderSize(bytes.NewReader([]byte(text)), 64<<10)))
	return ctx
}

func say(text string) resource.Resource {
	return resource.GET(func(req *resource.Request) { _, _ = req.WriteString(text) })
}

func branch(children map[string]resource.Resource) *resource.Branch {
	b := new(resource.Branch)
	for name, child := range children {
		b.PutChild(name, child)
	}
	return b
}

// noter keeps a note under the session: ?note= sets it, and the answer is it.
func noter() resource.Resource {
	return resource.Func(func(req *resource.Request) {
		s := req.GetSession()
		if v := req.QueryArgs().Peek("note"); v != nil {
			_ = note.Set(s, string(v))
		}
		v, _ := note.Get(s)
		_, _ = req.WriteString(v)
	})
}

// expired is a deadline that has passed already.
func expired() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// known is what a Manager without a Store has found: there is no error then.
func known(s *session.Session, err error) *session.Session {
	if err != nil {
		panic(err)
	}
	return s
}
