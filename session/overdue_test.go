package session_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/timer"
)

// stuck runs test beside a running wheel that a call holds up from half a
// minute on.
func stuck(t *testing.T, test func(t *testing.T, m *session.Manager)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		w := new(timer.Wheel)
		done, release := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			_ = w.Run(ctx)
		}()
		synctest.Wait()
		w.CallLater(30*time.Second, func() { <-release })
		m := &session.Manager{Clock: w, Factory: session.Lasting(time.Minute)}
		defer func() {
			close(release)
			closed(t, m)
			cancel()
			<-done
		}()
		test(t, m)
	})
}

// While the wheel is held up, the requests' own clock tells what is over. Their
// finding out is the end: the calls are made, once, without the wheel.
func TestOverdueIsNotHandedOut(t *testing.T) {
	ways := map[string]func(m *session.Manager, s *session.Session, ctx *fasthttp.RequestCtx) bool{
		"Find": func(m *session.Manager, _ *session.Session, ctx *fasthttp.RequestCtx) bool {
			return known(m.Find(ctx)) != nil
		},
		"Peek": func(m *session.Manager, _ *session.Session, ctx *fasthttp.RequestCtx) bool {
			return known(m.Peek(ctx)) != nil
		},
		"Get": func(m *session.Manager, s *session.Session, _ *fasthttp.RequestCtx) bool {
			return known(m.Get(context.Background(), s.UID())) != nil
		},
		"Exists": func(m *session.Manager, s *session.Session, _ *fasthttp.RequestCtx) bool {
			there, err := m.Exists(context.Background(), s.UID())
			return there || err != nil
		},
		"Cleanup": func(m *session.Manager, s *session.Session, _ *fasthttp.RequestCtx) bool {
			_, err := m.Cleanup(context.Background())
			return err != nil || s.Reason() == session.Alive
		},
		"Acquire": func(m *session.Manager, s *session.Session, ctx *fasthttp.RequestCtx) bool {
			got, isNew, err := m.Acquire(ctx)
			return err != nil || !isNew || got == s
		},
		"Touch": func(_ *session.Manager, s *session.Session, _ *fasthttp.RequestCtx) bool { return s.Touch() },
		"Open": func(m *session.Manager, s *session.Session, ctx *fasthttp.RequestCtx) bool {
			got, err := m.Open(ctx)
			return err != nil || got == s || got.UID() == s.UID()
		},
	}
	kinds := map[string]struct {
		set func(*session.Session)
		why session.Reason
	}{
		"idle":     {func(*session.Session) {}, session.Idle},
		"lifetime": {func(s *session.Session) { s.SetTimeout(session.Never); s.SetLifetime(time.Minute) }, session.Lifetime},
		"lifetime of a held one": {func(s *session.Session) {
			s.Hold()
			s.SetLifetime(time.Minute)
		}, session.Lifetime},
	}
	for name, way := range ways {
		for kind, k := range kinds {
			t.Run(name+" "+kind, func(t *testing.T) {
				stuck(t, func(t *testing.T, m *session.Manager) {
					s := create(t, m)
					k.set(s)
					calls := make(chan session.Reason, 2)
					s.NotifyOnExpire(func() { calls <- s.Reason() })
					<-time.After(time.Minute - tick)
					require.Equal(t, session.Alive, s.Reason())
					require.Same(t, s, known(m.Peek(bring(t, s.UID()))))
					<-time.After(2 * tick)
					require.Equal(t, session.Alive, s.Reason(), "the wheel was to be held up")
					require.False(t, way(m, s, bring(t, s.UID())))
					require.Equal(t, k.why, s.Reason())
					synctest.Wait()
					require.Equal(t, k.why, <-calls)
					require.Empty(t, calls)
					require.False(t, way(m, s, bring(t, s.UID())), "nor the second time")
				})
			})
		}
	}
}

// The wheel comes back and finds that others have done its work.
func TestWheelAfterOverdue(t *testing.T) {
	var d diary
	stuck(t, func(t *testing.T, m *session.Manager) {
		for i := range 100 {
			s := create(t, m)
			s.NotifyOnExpire(d.note("gone"))
			if i%2 == 0 {
				defer func() { require.Equal(t, session.Idle, s.Reason()) }()
			} else {
				defer func() { require.Nil(t, known(m.Get(context.Background(), s.UID()))) }()
			}
		}
		<-time.After(2 * time.Minute)
		for s := range m.All() {
			require.False(t, s.Touch())
		}
	})
	require.Len(t, d.all(), 100)
}

// One that was used in time goes on, however late the wheel is.
func TestTouchedWhileTheWheelIsLate(t *testing.T) {
	stuck(t, func(t *testing.T, m *session.Manager) {
		s := create(t, m)
		for range 10 {
			<-time.After(50 * time.Second)
			require.Same(t, s, known(m.Find(bring(t, s.UID()))))
		}
	})
}

// A request that had its session in time has it, even if it is looked up late.
func TestRequestThatCameInTime(t *testing.T) {
	stuck(t, func(t *testing.T, m *session.Manager) {
		s := create(t, m)
		<-time.After(59 * time.Second)
		ctx := bring(t, s.UID())
		<-time.After(30 * time.Second)
		require.Same(t, s, known(m.Find(ctx)))
		require.Same(t, s, known(m.Find(bring(t, s.UID()))))
	})
}
