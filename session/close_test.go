package session_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

func TestCloseEndsAll(t *testing.T) {
	var d diary
	m, _ := still()
	list := fill(t, m, 100)
	for _, s := range list {
		s.Hold()
		s.SetTimeout(session.Never)
		s.NotifyOnExpire(d.note("gone"))
	}
	closed(t, m)
	require.Len(t, d.all(), 100, "when Close returns, all calls have been made")
	for _, s := range list {
		require.Equal(t, session.Shutdown, s.Reason())
		require.Nil(t, known(m.Get(context.Background(), s.UID())))
	}
	ctx := visit(t)
	_, err := m.Open(ctx)
	require.ErrorIs(t, err, session.ErrClosed)
	require.Empty(t, setCookies(ctx))
	closed(t, m)
	ends(t, m)
	require.Equal(t, map[session.Reason]int64{session.Shutdown: 100}, m.Stats().Ended)
}

func TestCloseOfNothing(t *testing.T) {
	var m session.Manager
	closed(t, &m)
	closed(t, &m)
	_, err := m.Create(nil)
	require.ErrorIs(t, err, session.ErrClosed)
	require.Nil(t, known(m.Get(context.Background(), "AAAAAAAAAAAAAAAAAAAAAA")))
}

func TestDrain(t *testing.T) {
	m, w := still()
	s := create(t, m)
	m.Drain()
	m.Drain()
	_, err := m.Create(nil)
	require.ErrorIs(t, err, session.ErrClosed)
	require.Equal(t, session.Alive, s.Reason())
	require.Same(t, s, known(m.Find(bring(t, s.UID()))))
	require.NoError(t, m.Renew(visit(t), s))
	w.Advance(time.Hour)
	require.Equal(t, session.Idle, s.Reason())
	closed(t, m)
}

// A Manager that Drain is the first to use works, too.
func TestDrainFirst(t *testing.T) {
	m, _ := still()
	m.Drain()
	_, err := m.Create(nil)
	require.ErrorIs(t, err, session.ErrClosed)
	require.Zero(t, m.Stats().Live)
	closed(t, m)
}

// The goroutine of the Manager's own clock is gone after Close; a bubble does
// not end before.
func TestCloseStopsItsClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := new(session.Manager)
		made := make(chan session.Reason, 1)
		s := create(t, m)
		s.NotifyOnExpire(func() { made <- s.Reason() })
		require.Equal(t, session.Idle, <-made)
		closed(t, m)
	})
}

// Close waits for the calls of those that were about to end by themselves.
func TestCloseWaitsForOthersEndings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		m, w := still()
		slow := func(name string) func() {
			return func() {
				<-time.After(time.Hour)
				d.add(name)
			}
		}
		expired, idle, shut := create(t, m), create(t, m), create(t, m)
		expired.NotifyOnExpire(slow("expired"))
		idle.NotifyOnExpire(slow("idle"))
		idle.SetTimeout(time.Second)
		shut.NotifyOnExpire(slow("shutdown"))
		go expired.Expire()
		w.Advance(2 * time.Second)
		synctest.Wait()
		closed(t, m)
		require.ElementsMatch(t, []string{"expired", "idle", "shutdown"}, d.all())
	})
}

// No race between Close and whatever else ends or makes a session lets Close
// return while a session lives or has calls to make.
func TestCloseRaces(t *testing.T) {
	const sessions = 40
	races := map[string]func(m *session.Manager, list []*session.Session, advance func()){
		"wheel": func(_ *session.Manager, _ []*session.Session, advance func()) { advance() },
		"Expire": func(_ *session.Manager, list []*session.Session, _ func()) {
			for _, s := range list {
				s.Expire()
			}
		},
		"Renew": func(m *session.Manager, list []*session.Session, _ func()) {
			for range 5 {
				for _, s := range list {
					_ = m.Renew(nil, s)
				}
			}
		},
		"Create": func(m *session.Manager, _ []*session.Session, _ func()) {
			for range 2 * sessions {
				_, _ = m.Create(nil)
			}
		},
	}
	for name, race := range races {
		t.Run("Close and "+name, func(t *testing.T) {
			for range 1000 {
				var calls atomic.Int64
				m, w := still(func(m *session.Manager) {
					m.Carrier = silent{}
					m.OnExpire = func(*session.Session) { calls.Add(1) }
				})
				list := fill(t, m, sessions)
				start := make(chan struct{})
				var wg sync.WaitGroup
				wg.Go(func() {
					<-start
					race(m, list, func() { w.Advance(time.Hour) })
				})
				close(start)
				err := m.Close(context.Background())
				made, got := m.Stats().Made, calls.Load()
				wg.Wait()
				require.NoError(t, err)
				ends(t, m)
				if name != "Create" {
					require.Equal(t, made, got, "calls made when Close returned")
				}
			}
		})
	}
}

