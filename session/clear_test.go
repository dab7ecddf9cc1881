package session_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestClear(t *testing.T) {
	n, text := session.NewKey[int]("n"), session.NewKey[string]("text")
	var d diary
	m, w := still(with(session.Lasting(time.Minute)))
	s := create(t, m)
	s.Clear() // of nothing
	require.NoError(t, n.Set(s, 1))
	require.NoError(t, text.Set(s, "x"))
	s.NotifyOnExpire(func() { d.add(strconv.FormatBool(func() bool { _, ok := n.Get(s); return ok }())) })
	s.SetLifetime(time.Hour)
	w.Advance(30 * time.Second)
	uid, left := s.UID(), s.Remaining()
	s.Clear()
	for range 2 {
		_, ok := n.Get(s)
		require.False(t, ok)
		_, ok = text.Get(s)
		require.False(t, ok)
		s.Clear()
	}
	require.Equal(t, uid, s.UID())
	require.Equal(t, left, s.Remaining(), "no touch")
	require.NoError(t, n.Set(s, 2))
	s.Expire()
	s.Clear()
	v, ok := n.Get(s)
	require.True(t, ok, "what has ended stays as it is")
	require.Equal(t, 2, v)
	require.Equal(t, []string{"true"}, d.all())
	closed(t, m)

	loose := session.New("loose")
	require.NoError(t, n.Set(loose, 1))
	loose.Clear()
	_, ok = n.Get(loose)
	require.False(t, ok)
	require.Equal(t, "loose", loose.UID())
}

func TestClearRaces(t *testing.T) {
	n := session.NewKey[int]("n")
	m, _ := still()
	s := create(t, m)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for range 1000 {
				_ = n.Update(s, func(v *int) { *v++ })
				s.Clear()
				n.Get(s)
			}
		})
	}
	wg.Wait()
	_, ok := n.Get(s)
	require.False(t, ok)
	closed(t, m)
}
