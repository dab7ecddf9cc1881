package session_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// A resource notes each time it is closed.
type resource struct {
	d    *diary
	name string
	err  error
}

func (r resource) Close() error {
	r.d.add(r.name)
	return r.err
}

func TestOwn(t *testing.T) {
	var log journal
	ending(t, &log, func(t *testing.T, m *session.Manager, s *session.Session, end func(), d *diary) {
		before := strings.Count(log.String(), "busy disk")
		s.Own(resource{d, "first", nil})
		s.NotifyOnExpire(d.note("second"))
		s.Own(resource{d, "third", errors.New("busy disk")})
		s.Own(nil) // a mistake, which harms nobody else
		s.Own(resource{d, "fourth", nil})
		require.Empty(t, d.all())
		end()
		require.Equal(t, []string{"first", "second", "third", "fourth", "OnExpire"}, d.all())
		require.Equal(t, before+1, strings.Count(log.String(), "busy disk"))
		s.Own(resource{d, "too late", nil})
		require.Equal(t, "too late", d.all()[5], "closed at once")
		s.Expire()
		require.Len(t, d.all(), 6)
	})
}

// However many end the session, what it owns is closed once.
func TestOwnClosesOnce(t *testing.T) {
	var d diary
	m, w := still(func(m *session.Manager) { m.Limit, m.Evict = 100, true })
	list := fill(t, m, 100)
	for _, s := range list {
		s.Own(resource{&d, "x", nil})
	}
	var wg sync.WaitGroup
	wg.Go(func() { w.Advance(session.DefaultTimeout * 2) })
	wg.Go(func() {
		for range 100 {
			_, _ = m.Create(nil)
		}
	})
	for range 3 {
		wg.Go(func() {
			for _, s := range list {
				s.Expire()
			}
		})
	}
	wg.Wait()
	closed(t, m)
	require.Len(t, d.all(), 100)
}
