package session_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/storetest"
	"github.com/spindleweb/spindle/timer"
	"github.com/stretchr/testify/require"
)

// A request whose session is here allocates nothing, with a Store too.
func TestAllocationsWithAStore(t *testing.T) {
	way := &storetest.Faulty{Store: new(storetest.Memory)}
	m, _ := still(func(m *session.Manager) { m.Store = way })
	defer closed(t, m)
	s := create(t, m)
	require.NoError(t, note.Set(s, "x"))
	require.NoError(t, m.Save(nil, s))
	ctx := bring(t, s.UID())
	known(m.Find(ctx)) // what it notes is noted
	cases := map[string]func() bool{
		"Find": func() bool { return known(m.Find(ctx)) == s },
		"Peek": func() bool { return known(m.Peek(ctx)) == s },
		"a request": func() bool {
			got, _, err := m.Acquire(ctx)
			_, ok := note.Get(got)
			err = errors.Join(err, m.Save(ctx, got))
			got.Release()
			return err == nil && ok && got == s
		},
		"Exists": func() bool { yes, _ := m.Exists(context.Background(), s.UID()); return yes },
	}
	before := way.Calls() - way.Calls("Due")
	for name, f := range cases {
		t.Run(name, func(t *testing.T) {
			ok, most := true, 0.0
			if name == "Exists" {
				most = 1 // the uid as text
			}
			n := testing.AllocsPerRun(100, func() { ok = ok && f() })
			require.True(t, ok)
			require.LessOrEqual(t, n, most)
		})
	}
	require.Equal(t, before, way.Calls()-way.Calls("Due"))
}

// Many sessions in use cost few calls.
func TestManySessionsHardlyAskTheStore(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		const many = 1000
		p := joinAs(t, store, func(m *session.Manager) { m.Factory = session.Lasting(15 * time.Minute) })
		var all []*session.Session
		for range many {
			all = append(all, p.visit(t, ""))
		}
		before := p.way.Calls() - p.way.Calls("Due")
		for range 60 { // ten minutes
			time.Sleep(10 * time.Second)
			for _, s := range all {
				require.True(t, s.Touch())
			}
		}
		require.LessOrEqual(t, p.way.Rows("Touch"), 11*many, "once per session and minute")
		require.LessOrEqual(t, p.way.Calls()-p.way.Calls("Due")-before, 11*(many/128+2))
	})
}

// A clock that somebody moves by hand goes with a Store too.
func TestAClockMovedByHand(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		w := new(timer.Wheel)
		p := joinAs(t, store, func(m *session.Manager) { m.Clock = w })
		p.visit(t, "")
		time.Sleep(2 * time.Second)
		store.Advance(59 * time.Second)
		w.Advance(61 * time.Second)
		time.Sleep(time.Second)
		require.Len(t, p.ends(), 1)
		require.Zero(t, store.Len())
	})
}

// A thousand things at once on one session, and a Close.
func TestEverythingAtOnce(t *testing.T) {
	for round := range 6 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			inBubble(t, func(t *testing.T, store *storetest.Memory) {
				a, b := join(t, store), join(t, store)
				s := a.visit(t, "")
				uid := s.UID()
				var all sync.WaitGroup
				for i := range 64 {
					all.Go(func() {
						r := rand.New(rand.NewPCG(uint64(round), uint64(i)))
						p := []*process{a, b}[i%2]
						for n := range 40 {
							here, _, err := p.Acquire(asks(uid))
							if err != nil {
								if !errors.Is(err, session.ErrClosed) {
									t.Error(err)
								}
								return
							}
							switch r.IntN(12) {
							case 0:
								_ = note.Set(here, "x")
							case 1:
								_ = number.Update(here, func(n *int) { *n++ })
							case 2:
								_ = p.Renew(asks(""), here)
							case 3:
								if n > 20 {
									here.Expire()
								}
							case 4:
								here.Clear()
							case 5:
								here.SetTimeout(time.Duration(20+r.IntN(40)) * time.Second)
							case 6:
								time.Sleep(time.Duration(r.IntN(1000)) * time.Millisecond)
							case 7:
								note.Delete(here)
							default:
								note.Get(here)
								number.Get(here)
							}
							if err := p.Save(nil, here); err != nil && !errors.Is(err, session.ErrEnded) {
								t.Error(err)
							}
							here.Release()
						}
					})
				}
				time.Sleep(time.Duration(round) * 700 * time.Millisecond)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				require.NoError(t, a.Close(ctx))
				all.Wait()
				require.NoError(t, a.Close(ctx))
				time.Sleep(5 * time.Minute)
				synctest.Wait()
				require.Zero(t, store.Len())
				require.Zero(t, a.Stats().Live)
				require.Zero(t, b.Stats().Live)
				require.Zero(t, b.Stats().Store.Ending)
			})
		})
	}
}
