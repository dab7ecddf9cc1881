package session_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/storetest"
	"github.com/stretchr/testify/require"
)

// Close has everything saved, and what sessions own here closed, once.
func TestCloseSavesAll(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		const many = 300
		p := join(t, store)
		var closed atomic.Int64
		var uids []string
		for i := range many {
			s := p.visit(t, "")
			s.Own(closerFunc(func() { closed.Add(1) }))
			s.NotifyOnExpire(func() { t.Error("called") })
			require.NoError(t, number.Set(s, i))
			uids = append(uids, s.UID())
		}
		require.NoError(t, p.Close(t.Context()))
		require.EqualValues(t, many, closed.Load())
		require.NoError(t, p.Close(t.Context()))
		require.EqualValues(t, many, closed.Load())
		require.Empty(t, p.ends())
		require.Zero(t, p.Stats().Live)
		require.Zero(t, p.Stats().Store.Unsaved)
		_, err := p.Open(asks(""))
		require.ErrorIs(t, err, session.ErrClosed)
		_, err = p.Find(asks(uids[0]))
		require.ErrorIs(t, err, session.ErrClosed)

		next := join(t, store)
		for i, uid := range uids {
			n, ok := number.Get(next.visit(t, uid))
			require.True(t, ok)
			require.Equal(t, i, n)
		}
		require.EqualValues(t, many, next.Stats().Store.Loaded)
		require.EqualValues(t, many, next.Stats().Live)
		require.Zero(t, next.Stats().Made)
	})
}

// The last use before a Close counts, though nobody was told of it yet.
func TestCloseTellsOfTheLastUse(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		p := join(t, store)
		s := p.visit(t, "")
		time.Sleep(59 * time.Second)
		require.True(t, s.Touch())
		require.NoError(t, p.Close(t.Context()))
		time.Sleep(59 * time.Second)
		require.Equal(t, s.UID(), join(t, store).visit(t, s.UID()).UID())
	})
}

// OnLoad is called once for each time that a session is read, before anyone has
// it, and can make again what it owns.
func TestOnLoad(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		uid := ""
		a := join(t, store)
		s := a.visit(t, "")
		a.save(t, s, "read")
		uid = s.UID()
		require.NoError(t, a.Close(t.Context()))
		var loads, closed atomic.Int64
		b := joinAs(t, store, func(m *session.Manager) {
			m.OnLoad = func(s *session.Session) {
				loads.Add(1)
				if v, _ := note.Get(s); v != "read" || s.UID() != uid {
					t.Error("not readable")
				}
				time.Sleep(time.Second)
				s.Own(closerFunc(func() { closed.Add(1) }))
				if number.Set(s, 5) != nil {
					t.Error("not writable")
				}
			}
		})
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() { b.visit(t, uid) })
		}
		all.Wait()
		require.EqualValues(t, 1, loads.Load())
		require.EqualValues(t, 1, b.Stats().Store.Loaded)
		require.Equal(t, 1, b.way.Calls("Load"))
		time.Sleep(2 * time.Second)
		n, _ := number.Get(join(t, store).visit(t, uid))
		require.Equal(t, 5, n)
		time.Sleep(70 * time.Second)
		require.EqualValues(t, 1, closed.Load())
	})
}

func TestOnLoadThatPanics(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		var log journal
		a := join(t, store)
		s := a.visit(t, "")
		a.save(t, s, "read")
		require.NoError(t, a.Close(t.Context()))
		var broken atomic.Bool
		var closed atomic.Int64
		broken.Store(true)
		b := joinAs(t, store, func(m *session.Manager) {
			m.Log = log.logger()
			m.OnLoad = func(s *session.Session) {
				s.Own(closerFunc(func() { closed.Add(1) }))
				if broken.Load() {
					panic("broken")
				}
			}
		})
		for range 3 {
			_, err := b.Open(asks(s.UID()))
			require.ErrorIs(t, err, session.ErrFactory)
		}
		require.EqualValues(t, 3, closed.Load())
		require.Contains(t, log.String(), "OnLoad panicked")
		require.Zero(t, b.Stats().Live)
		broken.Store(false)
		v, _ := note.Get(b.visit(t, s.UID()))
		require.Equal(t, "read", v)
	})
}

// OnLoad may find that a session must end.
func TestOnLoadThatExpires(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a := join(t, store)
		s := a.visit(t, "")
		require.NoError(t, a.Close(t.Context()))
		b := joinAs(t, store, func(m *session.Manager) { m.OnLoad = (*session.Session).Expire })
		found, err := b.Find(asks(s.UID()))
		require.NoError(t, err)
		require.Nil(t, found)
		require.Len(t, b.ends(), 1)
		time.Sleep(time.Second)
		require.Zero(t, store.Len())
		require.Zero(t, b.Stats().Live)
	})
}

// A process that is full does not load either, and says so.
func TestLoadBeyondTheLimit(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a := join(t, store)
		s := a.visit(t, "")
		b := joinAs(t, store, func(m *session.Manager) { m.Limit = 1 })
		b.visit(t, "")
		_, err := b.Find(asks(s.UID()))
		require.ErrorIs(t, err, session.ErrFull)
		require.Equal(t, session.Alive, s.Reason())
	})
}

// Requests, new sessions and loads go on until the very end, and nobody's
// session is lost or closed twice.
func TestCloseAmongRequests(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		first := join(t, store)
		var uids []string
		for range 64 {
			s := first.visit(t, "")
			uids = append(uids, s.UID())
		}
		require.NoError(t, first.Close(t.Context()))
		p := joinAs(t, store, func(m *session.Manager) {
			m.OnLoad = func(s *session.Session) { s.Own(closerFunc(func() {})) }
		})
		written := make([]int, len(uids))
		var all sync.WaitGroup
		for i, uid := range uids {
			all.Go(func() {
				for n := 1; ; n++ {
					s, err := p.Find(asks(uid))
					if s == nil || err != nil {
						return
					}
					if number.Update(s, func(v *int) { *v = n }) != nil {
						return
					}
					written[i] = n
					time.Sleep(10 * time.Millisecond)
				}
			})
		}
		time.Sleep(time.Second)
		require.NoError(t, p.Close(t.Context()))
		all.Wait()
		next := join(t, store)
		for i, uid := range uids {
			s, err := next.Find(asks(uid))
			require.NoError(t, err)
			require.NotNil(t, s)
			n, _ := number.Get(s)
			require.GreaterOrEqual(t, n, written[i])
		}
		require.Empty(t, endsOf(first, p))
	})
}

// Close waits for calls that take their time, and for the store to have heard of
// them.
func TestCloseWaitsForCalls(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		p := joinAs(t, store, func(m *session.Manager) {
			m.OnExpire = func(*session.Session) { time.Sleep(5 * time.Second) }
		})
		s := p.visit(t, "")
		go s.Expire()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorContains(t, p.Close(ctx), "1 session")
		require.NoError(t, p.Close(t.Context()))
		time.Sleep(time.Second)
	})
}
