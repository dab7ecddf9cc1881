package sessionmanager_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/spindleweb/spindle/resource/rpc/sessionmanager"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/timer"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

// here is the URL of a Runtime at the root, at the address of the connections.
const here = "http://192.0.2.7:8080/"

// conn has nothing of a connection but its addresses.
type conn struct{ net.Conn }

func (conn) LocalAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 8080}
}

func (conn) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 99), Port: 50000}
}

// overTLS is a conn that is over TLS.
type overTLS struct{ conn }

func (overTLS) Handshake() error                     { return nil }
func (overTLS) ConnectionState() tls.ConnectionState { return tls.ConnectionState{} }

// send has a tree answer the bytes of a request that came over c.
func send(t testing.TB, tree *resource.Tree, c net.Conn, raw string) *fasthttp.Response {
	t.Helper()
	ctx := new(fasthttp.RequestCtx)
	ctx.Init2(c, nil, true)
	require.NoError(t, ctx.Request.Read(bufio.NewReader(strings.NewReader(raw))))
	tree.Handler(ctx)
	return &ctx.Response
}

// A world is a Runtime in a tree, at a time that stands still.
type world struct {
	t        testing.TB
	rt       *sessionmanager.Runtime
	tree     *resource.Tree
	clock    *timer.Wheel
	managers []*session.Manager
	base     string // URL of the Runtime
	book     *book
	ended    chan session.Reason // has one for each session that has ended, but the default one
}

// newWorld returns one with the Runtime at the root, changed before its first use.
func newWorld(t testing.TB, changes ...func(*sessionmanager.Runtime)) *world {
	w := &world{t: t, clock: new(timer.Wheel), base: here, book: newBook(), ended: make(chan session.Reason, 1<<15)}
	shared := new(rpc.Registry)
	shared.Add(configuration())
	w.rt = &sessionmanager.Runtime{
		Gateway:    rpc.Gateway{Registry: shared, Dialect: rpc.AstroGrid, Log: slog.New(slog.DiscardHandler)},
		PerSession: w.book.services,
	}
	m := &w.rt.Space.Sessions
	m.Clock, m.Log = w.clock, slog.New(slog.DiscardHandler)
	m.OnExpire = func(s *session.Session) { w.ended <- s.Reason() }
	for _, change := range changes {
		change(w.rt)
	}
	w.managers = w.rt.Managers()
	w.mount(w.rt)
	return w
}

func (w *world) mount(root resource.Resource) {
	silent := slog.New(slog.DiscardHandler)
	w.tree = &resource.Tree{Root: root, Log: silent, Sessions: &session.Manager{Clock: new(timer.Wheel), Log: silent}}
}

// close ends all sessions, and waits for what that brings.
func (w *world) close() {
	w.t.Helper()
	for _, m := range w.managers {
		require.NoError(w.t, m.Close(w.t.Context()))
	}
}

// live returns how many sessions there are, the default one among them.
func (w *world) live() (n int) {
	for _, m := range w.managers {
		n += int(m.Stats().Live)
	}
	return n
}

// nextEnd waits until the calls for one more end have been made.
func (w *world) nextEnd() session.Reason {
	w.t.Helper()
	select {
	case why := <-w.ended:
		return why
	case <-time.After(time.Minute):
		require.FailNow(w.t, "no session has ended")
		return 0
	}
}

// create opens a session by XML-RPC, through the default one.
func (w *world) create(minutes any) string {
	w.t.Helper()
	id := w.call("xmlrpc", w.base, manager+"createNewSession", minutes).ok(w.t)
	require.NotEmpty(w.t, id)
	return id
}

// exists asks in the default session.
func (w *world) exists(id string) bool {
	w.t.Helper()
	return w.call("xmlrpc", w.base, manager+"exists", id).ok(w.t) == "true"
}

func (w *world) dispose(id string) {
	w.t.Helper()
	require.Equal(w.t, "OK", w.call("xmlrpc", w.base, manager+"dispose", id).ok(w.t))
}

// inside returns the base URL of a session.
func (w *world) inside(id string) string {
	w.t.Helper()
	return w.call("xmlrpc", w.base, manager+"findHttpSession", id).ok(w.t)
}

// configuration is the service that all share.
func configuration() *rpc.Service {
	var mu sync.Mutex
	values := make(map[string]string)
	s := &rpc.Service{Name: "builtin.configuration"}
	s.Export("setKey", func(key, value string) {
		mu.Lock()
		defer mu.Unlock()
		values[key] = value
	}, "key", "value")
	s.Export("getKey", func(key string) string {
		mu.Lock()
		defer mu.Unlock()
		return values[key]
	}, "key")
	return s
}

// A book knows for whom services were made, and what of theirs was closed.
type book struct {
	mu     sync.Mutex
	made   map[*session.Session]int
	closed map[*session.Session]int
	order  []*session.Session

	begun chan struct{} // test.wait and test.stay have been called
	leave chan struct{} // has test.stay return
}

func newBook() *book {
	return &book{
		made:   make(map[*session.Session]int),
		closed: make(map[*session.Session]int),
		begun:  make(chan struct{}, 100),
		leave:  make(chan struct{}),
	}
}

type closer func()

func (c closer) Close() error { c(); return nil }

// services is a PerSession.
func (b *book) services(s *session.Session) []*rpc.Service {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.made[s]++
	b.order = append(b.order, s)
	s.Own(closer(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.closed[s]++
	}))
	test := &rpc.Service{Name: "test"}
	test.Export("uid", s.UID)
	test.Export("wait", func(ctx context.Context) error {
		b.begun <- struct{}{}
		<-ctx.Done()
		return context.Cause(ctx)
	})
	test.Export("stay", func() string {
		b.begun <- struct{}{}
		<-b.leave
		return "stayed"
	})
	return []*rpc.Service{community(), test}
}

// community is a log-in.
func community() *rpc.Service {
	var mu sync.Mutex
	user := ""
	s := &rpc.Service{Name: "astrogrid.community"}
	s.Export("login", func(name, password, community string) error {
		if password != "secret" {
			return errors.New("wrong password")
		}
		mu.Lock()
		defer mu.Unlock()
		user = name + "@" + community
		return nil
	}, "username", "password", "community")
	s.Export("user", func() string {
		mu.Lock()
		defer mu.Unlock()
		return user
	})
	return s
}

// all tells how many sessions services were made for, how many of them more than
// once, how many have had what they own closed, and how many more than once.
func (b *book) all() (made, twice, closed, again int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s, n := range b.made {
		made++
		if n > 1 {
			twice++
		}
		if b.closed[s] > 0 {
			closed++
		}
		if b.closed[s] > 1 {
			again++
		}
	}
	return made, twice, closed, again
}

// requireAll checks the book.
func (b *book) requireAll(t testing.TB, made, closed int) {
	t.Helper()
	m, twice, c, again := b.all()
	require.Equal(t, []int{made, 0, closed, 0}, []int{m, twice, c, again}, "made, twice, closed, more than once")
}

func limited(n int) func(*sessionmanager.Runtime) {
	return func(rt *sessionmanager.Runtime) { rt.Space.Sessions.Limit = n }
}

func speaking(d rpc.Dialect) func(*sessionmanager.Runtime) {
	return func(rt *sessionmanager.Runtime) { rt.Gateway.Dialect = d }
}

func number(n int) string { return strconv.Itoa(n) }
