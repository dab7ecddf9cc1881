package session_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/timer"
)

const (
	tick = time.Duration(1 << 20) // of a wheel with no Tick given
	unit = time.Duration(1 << 19) // what moments of use are rounded up to
	day  = 24 * time.Hour
	year = 365 * day
)

// bound is the most by which a session with the timeout may end late.
func bound(timeout time.Duration) time.Duration {
	return min(max(timeout/32, 2*tick), max(time.Second, 2*tick))
}

// still returns a Manager on a wheel that only Advance moves, and its wheel.
func still(change ...func(*session.Manager)) (*session.Manager, *timer.Wheel) {
	w := new(timer.Wheel)
	m := &session.Manager{Clock: w, Log: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(m)
	}
	return m, w
}

func with(f session.Factory) func(*session.Manager) {
	return func(m *session.Manager) { m.Factory = f }
}

func create(t testing.TB, m *session.Manager) *session.Session {
	t.Helper()
	s, err := m.Create(nil)
	require.NoError(t, err)
	require.NotNil(t, s)
	return s
}

// known is what Find, Peek and Get have found, in a Manager that has no Store
// and so no error.
func known(s *session.Session, err error) *session.Session {
	if err != nil {
		panic(err)
	}
	return s
}

// acquire is what a request has as its session.
func acquire(t testing.TB, m *session.Manager, ctx *fasthttp.RequestCtx) (s *session.Session, isNew bool) {
	t.Helper()
	s, isNew, err := m.Acquire(ctx)
	require.NoError(t, err)
	return s, isNew
}

// wire returns what a server makes of a request with these header lines.
func wire(t testing.TB, conn net.Conn, lines ...string) *fasthttp.RequestCtx {
	t.Helper()
	ctx := new(fasthttp.RequestCtx)
	ctx.Init2(conn, nil, false)
	reread(t, ctx, lines...)
	return ctx
}

// reread gives ctx the next request of its connection, in the same buffers.
func reread(t testing.TB, ctx *fasthttp.RequestCtx, lines ...string) {
	t.Helper()
	text := "GET / HTTP/1.1\r\nHost: x\r\n" + strings.Join(append(lines, ""), "\r\n") + "\r\n"
	require.NoError(t, ctx.Request.Read(bufio.NewReader(strings.NewReader(text))))
}

func visit(t testing.TB, lines ...string) *fasthttp.RequestCtx {
	t.Helper()
	return wire(t, nil, lines...)
}

func bring(t testing.TB, uid string) *fasthttp.RequestCtx {
	t.Helper()
	return visit(t, "Cookie: sid="+uid)
}

// overTLS returns a connection that a server takes for one with TLS.
func overTLS(t testing.TB) net.Conn {
	a, b := net.Pipe()
	t.Cleanup(func() {
		_ = a.Close()
		_ = b.Close()
	})
	return tls.Server(a, new(tls.Config))
}

// setCookies returns the Set-Cookie lines of the response as it is sent.
func setCookies(ctx *fasthttp.RequestCtx) (lines []string) {
	for _, line := range strings.Split(ctx.Response.Header.String(), "\r\n") {
		if v, ok := strings.CutPrefix(line, "Set-Cookie: "); ok {
			lines = append(lines, v)
		}
	}
	return lines
}

// A diary writes down what was called, from any goroutine.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) add(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

func (d *diary) note(line string) func() { return func() { d.add(line) } }

func (d *diary) all() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string{}, d.lines...)
}

// A journal is a log that can be read while it is written.
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

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewTextHandler(j, nil)) }

// silent is a Carrier that carries nothing.
type silent struct{}

func (silent) UID(*fasthttp.RequestCtx, int) []byte { return nil }
func (silent) Send(*fasthttp.RequestCtx, string)    {}
func (silent) Clear(*fasthttp.RequestCtx)           {}

// closed ends all that m has and waits for the calls.
func closed(t testing.TB, m *session.Manager) {
	t.Helper()
	require.NoError(t, m.Close(context.Background()))
}

// ends requires that every session that m ever made has ended.
func ends(t testing.TB, m *session.Manager) {
	t.Helper()
	st := m.Stats()
	require.Zero(t, st.Live, "sessions still alive")
	sum := int64(0)
	for _, n := range st.Ended {
		sum += n
	}
	require.Equal(t, st.Made, sum, "made and ended")
}
