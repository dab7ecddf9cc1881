package session_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/spindleweb/spindle/session"
)

// What counts as activity, and what is only looking.
func TestWhatTouches(t *testing.T) {
	cases := map[string]struct {
		use     func(m *session.Manager, s *session.Session, ctx *fasthttp.RequestCtx)
		touches bool
	}{
		"nothing": {func(*session.Manager, *session.Session, *fasthttp.RequestCtx) {}, false},
		"Find": {func(m *session.Manager, _ *session.Session, ctx *fasthttp.RequestCtx) {
			known(m.Find(ctx))
		}, true},
		"Open": {func(m *session.Manager, _ *session.Session, ctx *fasthttp.RequestCtx) {
			_, _ = m.Open(ctx)
		}, true},
		"Acquire and Release": {func(m *session.Manager, _ *session.Session, ctx *fasthttp.RequestCtx) {
			s, _, _ := m.Acquire(ctx)
			s.Release()
		}, true},
		"Touch": {func(_ *session.Manager, s *session.Session, _ *fasthttp.RequestCtx) { s.Touch() }, true},
		"Hold and Release": {func(_ *session.Manager, s *session.Session, _ *fasthttp.RequestCtx) {
			s.Hold()
			s.Release()
		}, true},
		"Peek": {func(m *session.Manager, _ *session.Session, ctx *fasthttp.RequestCtx) {
			known(m.Peek(ctx))
		}, false},
		"Get": {func(m *session.Manager, s *session.Session, _ *fasthttp.RequestCtx) {
			known(m.Get(context.Background(), s.UID()))
		}, false},
		"Remaining": {func(_ *session.Manager, s *session.Session, _ *fasthttp.RequestCtx) { s.Remaining() }, false},
		"All": {func(m *session.Manager, _ *session.Session, _ *fasthttp.RequestCtx) {
			for range m.All() {
			}
		}, false},
		"Stats": {func(m *session.Manager, _ *session.Session, _ *fasthttp.RequestCtx) { m.Stats() }, false},
		"SetTimeout to the same": {func(_ *session.Manager, s *session.Session, _ *fasthttp.RequestCtx) {
			s.SetTimeout(s.Timeout())
		}, false},
		"Renew": {func(m *session.Manager, s *session.Session, ctx *fasthttp.RequestCtx) {
			_ = m.Renew(ctx, s)
		}, false},
		"Key": {func(_ *session.Manager, s *session.Session, _ *fasthttp.RequestCtx) {
			k := session.NewKey[int]("k")
			_ = k.Set(s, 1)
			k.Get(s)
			k.Delete(s)
		}, false},
	}
	const d = 10 * time.Minute
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			m, w := still(with(session.Lasting(d)))
			defer closed(t, m)
			s := create(t, m)
			w.Advance(d / 2)
			c.use(m, s, bring(t, s.UID()))
			due := d
			if c.touches {
				due = d/2 + d
			}
			require.InDelta(t, due-d/2, s.Remaining(), float64(unit))
			w.Advance(due - d/2 - 1)
			require.Equal(t, session.Alive, s.Reason())
			w.Advance(bound(d) + 1)
			require.Equal(t, session.Idle, s.Reason())
			require.Zero(t, s.Remaining())
		})
	}
}

func TestHoldKeepsFromIdleness(t *testing.T) {
	for _, d := range []time.Duration{-time.Hour, 0, 1, time.Second, time.Minute, day} {
		t.Run(d.String(), func(t *testing.T) {
			m, w := still(with(session.Lasting(d)))
			defer closed(t, m)
			s := create(t, m)
			s.Hold()
			w.Advance(3*d + time.Second)
			require.Equal(t, session.Alive, s.Reason())
			require.Same(t, s, known(m.Find(bring(t, s.UID()))))
			s.Hold()
			s.Release()
			w.Advance(3*d + time.Second)
			require.Equal(t, session.Alive, s.Reason(), "one of two Holds is left")
			s.Release()
			if d > 0 {
				w.Advance(d - 1)
				require.Equal(t, session.Alive, s.Reason(), "idleness starts anew")
			}
			w.Advance(bound(d) + 1)
			require.Equal(t, session.Idle, s.Reason())
		})
	}
}

// A request has its session for as long as it takes.
func TestAcquire(t *testing.T) {
	m, w := still(with(session.Lasting(time.Minute)))
	defer closed(t, m)
	_, isNew := acquire(t, m, visit(t))
	require.True(t, isNew)
	_, isNew = acquire(t, m, bring(t, "AAAAAAAAAAAAAAAAAAAAAA"))
	require.True(t, isNew)
	s := create(t, m)
	for range 3 {
		got, isNew := acquire(t, m, bring(t, s.UID()))
		require.Same(t, s, got)
		require.False(t, isNew)
		w.Advance(time.Hour)
		require.Equal(t, session.Alive, s.Reason())
	}
	s.Release()
	s.Release()
	w.Advance(time.Hour)
	s.Release()
	w.Advance(time.Minute - 1)
	require.Equal(t, session.Alive, s.Reason())
	w.Advance(bound(time.Minute) + 1)
	require.Equal(t, session.Idle, s.Reason())
	other, isNew := acquire(t, m, bring(t, s.UID()))
	require.True(t, isNew)
	w.Advance(time.Hour)
	require.Equal(t, session.Alive, other.Reason(), "a new one is held from the start")
	require.Panics(t, create(t, m).Release)
}

// A factory may hand out a session that is held from the start.
func TestHoldInTheFactory(t *testing.T) {
	m, w := still(with(func(uid string) *session.Session {
		s := session.New(uid)
		s.Hold()
		return s
	}))
	defer closed(t, m)
	s := create(t, m)
	w.Advance(time.Hour)
	require.Equal(t, session.Alive, s.Reason())
	s.Release()
	w.Advance(session.DefaultTimeout - 1)
	require.Equal(t, session.Alive, s.Reason())
	w.Advance(time.Second)
	require.Equal(t, session.Idle, s.Reason())
}

func TestUnevenHolds(t *testing.T) {
	m, _ := still()
	defer closed(t, m)
	s := create(t, m)
	require.Panics(t, s.Release)
	s.Hold()
	s.Release()
	require.Panics(t, s.Release)
	require.Equal(t, session.Alive, s.Reason())

	loose := session.New("loose")
	require.Panics(t, loose.Release)
	loose.Hold()
	loose.Release()

	require.PanicsWithValue(t, "session: half a million Holds without Release", func() {
		for range 1 << 21 {
			s.Hold()
		}
	})
	require.Equal(t, session.Alive, s.Reason(), "the bits above are not touched")
}

// The first GetSession of a request counts from when the request came, on a
// wheel that runs.
func TestTouchCountsFromTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &session.Manager{Factory: session.Lasting(time.Minute)}
		s := create(t, m)
		<-time.After(30 * time.Second)
		ctx := bring(t, s.UID())
		<-time.After(20 * time.Second)
		require.Same(t, s, known(m.Find(ctx)))
		require.InDelta(t, 40*time.Second, s.Remaining(), float64(unit))
		<-time.After(40*time.Second - 1)
		require.Equal(t, session.Alive, s.Reason())
		<-time.After(bound(time.Minute) + 1)
		require.Equal(t, session.Idle, s.Reason())
		closed(t, m)
	})
}