// A session that is being made when the Manager closes has an end, too.
func TestCloseWhileMaking(t *testing.T) {
	for name, shut := range map[string]func(t *testing.T, m *session.Manager){
		"Drain": func(_ *testing.T, m *session.Manager) { m.Drain() },
		"Close": func(t *testing.T, m *session.Manager) {
			// Whether Close waits for the factory is its own affair; it may not wait for good.
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_ = m.Close(ctx)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var d diary
			m, _ := still()
			var s *session.Session
			m.SetFactory(func(uid string) *session.Session {
				s = session.New(uid)
				s.NotifyOnExpire(d.note("gone"))
				shut(t, m)
				return s
			})
			ctx := visit(t)
			got, err := m.Open(ctx)
			require.ErrorIs(t, err, session.ErrClosed)
			require.Nil(t, got)
			require.Empty(t, setCookies(ctx))
			closed(t, m)
			require.Equal(t, session.Shutdown, s.Reason())
			require.Equal(t, []string{"gone"}, d.all())
			require.Nil(t, known(m.Get(context.Background(), s.UID())))
			require.Zero(t, m.Stats().Live)
		})
	}
}

func TestCloseWithADeadline(t *testing.T) {
	m, _ := still()
	fill(t, m, 10)
	ctx, cancel := context.WithCancelCause(context.Background())
	release := make(chan struct{})
	create(t, m).NotifyOnExpire(func() {
		cancel(fmt.Errorf("enough"))
		<-release
	})
	err := m.Close(ctx)
	require.ErrorContains(t, err, "enough")
	require.ErrorContains(t, err, "sessions")
	_, err = m.Create(nil)
	require.ErrorIs(t, err, session.ErrClosed)
	close(release)
	closed(t, m)
	ends(t, m)
}

func TestStats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, w := still(func(m *session.Manager) { m.Limit, m.Evict = 10, true })
		require.Equal(t, session.Stats{Ended: map[session.Reason]int64{}}, m.Stats())
		list := fill(t, m, 10)
		for i, s := range list {
			s.SetTimeout(time.Duration(i+1) * time.Minute)
		}
		w.Advance(30 * time.Second)
		for _, s := range list[1:] {
			s.Touch()
		}
		create(t, m)
		list[1].Expire()
		list[2].SetLifetime(time.Second)
		w.Advance(2 * time.Second)
		list[9].Touch()
		w.Advance(9 * time.Minute)
		synctest.Wait()
		st := m.Stats()
		require.Equal(t, int64(11), st.Made)
		require.Equal(t, int64(2), st.Live)
		require.Equal(t, map[session.Reason]int64{
			session.Evicted: 1, session.Expired: 1, session.Lifetime: 1, session.Idle: 6,
		}, st.Ended)
		closed(t, m)
		require.Equal(t, int64(2), m.Stats().Ended[session.Shutdown])
		ends(t, m)
	})
}

func TestAll(t *testing.T) {
	m, w := still()
	defer closed(t, m)
	want := map[*session.Session]bool{}
	for i, s := range fill(t, m, 1000) {
		if i%3 == 0 {
			s.Expire()
		} else {
			want[s] = true
		}
	}
	got := map[*session.Session]bool{}
	for s := range m.All() {
		require.False(t, got[s], "twice")
		got[s] = true
	}
	require.Equal(t, want, got)
	n := 0
	for s := range m.All() {
		if s.Expire(); n == 9 {
			break
		}
		n++
	}
	require.Equal(t, int64(len(want)-10), m.Stats().Live)
	w.Advance(time.Hour)
	for range m.All() {
		t.Fatal("nobody is left")
	}
}
