package site

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/timer"
	"github.com/valyala/fasthttp"
)

// A Site serves a tree of resources and keeps the sessions of those who visit
// it. Two Sites share nothing: a session of one is unknown to the other.
//
// The fields are read when the first method but NewServer is called, Sessions
// included; what is set afterwards counts for nothing. A Site must not be
// copied.
type Site struct {
	// Resource is the root of the tree, what "/" names.
	Resource resource.Resource

	// SessionFactory makes the sessions, and so says how long they last.
	// Default session.New, which gives 15 minutes. To change it while the site
	// is serving, call Sessions().SetFactory.
	SessionFactory session.Factory

	// Carrier takes a session's uid to the client and back. Default a zero
	// session.Cookie.
	Carrier session.Carrier

	// Store keeps the sessions, so that they outlive the process and several may
	// share them. Two sites must not have the same. Default nil: they are in
	// memory alone.
	Store session.Store

	// Clock is the wheel that ends sessions. One that is given is its giver's
	// to move, by Run or Advance, and may serve several sites. Default one of
	// the site's own, which runs until Shutdown.
	Clock *timer.Wheel

	// Managers keep sessions that are not the site's own, such as those of a
	// persession.Space, and have fields of their own. They are started, drained and
	// closed together with the site. Default none.
	Managers []*session.Manager

	// Server is the fasthttp server; one that is given is taken as it is, but
	// for a Handler if it has none. Default NewServer().
	Server *fasthttp.Server

	// Log hears of panics and of the server's troubles. Default slog.Default.
	Log *slog.Logger

	// AccessLog gets a line for each request, in Combined Log Format and in
	// one Write. Default nil: none is written.
	AccessLog io.Writer

	// Debug shows the value and stack of a panic in the page. Default false.
	Debug bool

	setup    sync.Once
	sessions session.Manager
	managers []*session.Manager // sessions, and those of Managers
	tree     resource.Tree
	access   accessLog
	server   *fasthttp.Server
	closing  sync.Once
	closed   chan struct{} // closed by Shutdown
}

// New returns a Site with root as its Resource.
func New(root resource.Resource) *Site { return &Site{Resource: root} }

func (s *Site) init() {
	s.setup.Do(func() {
		m := &s.sessions
		s.managers = append([]*session.Manager{m}, s.Managers...)
		m.Factory, m.Carrier, m.Store, m.Clock, m.Log = s.SessionFactory, s.Carrier, s.Store, s.Clock, s.Log
		t := &s.tree
		t.Root, t.Sessions, t.Log, t.Debug = s.Resource, m, s.Log, s.Debug
		s.access.w = s.AccessLog
		s.closed = make(chan struct{})
		if s.server = s.Server; s.server == nil {
			s.server = s.NewServer()
		}
		if s.server.Handler == nil {
			s.server.Handler = s.Handler
		}
	})
}

// Sessions returns the manager of the site's sessions. Set the Site's own fields
// before: this reads them. What only the manager has, such as Limit and
// OnExpire, is set here, before the first request:
//
//	s := site.New(root)
//	s.SessionFactory = session.Lasting(time.Minute)
//	s.Sessions().Limit = 100_000
func (s *Site) Sessions() *session.Manager {
	s.init()
	return &s.sessions
}

// Handler answers a request: it is a fasthttp.RequestHandler, for a site that
// is part of a fasthttp program. It survives whatever a resource does.
// fasthttp's TimeoutHandler must not be put around it: that answers while the
// handler is still at work on the same request.
func (s *Site) Handler(ctx *fasthttp.RequestCtx) {
	s.init()
	if code := malformed(ctx); code != 0 {
		refuse(ctx, code)
	} else {
		s.tree.Handler(ctx)
	}
	if s.access.w != nil {
		s.log(ctx, true)
	}
}

// ListenAndServe serves HTTP on a TCP address such as ":8080", until Shutdown
// and then returns nil, or until the listener fails.
func (s *Site) ListenAndServe(addr string) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("site: %w", err)
	}
	return s.Serve(ln)
}

// ListenAndServeTLS is ListenAndServe for HTTPS, with the certificate and the
// key in these PEM files.
func (s *Site) ListenAndServeTLS(addr, certFile, keyFile string) error {
	s.init()
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("site: %w", err)
	}
	s.start()
	l := &listener{Listener: ln, s: s}
	defer l.Close()
	if err := s.server.ServeTLS(l, certFile, keyFile); err != nil {
		return fmt.Errorf("site: %w", err)
	}
	return nil
}

// Serve is ListenAndServe for a listener that is open, which it closes. One
// Site can serve several at once.
func (s *Site) Serve(ln net.Listener) error {
	s.init()
	s.start()
	l := &listener{Listener: ln, s: s}
	defer l.Close()
	if err := s.server.Serve(l); err != nil {
		return fmt.Errorf("site: %w", err)
	}
	return nil
}

// Shutdown ends the site in good order: no connections and no sessions are taken
// any more, requests under way are finished, then all sessions end and their calls
// are made; with a Store they are saved instead, and what they own is closed. When
// three quarters of the time until ctx ends have passed, the sessions end even if
// there are requests still: they may be waiting for just that. The errors name what
// had not finished when ctx ended. Shutdown must not be called from a request or
// from a session's calls, and a second one waits for the first.
func (s *Site) Shutdown(ctx context.Context) error {
	s.init()
	s.closing.Do(func() { close(s.closed) })
	for _, m := range s.managers {
		m.Drain()
	}
	errs := make([]error, 1+len(s.managers))
	served := make(chan struct{})
	go func() {
		defer close(served)
		if errs[0] = s.server.ShutdownWithContext(ctx); errs[0] != nil && ctx.Err() != nil {
			// The server takes one off for its listener, which is closed.
			n := s.server.GetOpenConnectionsCount() + 1
			errs[0] = fmt.Errorf("site: shutdown: %d connections are still open: %w", n, errs[0])
		}
	}()
	most, cancel := mostOf(ctx)
	defer cancel()
	select {
	case <-served:
	case <-most.Done():
	}
	var closing sync.WaitGroup
	for i, m := range s.managers {
		closing.Go(func() { errs[1+i] = m.Close(ctx) })
	}
	closing.Wait()
	<-served
	return errors.Join(errs...)
}

// mostOf leaves a quarter of the time there is.
func mostOf(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-time.Until(deadline)/4))
}

// start has the sessions of processes that are gone taken over.
func (s *Site) start() {
	for _, m := range s.managers {
		m.Start()
	}
}

// listener goes on where fasthttp would give up: when the process has no file
// descriptor left for a moment. It also lets a Serve that comes after Shutdown,
// or while that is under way, end as one before does; and it can be closed by
// the server and by us.
type listener struct {
	net.Listener
	s    *Site
	once sync.Once
	err  error
}

func (l *listener) Accept() (net.Conn, error) {
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		select {
		case <-l.s.closed:
			_ = l.Close()
			return nil, io.EOF
		default:
		}
		c, err := l.Listener.Accept()
		if !temporary(err) {
			return c, err
		}
		l.s.report("site: accepting a connection failed", "error", err, "again in", wait)
		select {
		case <-time.After(wait):
		case <-l.s.closed:
		}
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { l.err = l.Listener.Close() })
	return l.err
}

// temporary reports whether an error of Accept may pass, by the method that
// net.Error has for that: its deprecation leaves this one use, which net/http
// makes of it too.
func temporary(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}
