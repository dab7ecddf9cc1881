package session_test

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

func TestRenew(t *testing.T) {
	k := session.NewKey[string]("user")
	var d diary
	m, w := still(with(session.Lasting(time.Minute)))
	s := create(t, m)
	require.NoError(t, k.Set(s, "ann"))
	s.NotifyOnExpire(d.note("gone"))
	seen := map[string]bool{}
	for range 50 {
		old := s.UID()
		require.False(t, seen[old])
		seen[old] = true
		ctx := bring(t, old)
		require.Same(t, s, known(m.Find(ctx)))
		require.NoError(t, m.Renew(ctx, s))
		require.Len(t, setCookies(ctx), 1)
		require.True(t, strings.HasPrefix(setCookies(ctx)[0], "sid="+s.UID()+";"))
		for uid := range seen {
			require.Nil(t, known(m.Get(context.Background(), uid)), "worthless at once")
			require.Nil(t, known(m.Find(bring(t, uid))))
		}
		require.Same(t, s, known(m.Find(bring(t, s.UID()))))
		n := 0
		for range m.All() {
			n++
		}
		require.Equal(t, 1, n)
		w.Advance(50 * time.Second)
	}
	v, _ := k.Get(s)
	require.Equal(t, "ann", v)
	require.Equal(t, int64(1), m.Stats().Made)
	w.Advance(10*time.Second + bound(time.Minute))
	require.Equal(t, session.Idle, s.Reason())
	closed(t, m)
	require.Equal(t, []string{"gone"}, d.all())
}

// Renewed twice in one response, the client hears of the last uid only.
func TestRenewSendsOnce(t *testing.T) {
	m, _ := still()
	defer closed(t, m)
	ctx := visit(t)
	s, err := m.Open(ctx)
	require.NoError(t, err)
	require.NoError(t, m.Renew(ctx, s))
	require.NoError(t, m.Renew(ctx, s))
	require.Len(t, setCookies(ctx), 1)
	require.Contains(t, setCookies(ctx)[0], s.UID())
}

func TestRenewOfWhatIsNotOurs(t *testing.T) {
	m, _ := still()
	other, _ := still()
	defer closed(t, m)
	defer closed(t, other)
	s := create(t, other)
	uid := s.UID()
	require.ErrorIs(t, m.Renew(visit(t), s), session.ErrEnded)
	require.Equal(t, uid, s.UID())
	require.Same(t, s, known(other.Get(context.Background(), uid)))
	require.ErrorIs(t, m.Renew(visit(t), session.New("loose")), session.ErrEnded)
}

// At each moment of a Renew the session is found by its uid of that moment, and
// by no torn one.
func TestFindWhileRenewing(t *testing.T) {
	m, _ := still(func(m *session.Manager) { m.Carrier = silent{} })
	defer closed(t, m)
	s := create(t, m)
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for !stop.Load() {
				before := s.UID()
				if got := known(m.Get(context.Background(), before)); got != s && s.UID() == before {
					t.Error("lost while it had the uid")
					return
				}
			}
		})
	}
	for range 2 {
		wg.Go(func() {
			for range 10_000 {
				if m.Renew(nil, s) != nil {
					t.Error("not renewed")
				}
			}
			stop.Store(true)
		})
	}
	wg.Wait()
	require.Same(t, s, known(m.Get(context.Background(), s.UID())))
	n := 0
	for range m.All() {
		n++
	}
	require.Equal(t, 1, n, "all other uids are gone")
}

// However Renew races with what ends or moves a session, the wheel has it
// still, and it ends once.
func TestRenewRaces(t *testing.T) {
	others := map[string]func(m *session.Manager, s *session.Session){
		"Renew":      func(m *session.Manager, s *session.Session) { _ = m.Renew(nil, s) },
		"Expire":     func(_ *session.Manager, s *session.Session) { s.Expire() },
		"Touch":      func(_ *session.Manager, s *session.Session) { s.Touch() },
		"Get":        func(m *session.Manager, s *session.Session) { known(m.Get(context.Background(), s.UID())) },
		"SetTimeout": func(_ *session.Manager, s *session.Session) { s.SetTimeout(6 * time.Minute) },
		"zero":       func(_ *session.Manager, s *session.Session) { s.SetTimeout(0) },
		"Lifetime":   func(_ *session.Manager, s *session.Session) { s.SetLifetime(time.Minute) },
	}
	for name, other := range others {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int64
			m, w := still(func(m *session.Manager) {
				m.Carrier = silent{}
				m.OnExpire = func(*session.Session) { calls.Add(1) }
			})
			list := fill(t, m, 3000)
			w.Advance(10 * time.Minute)
			together(list, func(s *session.Session) { _ = m.Renew(nil, s) }, func(s *session.Session) { other(m, s) })
			w.Advance(session.DefaultTimeout + time.Second)
			ends(t, m)
			closed(t, m)
			require.Equal(t, int64(3000), calls.Load())
		})
	}
}

// A timeout made shorter while Renew enters the new uid must not be lost on the
// wheel.
func TestShorterTimeoutWhileRenewing(t *testing.T) {
	m, w := still(func(m *session.Manager) { m.Carrier = silent{} })
	defer closed(t, m)
	for range 30 {
		list := fill(t, m, 5000)
		w.Advance(10 * time.Minute)
		for _, s := range list {
			s.Touch()
		}
		together(list, func(s *session.Session) { _ = m.Renew(nil, s) }, func(s *session.Session) { s.SetTimeout(6 * time.Minute) })
		w.Advance(6*time.Minute + bound(session.DefaultTimeout))
		if n := m.Stats().Live; n > 0 {
			w.Advance(8*time.Minute - bound(session.DefaultTimeout))
			late := m.Stats().Live
			w.Advance(time.Hour)
			require.Failf(t, "late", "%d sessions; 8 minutes later %d, an hour later %d", n, late, m.Stats().Live)
		}
	}
}

// The wheel takes out what is due while the uids change.
func TestRenewWhileTheWheelTurns(t *testing.T) {
	var calls atomic.Int64
	m, w := still(with(session.Lasting(time.Second)), func(m *session.Manager) {
		m.Carrier = silent{}
		m.OnExpire = func(*session.Session) { calls.Add(1) }
	})
	list := fill(t, m, 2000)
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for !stop.Load() {
				for _, s := range list {
					_ = m.Renew(nil, s)
				}
			}
		})
	}
	for w.Now() < 3*time.Second/2 {
		w.Advance(4 * tick)
		runtime.Gosched()
	}
	stop.Store(true)
	wg.Wait()
	w.Advance(2 * tick) // for those that had a new uid just now
	ends(t, m)
	for range m.All() {
		t.Fatal("an ended session is in the table again")
	}
	closed(t, m)
	require.Equal(t, int64(2000), calls.Load())
}

func fill(t testing.TB, m *session.Manager, n int) []*session.Session {
	list := make([]*session.Session, n)
	for i := range list {
		list[i] = create(t, m)
	}
	return list
}

// together does both to each session at nearly the same moment.
func together(list []*session.Session, a, b func(*session.Session)) {
	var at [2]atomic.Int64
	var wg sync.WaitGroup
	for me, f := range []func(*session.Session){a, b} {
		wg.Go(func() {
			for i, s := range list {
				at[me].Store(int64(i) + 1)
				for at[1-me].Load() <= int64(i) {
					runtime.Gosched()
				}
				f(s)
			}
		})
	}
	wg.Wait()
}
