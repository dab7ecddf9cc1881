package session_test

import (
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

type user struct {
	Name  string
	Roles []string
}

func TestKeysOfAllTypes(t *testing.T) {
	m, _ := still()
	defer closed(t, m)
	s := create(t, m)
	roundTrip(t, s, 42)
	roundTrip(t, s, "text")
	roundTrip(t, s, true)
	roundTrip(t, s, 1.5)
	roundTrip(t, s, struct{}{})
	roundTrip(t, s, [3]byte{1, 2, 3})
	roundTrip(t, s, []string{"a", "b"})
	roundTrip(t, s, map[string]int{"a": 1})
	roundTrip(t, s, user{"ann", []string{"admin"}})
	roundTrip(t, s, &user{"ann", nil})
	roundTrip(t, s, time.Unix(1, 2))
	roundTrip[io.Reader](t, s, nil)
	roundTrip[error](t, s, io.EOF)
	roundTrip[any](t, s, 3)
}

func roundTrip[T any](t *testing.T, s *session.Session, v T) {
	t.Helper()
	var zero T
	k := session.NewKey[T]("same name")
	require.Equal(t, "same name", k.String())
	got, ok := k.Get(s)
	require.False(t, ok, "two Keys are two values")
	require.Equal(t, zero, got)
	k.Delete(s)
	require.NoError(t, k.Update(s, func(p *T) { require.Equal(t, zero, *p) }))
	_, ok = k.Get(s)
	require.True(t, ok)
	require.NoError(t, k.Set(s, v))
	got, ok = k.Get(s)
	require.True(t, ok)
	require.Equal(t, v, got)
	k.Delete(s)
	got, ok = k.Get(s)
	require.False(t, ok)
	require.Equal(t, zero, got)
	require.NoError(t, k.Set(s, v))
}

// A copy of a Key is the same Key, and sessions do not share values.
func TestKeyPerSession(t *testing.T) {
	m, _ := still()
	defer closed(t, m)
	a, b := create(t, m), create(t, m)
	k := session.NewKey[int]("n")
	same := k
	require.NoError(t, k.Set(a, 1))
	v, ok := same.Get(a)
	require.True(t, ok)
	require.Equal(t, 1, v)
	_, ok = k.Get(b)
	require.False(t, ok)

	loose := session.New("loose")
	require.NoError(t, k.Set(loose, 5))
	v, _ = k.Get(loose)
	require.Equal(t, 5, v)
}

// No update is lost, also while other values come and go.
func TestUpdateLosesNothing(t *testing.T) {
	const writers, rounds = 64, 500
	m, _ := still()
	defer closed(t, m)
	s := create(t, m)
	n := session.NewKey[int]("n")
	list := session.NewKey[[]int]("list")
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			own := session.NewKey[int]("own")
			for j := range rounds {
				_ = n.Update(s, func(p *int) { *p++ })
				_ = own.Set(s, j)
				if v, ok := own.Get(s); !ok || v != j {
					t.Error("lost")
				}
				own.Delete(s)
			}
			_ = list.Update(s, func(p *[]int) { *p = append(*p, i) })
		})
	}
	wg.Wait()
	v, _ := n.Get(s)
	require.Equal(t, writers*rounds, v)
	all, _ := list.Get(s)
	require.Len(t, all, writers)
}

// A panic in an update is the caller's and leaves the session usable.
func TestPanicInUpdate(t *testing.T) {
	m, _ := still()
	defer closed(t, m)
	s := create(t, m)
	k := session.NewKey[int]("k")
	require.Panics(t, func() { _ = k.Update(s, func(*int) { panic("no") }) })
	_, ok := k.Get(s)
	require.False(t, ok)
	require.NoError(t, k.Set(s, 1))
	require.Panics(t, func() { _ = k.Update(s, func(*int) { panic("no") }) })
	v, _ := k.Get(s)
	require.Equal(t, 1, v)
}

func TestKeysOfAnEndedSession(t *testing.T) {
	m, _ := still()
	defer closed(t, m)
	k, other := session.NewKey[string]("k"), session.NewKey[string]("other")
	full, empty := create(t, m), create(t, m)
	require.NoError(t, k.Set(full, "kept"))
	full.Expire()
	empty.Expire()
	for _, s := range []*session.Session{full, empty} {
		require.ErrorIs(t, k.Set(s, "new"), session.ErrEnded)
		require.ErrorIs(t, other.Set(s, "new"), session.ErrEnded)
		require.ErrorIs(t, k.Update(s, func(*string) { t.Error("called") }), session.ErrEnded)
		k.Delete(s)
		_, ok := other.Get(s)
		require.False(t, ok)
	}
	v, ok := k.Get(full)
	require.True(t, ok)
	require.Equal(t, "kept", v)
	_, ok = k.Get(empty)
	require.False(t, ok)
}

// What the calls on the end read is all that was ever written with success.
func TestUpdateAgainstTheEnd(t *testing.T) {
	k := session.NewKey[int]("k")
	for range 300 {
		m, _ := still()
		s := create(t, m)
		var wg sync.WaitGroup
		var done [4]int
		for i := range done {
			wg.Go(func() {
				for k.Update(s, func(p *int) { *p++ }) == nil {
					done[i]++
				}
			})
		}
		s.Expire()
		wg.Wait()
		v, _ := k.Get(s)
		require.Equal(t, done[0]+done[1]+done[2]+done[3], v)
		closed(t, m)
	}
}
