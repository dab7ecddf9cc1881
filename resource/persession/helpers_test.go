package persession_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/persession"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/timer"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

// A world is a tree with a Space at /cursors, and the site's own sessions beside
// it, whose time stands still.
type world struct {
	*persession.Space
	tree  *resource.Tree
	root  *resource.Branch
	wheel *timer.Wheel
	log   *journal
}

// newWorld has make return the resource of each session. It is closed at the end
// of the test.
func newWorld(t testing.TB, make func(*session.Session) resource.Resource, change ...func(*persession.Space)) *world {
	w := &world{wheel: new(timer.Wheel), log: new(journal), root: new(resource.Branch)}
	log := slog.New(slog.NewTextHandler(w.log, nil))
	w.Space = &persession.Space{
		New: func(_ context.Context, s *session.Session) (resource.Resource, error) { return make(s), nil },
		Sessions: session.Manager{
			Clock: w.wheel,
			Log:   log,
		},
	}
	for _, f := range change {
		f(w.Space)
	}
	w.tree = &resource.Tree{Root: w.root, Log: log, Sessions: &session.Manager{Clock: w.wheel, Log: log}}
	w.root.PutChild("cursors", w.Space)
	w.root.PutChild("site", resource.Func(func(req *resource.Request) {
		_, _ = req.WriteString(req.GetSession().UID())
	}))
	t.Cleanup(func() {
		within(t, "closing the Space", func(ctx context.Context) error { return w.Sessions.Close(ctx) })
		within(t, "closing the tree", func(ctx context.Context) error { return w.tree.Sessions.Close(ctx) })
	})
	return w
}

// within turns a hang into a failure.
func within(t testing.TB, what string, f func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	require.NoError(t, f(ctx), what)
}

// receive is what comes from c, and a failure if nothing does.
func receive[T any](t testing.TB, c <-chan T) (v T) {
	t.Helper()
	within(t, "nothing has come", func(ctx context.Context) error {
		select {
		case v = <-c:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	return v
}

// exchange has the tree answer the bytes of a request. It may run on any
// goroutine.
func exchange(tree *resource.Tree, text string) *fasthttp.Response {
	ctx := new(fasthttp.RequestCtx)
	ctx.Init(new(fasthttp.Request), nil, nil)
	if err := ctx.Request.Read(bufio.NewReaderSize(strings.NewReader(text), 64<<10)); err != nil {
		panic(err) // the test is wrong
	}
	tree.Handler(ctx)
	return &ctx.Response
}

// text writes a request, with a body if the last of headers is none.
func text(method, path string, headers ...string) string {
	body := ""
	b := method + " " + path + " HTTP/1.1\r\nHost: example.org\r\n"
	for _, h := range headers {
		if name, _, ok := strings.Cut(h, ": "); !ok || strings.ContainsAny(name, "= ") {
			body = h
			continue
		}
		b += h + "\r\n"
	}
	if method != "GET" && method != "HEAD" {
		b += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	return b + "\r\n" + body
}

const form = "Content-Type: application/x-www-form-urlencoded"

func (w *world) do(method, path string, headers ...string) *fasthttp.Response {
	return exchange(w.tree, text(method, path, headers...))
}

func (w *world) code(method, path string) int { return w.do(method, path).StatusCode() }

// open opens a session over HTTP and returns its address and the session.
func (w *world) open(t testing.TB) (string, *session.Session) {
	t.Helper()
	r := w.do("POST", "/cursors")
	require.Equal(t, 201, r.StatusCode())
	where := header(r, "Location")
	s, err := w.Sessions.Get(t.Context(), idOf(where))
	require.NoError(t, err)
	require.NotNil(t, s)
	return where, s
}

func idOf(address string) string { return address[strings.LastIndexByte(address, '/')+1:] }

func header(r *fasthttp.Response, name string) string { return string(r.Header.Peek(name)) }

func setCookie(r *fasthttp.Response) bool {
	return strings.Contains(strings.ToLower(r.Header.String()), "set-cookie")
}

// methods returns those of an Allow, each of which must come once.
func methods(t testing.TB, r *fasthttp.Response) []string {
	t.Helper()
	all := strings.Split(header(r, "Allow"), ", ")
	seen := map[string]bool{}
	for _, m := range all {
		require.False(t, seen[m], "%s comes twice", m)
		seen[m] = true
	}
	return all
}

// concealed requires the headers of every answer at or below an address.
func concealed(t testing.TB, r *fasthttp.Response) {
	t.Helper()
	require.Equal(t, 1, strings.Count(r.Header.String(), "Referrer-Policy: "))
	require.Equal(t, 1, strings.Count(r.Header.String(), "Cache-Control: "))
	require.Equal(t, "no-referrer", header(r, "Referrer-Policy"))
	require.Equal(t, "no-store", header(r, "Cache-Control"))
	require.False(t, setCookie(r))
}

// say is a resource that answers GET and HEAD with what.
func say(what string) resource.Resource {
	return resource.GET(func(req *resource.Request) { _, _ = req.WriteString(what) })
}

// owned counts how often it is closed, and tells when.
type owned struct {
	n    atomic.Int32
	done chan struct{}
}

func own() *owned { return &owned{done: make(chan struct{}, 100)} }

func (o *owned) Close() error {
	o.n.Add(1)
	o.done <- struct{}{}
	return nil
}

// journal is a log that can be read while it is written.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

func (j *journal) entries() int { return strings.Count(j.String(), "\n") }

var errBoom = errors.New("boom")
