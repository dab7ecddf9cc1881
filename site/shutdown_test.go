package site_test

import (
	"context"
	"net"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp/fasthttputil"
)

// paused is a resource whose requests wait until they may go on.
type paused struct{ at, on chan struct{} }

func (p paused) resource() resource.Resource {
	return resource.Func(func(req *resource.Request) {
		p.at <- struct{}{}
		<-p.on
		noter().(interface{ Render(*resource.Request) }).Render(req)
	})
}

func TestShutdownInOrder(t *testing.T) {
	p := paused{make(chan struct{}), make(chan struct{})}
	s, _, _ := newSite(branch(map[string]resource.Resource{"wait": p.resource(), "s": noter()}))
	ended := make(chan session.Reason, 10)
	s.Sessions().OnExpire = func(s *session.Session) { ended <- s.Reason() }
	h := serve(t, s)
	c := cookieOf(t, h.ask(t, get("/s?note=mine")))
	idle, idleReader := h.dial(t)
	exchange(t, idle, idleReader, get("/s", "Cookie: "+c))

	answers := make(chan reply, 2)
	for _, headers := range [][]string{{"Cookie: " + c}, nil} {
		conn, br := h.dial(t)
		go func() { answers <- exchange(t, conn, br, get("/wait", headers...)) }()
		<-p.at
	}
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(context.Background()) }()
	require.NoError(t, <-h.done, "Serve returns nil, while requests go on")
	require.Empty(t, ended, "no session ends before the requests do")
	close(p.on)
	codes := map[int]string{}
	for range 2 {
		r := <-answers
		codes[r.StatusCode] = r.body
	}
	require.Equal(t, map[int]string{200: "mine", 503: "503 Service Unavailable\n"}, codes)
	require.NoError(t, <-done)
	require.Equal(t, session.Shutdown, <-ended)
	require.Empty(t, ended)
	require.Zero(t, s.Sessions().Stats().Live)
	_, err := idleReader.ReadByte()
	require.Error(t, err, "the idle connection is still open")
	require.NoError(t, s.Shutdown(t.Context()), "a second time")
}

func TestShutdownNamesWhatIsLeft(t *testing.T) {
	t.Run("connections", func(t *testing.T) {
		p := paused{make(chan struct{}), make(chan struct{})}
		s, _, _ := newSite(p.resource())
		h := serve(t, s)
		conn, br := h.dial(t)
		answered := make(chan reply, 1)
		go func() { answered <- exchange(t, conn, br, get("/")) }()
		<-p.at
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-h.done; cancel() }() // when the listener is closed
		err := s.Shutdown(ctx)
		close(p.on)
		<-answered
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "1 connection")
	})
	t.Run("sessions", func(t *testing.T) {
		s, _, _ := newSite(nil)
		block := make(chan struct{})
		for range 3 {
			x, err := s.Sessions().Create(nil)
			require.NoError(t, err)
			x.NotifyOnExpire(func() { <-block })
		}
		err := s.Shutdown(expired())
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "3 sessions")
		close(block)
		require.NoError(t, s.Shutdown(t.Context()))
	})
}

func TestShutdownWithoutServing(t *testing.T) {
	s, _, _ := newSite(nil)
	require.NoError(t, s.Shutdown(t.Context()))
	require.NoError(t, s.Shutdown(t.Context()))
}

// Serve most often runs on a goroutine of its own, which may come late.
func TestServeAfterShutdownDoesNotServe(t *testing.T) {
	s, _, _ := newSite(say("x"))
	require.NoError(t, s.Shutdown(t.Context()))
	ln := fasthttputil.NewInmemoryListener()
	done, answered := make(chan error, 1), make(chan struct{}, 1)
	go func() { done <- s.Serve(ln) }()
	go func() {
		if c, err := ln.Dial(); err == nil {
			if _, err = c.Write([]byte(get("/"))); err == nil {
				if n, _ := c.Read(make([]byte, 1)); n == 1 {
					answered <- struct{}{}
				}
			}
		}
	}()
	select {
	case <-done:
	case <-answered:
		_ = ln.Close()
		t.Error("a site that was shut down serves")
	}
}

func TestListenErrors(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	s, _, _ := newSite(nil)
	require.ErrorContains(t, s.ListenAndServe("no such address"), "site: ")
	require.ErrorContains(t, s.ListenAndServe(taken.Addr().String()), "site: ")
	require.ErrorContains(t, s.ListenAndServeTLS(taken.Addr().String(), "", ""), "site: ")
	require.ErrorContains(t, s.ListenAndServeTLS("127.0.0.1:0", "/no/cert.pem", "/no/key.pem"), "site: ")
}
