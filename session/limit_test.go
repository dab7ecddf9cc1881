package session_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

func TestLimitRefuses(t *testing.T) {
	m, w := still(func(m *session.Manager) { m.Limit = 3 })
	defer closed(t, m)
	list := fill(t, m, 3)
	for range 3 {
		ctx := visit(t)
		s, err := m.Open(ctx)
		require.ErrorIs(t, err, session.ErrFull)
		require.Nil(t, s)
		require.Empty(t, setCookies(ctx))
	}
	require.Equal(t, int64(3), m.Stats().Live)
	ctx := bring(t, list[0].UID())
	s, err := m.Open(ctx)
	require.NoError(t, err, "those who are in stay in")
	require.Same(t, list[0], s)
	list[1].Expire()
	create(t, m)
	_, err = m.Create(nil)
	require.ErrorIs(t, err, session.ErrFull)
	w.Advance(time.Hour)
	fill(t, m, 3)
}

func TestEvictRefusesIfAllAreHeld(t *testing.T) {
	m, w := still(func(m *session.Manager) { m.Limit, m.Evict = 3, true })
	defer closed(t, m)
	list := fill(t, m, 3)
	for _, s := range list {
		s.Hold()
		w.Advance(time.Second)
	}
	_, err := m.Create(nil)
	require.ErrorIs(t, err, session.ErrFull)
	list[1].Release()
	s := create(t, m)
	require.Equal(t, session.Evicted, list[1].Reason())
	s.Hold()
	_, err = m.Create(nil)
	require.ErrorIs(t, err, session.ErrFull)
	require.Equal(t, int64(3), m.Stats().Live)
}

// The evicted session gets its calls, and on goroutines of the Manager's: who
// needs the place does not wait for them.
func TestEvictedGetsItsCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		m, w := still(func(m *session.Manager) { m.Limit, m.Evict = 1, true })
		release := make(chan struct{})
		s := create(t, m)
		s.NotifyOnExpire(func() {
			<-release
			d.add(fmt.Sprint(s.Reason()))
		})
		w.Advance(time.Second)
		create(t, m)
		require.Nil(t, known(m.Get(context.Background(), s.UID())))
		require.Empty(t, d.all())
		close(release)
		synctest.Wait()
		require.Equal(t, []string{"evicted"}, d.all())
		closed(t, m)
	})
}

// Against a plain list in the order of last use: exactly the longest idle goes.
func TestEvictionModel(t *testing.T) {
	for _, limit := range []int{1, 2, 10, 63, 64, 65, 300} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(7, uint64(limit)))
			m, w := still(with(session.Lasting(session.Never)), func(m *session.Manager) {
				m.Limit, m.Evict, m.Carrier = limit, true, silent{}
			})
			defer closed(t, m)
			var idle []*session.Session // the longest idle first
			held := map[*session.Session]int{}
			var holders []*session.Session
			last := func(s *session.Session) {
				for i, other := range idle {
					if other == s {
						idle = append(idle[:i:i], idle[i+1:]...)
						break
					}
				}
				idle = append(idle, s)
			}
			out := func(s *session.Session) {
				last(s)
				idle = idle[:len(idle)-1]
			}
			evicted := 0
			for range 30 * limit {
				w.Advance(time.Millisecond) // no two uses at one moment
				switch op := rnd.IntN(12); {
				case op < 5:
					s, err := m.Create(nil)
					if len(idle)+len(holders) == limit {
						if len(idle) == 0 {
							require.ErrorIs(t, err, session.ErrFull)
							break
						}
						require.Equal(t, session.Evicted, idle[0].Reason(), "the longest idle")
						idle = idle[1:]
						evicted++
					}
					require.NoError(t, err)
					idle = append(idle, s)
				case len(idle) > 0 && op < 8:
					s := idle[rnd.IntN(len(idle))]
					require.True(t, s.Touch())
					last(s)
				case len(idle) > 0 && op < 9:
					s := idle[rnd.IntN(len(idle))]
					s.Hold()
					held[s]++
					out(s)
					holders = append(holders, s)
				case len(idle) > 0 && op < 10:
					require.NoError(t, m.Renew(nil, idle[rnd.IntN(len(idle))]))
				case len(idle) > 0 && op < 11 && rnd.IntN(4) == 0:
					s := idle[rnd.IntN(len(idle))]
					s.Expire()
					out(s)
				case len(holders) > 0:
					i := rnd.IntN(len(holders))
					s := holders[i]
					s.Release()
					holders = append(holders[:i:i], holders[i+1:]...)
					idle = append(idle, s)
				}
				require.Equal(t, int64(len(idle)+len(holders)), m.Stats().Live)
			}
			for _, s := range append(idle, holders...) {
				require.Equal(t, session.Alive, s.Reason())
			}
			require.Equal(t, int64(evicted), m.Stats().Ended[session.Evicted])
		})
	}
}

// Many who ask at once never make more sessions than the limit.
func TestLimitHolds(t *testing.T) {
	for _, evict := range []bool{false, true} {
		t.Run(fmt.Sprint(evict), func(t *testing.T) {
			const limit = 50
			m, w := still(func(m *session.Manager) { m.Limit, m.Evict = limit, evict })
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					for range 500 {
						_, _ = m.Create(nil)
						n := 0
						for range m.All() {
							n++
						}
						if n > limit && !evict { // while some come for others, All may show both
							t.Errorf("%d sessions", n)
							return
						}
					}
				})
			}
			wg.Wait()
			n := 0
			for range m.All() {
				n++
			}
			require.LessOrEqual(t, n, limit)
			require.Equal(t, int64(n), m.Stats().Live)
			w.Advance(time.Hour)
			closed(t, m)
			ends(t, m)
		})
	}
}
