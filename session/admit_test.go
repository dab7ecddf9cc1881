package session_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// A session that a request has just been given is in use, so however many come
// at once with room for one, nobody is handed one that another has put an end
// to.
func TestAcquiredIsNeverEvicted(t *testing.T) {
	m, _ := still(func(m *session.Manager) { m.Limit, m.Evict = 1, true })
	defer closed(t, m)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 5000 {
				s, _, err := m.Acquire(visit(t))
				if err != nil {
					continue // somebody else has the only place
				}
				if s.Reason() != session.Alive {
					t.Error("handed out a session that has ended")
				}
				s.Release()
			}
		})
	}
	all.Wait()
}

// Room that is made by others while a place is looked for is room.
func TestEvictFindsRoomThatOthersMade(t *testing.T) {
	m, _ := still(func(m *session.Manager) { m.Limit, m.Evict = 4, true })
	defer closed(t, m)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 5000 {
				s, err := m.Create(nil)
				if err != nil {
					t.Error(err) // nothing is ever held
					return
				}
				s.Expire()
			}
		})
	}
	all.Wait()
}

// Who finds a session in the table before its maker has filed it can shorten
// its life.
func TestShorterTimeoutOfASessionInTheMaking(t *testing.T) {
	m, w := still(with(session.Lasting(time.Hour)))
	defer closed(t, m)
	stop := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			for s := range m.All() {
				s.SetTimeout(time.Second)
			}
		}
	})
	for range 3000 {
		create(t, m)
	}
	close(stop)
	all.Wait()
	for s := range m.All() {
		s.SetTimeout(time.Second)
	}
	w.Advance(time.Second + bound(time.Second))
	require.Zero(t, m.Stats().Live)
}

// A lifetime has a precision of its own, whatever the timeout.
func TestLifetimeIsNotLateByTheSlackOfTheTimeout(t *testing.T) {
	for _, d := range []time.Duration{0, time.Millisecond, time.Second, time.Minute} {
		m, w := still(with(session.Lasting(time.Hour)))
		s := create(t, m)
		w.Advance(time.Minute + 12345*time.Microsecond)
		s.SetLifetime(d)
		w.Advance(d + bound(d))
		require.Equal(t, session.Lifetime, s.Reason(), "%v", d)
		closed(t, m)
	}
}
