package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/guard"
	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/spindleweb/spindle/site"
	"github.com/stretchr/testify/require"
)

// An echo is a server whose functions return what they are given, or fail in each
// way there is.
type echo struct {
	url      string
	log      logText // of the gateway
	noticed  logText // what notifications brought
	gateway  *rpc.Gateway
	registry rpc.Registry
}

// serveEcho serves one until the test is over. guarded stands before it, if it is
// not nil.
func serveEcho(t *testing.T, g rpc.Gateway, guarded func(resource.Resource) resource.Resource) *echo {
	t.Helper()
	e := &echo{gateway: &g}
	e.registry.Add(e.service())
	g.Registry, g.Log = &e.registry, slog.New(slog.NewTextHandler(&e.log, nil))
	var root resource.Resource = e.gateway
	if guarded != nil {
		root = guarded(root)
	}
	e.url = serve(t, site.New(root))
	return e
}

// serve has a site answer until the test is over, and returns its URL.
func serve(t *testing.T, s *site.Site) (url string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		require.NoError(t, s.Shutdown(ctx))
		<-served
	})
	return "http://" + ln.Addr().String() + "/"
}

func (e *echo) service() *rpc.Service {
	s := &rpc.Service{Name: "echo"}
	s.Export("echo", func(v any) any { return v }, "value")
	s.Export("sum", func(a, b int) int { return a + b }, "a", "b=1")
	s.Export("lines", func() string { return "a\r\n\tb\r" })
	s.Export("big", func() int64 { return 1 << 62 })
	s.Export("nothing", func() {})
	s.Export("none", func() *string { return nil })
	s.Export("user", func(ctx context.Context) string { return guard.User(ctx) })
	s.Export("notice", func(text string) { _, _ = e.noticed.Write([]byte(text)) }, "text")
	s.Export("fail", func() error { return errors.New("out of <order>") })
	s.Export("abort", func() { rpc.Abort(7, "Not today", "depot", "Come back\ntomorrow.") })
	s.Export("refuse", func() error {
		return &rpc.Fault{Code: 8, Name: "SecurityException", Origin: "depot", Description: "not you"}
	})
	s.Export("panic", func() { panic("a secret") })
	s.Export("unsendable", func() string { return "\x01" })
	return s
}

// logText collects what is written to it.
type logText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logText) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
