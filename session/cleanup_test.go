package session_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

func exists(t testing.TB, m *session.Manager, uid string) bool {
	t.Helper()
	there, err := m.Exists(context.Background(), uid)
	require.NoError(t, err)
	return there
}

func TestExists(t *testing.T) {
	m, w := still(with(session.Lasting(time.Minute)), lengthOf(20))
	other, _ := still()
	defer closed(t, m)
	defer closed(t, other)
	idle, expired, renewed := create(t, m), create(t, m), create(t, m)
	old := renewed.UID()
	for _, s := range []*session.Session{idle, expired, renewed} {
		require.True(t, exists(t, m, s.UID()))
	}
	for name, uid := range strangers(create(t, other).UID()) {
		require.False(t, exists(t, m, uid), name)
	}
	require.False(t, exists(t, m, create(t, other).UID()))
	require.NoError(t, m.Renew(visit(t), renewed))
	require.False(t, exists(t, m, old))
	require.True(t, exists(t, m, renewed.UID()))
	expired.Expire()
	require.False(t, exists(t, m, expired.UID()))
	w.Advance(time.Minute - 1)
	require.True(t, exists(t, m, idle.UID()))
	w.Advance(1)
	require.False(t, exists(t, m, idle.UID()), "from the very moment, and looking was no touch")
	require.Equal(t, session.Idle, idle.Reason())
}

// On a clock that ends them itself, so late that only Cleanup can have been it.
func TestCleanup(t *testing.T) {
	stuck(t, func(t *testing.T, m *session.Manager) {
		var d diary
		var list []*session.Session
		for i := range 500 {
			s := create(t, m)
			s.NotifyOnExpire(func() { d.add("") })
			switch i % 5 {
			case 0:
				s.SetTimeout(session.Never)
			case 1:
				s.Hold()
			case 2:
				s.SetTimeout(session.Never)
				s.SetLifetime(time.Minute)
			case 3:
				s.Hold()
				s.SetLifetime(time.Minute)
			}
			list = append(list, s)
		}
		cleanup := func() int {
			n, err := m.Cleanup(t.Context())
			require.NoError(t, err)
			return n
		}
		require.Zero(t, cleanup())
		<-time.After(time.Minute + tick)
		require.Equal(t, int64(500), m.Stats().Live, "the wheel was to be held up")
		require.Equal(t, 300, cleanup())
		require.Zero(t, cleanup())
		synctest.Wait()
		require.Len(t, d.all(), 300)
		for i, s := range list {
			require.Equal(t, []session.Reason{session.Alive, session.Alive, session.Lifetime, session.Lifetime, session.Idle}[i%5], s.Reason())
		}
	})
}

// Calls that block hold Cleanup up as little as the wheel.
func TestCleanupWaitsForNothing(t *testing.T) {
	stuck(t, func(t *testing.T, m *session.Manager) {
		release := make(chan struct{})
		for range 300 {
			create(t, m).NotifyOnExpire(func() { <-release })
		}
		<-time.After(time.Minute + tick)
		n, err := m.Cleanup(t.Context())
		require.NoError(t, err)
		require.Equal(t, 300, n)
		require.Zero(t, m.Stats().Live)
		close(release)
	})
}

func TestCleanupOfAContextThatHasEnded(t *testing.T) {
	stuck(t, func(t *testing.T, m *session.Manager) {
		fill(t, m, 1000)
		<-time.After(time.Minute + tick)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		n, err := m.Cleanup(ctx)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, int64(1000-n), m.Stats().Live)
		require.Positive(t, n)
	})
}

// Of several at once each counts what it has ended itself.
func TestCleanupsAtOnce(t *testing.T) {
	stuck(t, func(t *testing.T, m *session.Manager) {
		list := fill(t, m, 5000)
		<-time.After(time.Minute + tick)
		var ended atomic.Int64
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				n, err := m.Cleanup(t.Context())
				require.NoError(t, err)
				ended.Add(int64(n))
			})
		}
		wg.Go(func() {
			for _, s := range list[:1000] {
				s.Expire()
			}
		})
		wg.Wait()
		require.Equal(t, 5000-m.Stats().Ended[session.Expired], ended.Load())
		ends(t, m)
	})
}
