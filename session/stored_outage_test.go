package session_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/storetest"
	"github.com/stretchr/testify/require"
)

// The answer to a call is lost, once, or the call itself. Whatever it was,
// nothing that was acknowledged is lost, and the end comes once.
func TestLostAnswers(t *testing.T) {
	for _, method := range []string{"Load", "Save", "Touch", "Exists", "Claim", "Due", "Ack"} {
		for name, fault := range map[string]func(*storetest.Faulty, string, int, error){
			"answer": (*storetest.Faulty).LoseNext,
			"call":   (*storetest.Faulty).FailNext,
		} {
			for _, n := range []int{1, 3} {
				t.Run(method+" "+name, func(t *testing.T) {
					inBubble(t, func(t *testing.T, store *storetest.Memory) {
						a, b := join(t, store), join(t, store)
						s := a.visit(t, "")
						uid := s.UID()
						a.save(t, s, "first")
						fault(a.way, method, n, errOutage)
						fault(b.way, method, n, errOutage)
						var text string
						count := 1
						for i := range 12 {
							p := []*process{a, b}[i%2]
							time.Sleep(10 * time.Second)
							here, err := p.Find(asks(uid))
							if err != nil {
								require.ErrorIs(t, err, session.ErrStore)
								continue
							}
							require.NotNil(t, here, "it has ended")
							require.NoError(t, note.Set(here, strings.Repeat("x", i)))
							if err := p.Save(asks(""), here); err == nil {
								text = strings.Repeat("x", i)
							} else {
								require.ErrorIs(t, err, session.ErrStore)
							}
							if number.Update(here, func(n *int) { *n++ }) == nil {
								count++
							}
						}
						last := time.Now()
						time.Sleep(110 * time.Second) // a lease and more
						list := endsOf(a, b)
						require.Len(t, list, 1)
						require.Equal(t, text, list[0].note)
						require.GreaterOrEqual(t, list[0].number, count)
						require.Greater(t, time.Since(last), time.Minute)
						require.Zero(t, store.Len())
						require.Zero(t, a.Stats().Store.Ending+b.Stats().Store.Ending)
					})
				})
			}
		}
	}
}

// A record that was made, but not heard of, ends by itself.
func TestALostCreate(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		p := join(t, store)
		p.way.LoseNext("Create", 1, errOutage)
		_, err := p.Open(asks(""))
		require.ErrorIs(t, err, session.ErrStore)
		require.Zero(t, p.Stats().Live)
		time.Sleep(time.Second)
		require.NotNil(t, p.visit(t, ""))
		time.Sleep(70 * time.Second)
		require.Zero(t, store.Len())
	})
}

// A server that does not answer costs the first a StoreTimeout and nobody else
// more than that.
func TestAPausedStore(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		p := joinAs(t, store, func(m *session.Manager) { m.StoreTimeout = 2 * time.Second })
		s := p.visit(t, "")
		p.save(t, s, "before")
		release := p.way.Block()
		start := time.Now()
		require.NoError(t, note.Set(s, "meanwhile"))
		require.ErrorIs(t, p.Save(nil, s), session.ErrStore)
		require.Equal(t, 2*time.Second, time.Since(start))
		for range 10 {
			require.Same(t, s, p.visit(t, s.UID()))
			_, err := p.Open(asks(""))
			require.ErrorIs(t, err, session.ErrStore)
		}
		require.Equal(t, 2*time.Second, time.Since(start))
		v, _ := note.Get(s)
		require.Equal(t, "before", v)
		release()
		time.Sleep(3 * time.Second)
		require.False(t, p.Stats().Store.Down)
		require.NoError(t, note.Set(s, "after"))
		require.NoError(t, p.Save(asks(""), s))
		v, _ = note.Get(join(t, store).visit(t, s.UID()))
		require.Equal(t, "after", v)
	})
}

// What was refused is as it was, for whoever has the session, and the next
// change is not.
func TestRefusedChanges(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		p := join(t, store)
		s := p.visit(t, "")
		p.save(t, s, "before")
		p.way.Fail(errOutage)
		ctx := asks(s.UID())
		require.NoError(t, note.Set(s, "x"))
		number.Delete(s)
		s.Clear()
		require.ErrorIs(t, p.Save(ctx, s), session.ErrStore)
		require.ErrorIs(t, p.Save(ctx, s), session.ErrStore, "the same request")
		v, _ := note.Get(s)
		n, _ := number.Get(s)
		require.Equal(t, "before", v)
		require.Equal(t, 1, n)
		p.way.Fail(nil)
		time.Sleep(time.Second)
		require.NoError(t, p.Save(asks(""), s), "a later request that changes nothing")
		again := p.visit(t, s.UID())
		require.NoError(t, note.Set(again, "y"))
		require.NoError(t, p.Save(asks(""), again))
		v, _ = note.Get(join(t, store).visit(t, s.UID()))
		require.Equal(t, "y", v)
		require.Zero(t, p.Stats().Store.Unsaved)
	})
}

// A save that was done and not heard of shows its change.
func TestALostSaveIsReadAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		p := join(t, store)
		s := p.visit(t, "")
		p.save(t, s, "before")
		p.way.LoseNext("Save", 1, errOutage)
		require.NoError(t, note.Set(s, "after"))
		require.ErrorIs(t, p.Save(nil, s), session.ErrStore)
		time.Sleep(time.Second)
		v, _ := note.Get(p.visit(t, s.UID()))
		require.Equal(t, "after", v)
	})
}

func TestWriteBehind(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a := joinAs(t, store, func(m *session.Manager) { m.WriteBehind = true })
		b := join(t, store)
		s := a.visit(t, "")
		a.way.Fail(errOutage)
		require.NoError(t, note.Set(s, "behind"))
		require.NoError(t, a.Save(asks(""), s))
		require.EqualValues(t, 1, a.Stats().Store.Unsaved)
		time.Sleep(10 * time.Second)
		v, _ := note.Get(s)
		require.Equal(t, "behind", v)
		v, _ = note.Get(b.visit(t, s.UID()))
		require.Empty(t, v)
		a.way.Fail(nil)
		time.Sleep(time.Second)
		require.Zero(t, a.Stats().Store.Unsaved)
		v, _ = note.Get(join(t, store).visit(t, s.UID()))
		require.Equal(t, "behind", v)
		require.ErrorIs(t, func() error {
			a.way.Fail(errOutage)
			return number.Update(s, func(n *int) { *n++ })
		}(), session.ErrStore, "Update waits")
	})
}

// What is changed while the change before is being written is written too.
func TestAChangeDuringASave(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a := join(t, store)
		s := a.visit(t, "")
		require.NoError(t, note.Set(s, "one"))
		release := a.way.Block()
		time.Sleep(300 * time.Millisecond)
		require.Positive(t, a.way.Waiting())
		require.NoError(t, number.Set(s, 2))
		require.NoError(t, note.Set(s, "two"))
		release()
		time.Sleep(3 * time.Second)
		require.Zero(t, a.Stats().Store.Unsaved)
		other := join(t, store).visit(t, s.UID())
		v, _ := note.Get(other)
		n, _ := number.Get(other)
		require.Equal(t, "two", v)
		require.Equal(t, 2, n)
	})
}

// The log hears of an outage when it begins and when it ends, not in between.
func TestTheLogHearsOfAnOutageOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		var log journal
		p := joinAs(t, store, func(m *session.Manager) { m.Log = log.logger() })
		var all []*session.Session
		for range 50 {
			all = append(all, p.visit(t, ""))
		}
		p.way.Fail(errOutage)
		for range 5 {
			for _, s := range all {
				require.NoError(t, note.Set(p.visit(t, s.UID()), "x"))
				require.ErrorIs(t, p.Save(nil, s), session.ErrStore)
			}
			time.Sleep(5 * time.Second)
		}
		p.way.Fail(nil)
		time.Sleep(5 * time.Second)
		require.Equal(t, 2, strings.Count(log.String(), "\n"), log.String())
	})
}

// Times that were set during an outage are told of later.
func TestTimesSetDuringAnOutage(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		p := join(t, store)
		s := p.visit(t, "")
		p.way.Fail(errOutage)
		s.SetTimeout(10 * time.Minute)
		require.ErrorIs(t, p.Save(nil, s), session.ErrStore)
		time.Sleep(5 * time.Second)
		p.way.Fail(nil)
		time.Sleep(8 * time.Minute)
		require.Equal(t, session.Alive, s.Reason())
		other := join(t, store).visit(t, s.UID())
		require.Equal(t, 10*time.Minute, other.Timeout())
	})
}

// Expire returns soon when the store is down, and the calls are made when it is
// back, once.
func TestCallsWaitForTheStore(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		p := join(t, store)
		s := p.visit(t, "")
		p.save(t, s, "x")
		var calls atomic.Int64
		s.NotifyOnExpire(func() { calls.Add(1) })
		p.way.Fail(errOutage)
		s.Expire()
		s.Expire()
		require.Equal(t, session.Expired, s.Reason())
		time.Sleep(5 * time.Second)
		require.Zero(t, calls.Load())
		require.EqualValues(t, 1, p.Stats().Store.Ending)
		p.way.Fail(nil)
		time.Sleep(3 * time.Second)
		require.EqualValues(t, 1, calls.Load())
		require.Equal(t, []end{{"x", 1, session.Expired}}, p.ends())
		require.Zero(t, p.Stats().Store.Ending)
	})
}

// A failed rename leaves all as it was.
func TestAFailedRenew(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		p := join(t, store)
		s := p.visit(t, "")
		p.save(t, s, "kept")
		p.way.FailNext("Save", 1, errOutage)
		require.ErrorIs(t, p.Renew(asks(""), s), session.ErrStore)
		time.Sleep(time.Second)
		v, _ := note.Get(p.visit(t, s.UID()))
		require.Equal(t, "kept", v)
		require.NoError(t, p.Renew(asks(""), s))
		v, _ = note.Get(join(t, store).visit(t, s.UID()))
		require.Equal(t, "kept", v)
	})
}

func TestCloseDuringAnOutage(t *testing.T) {
	cases := map[string]func(p *process) (undo func()){
		"failing": func(p *process) func() { p.way.Fail(errOutage); return func() { p.way.Fail(nil) } },
		"paused":  func(p *process) func() { return p.way.Block() },
	}
	for name, begin := range cases {
		for _, after := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				inBubble(t, func(t *testing.T, store *storetest.Memory) {
					p := join(t, store)
					var closed atomic.Int64
					var all []*session.Session
					for range 20 {
						s := p.visit(t, "")
						s.Own(closerFunc(func() { closed.Add(1) }))
						s.NotifyOnExpire(func() { t.Error("called") })
						all = append(all, s)
					}
					time.Sleep(time.Second)
					undo := begin(p)
					for _, s := range all {
						require.NoError(t, note.Set(s, "late"))
					}
					if after {
						time.Sleep(500 * time.Millisecond) // a save is under way
					}
					ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
					defer cancel()
					start := time.Now()
					err := p.Close(ctx)
					require.ErrorContains(t, err, "20 sessions have not been saved")
					require.LessOrEqual(t, time.Since(start), 2*time.Second)
					synctest.Wait()
					require.EqualValues(t, 20, closed.Load())
					undo()
					require.NoError(t, p.Close(context.Background()), "a second time")
				})
			})
		}
	}
}

// A store that is back before the deadline gets everything.
func TestCloseWaitsForTheStore(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		p := join(t, store)
		s := p.visit(t, "")
		p.way.Fail(errOutage)
		require.NoError(t, note.Set(s, "saved"))
		time.Sleep(time.Second)
		time.AfterFunc(3*time.Second, func() { p.way.Fail(nil) })
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		require.NoError(t, p.Close(ctx))
		v, _ := note.Get(join(t, store).visit(t, s.UID()))
		require.Equal(t, "saved", v)
	})
}

// What was due when Close gave up is another process's.
func TestASecondCloseAfterOneThatGaveUp(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		p, other := join(t, store), join(t, store)
		other.visit(t, "").Expire()
		for range 10 {
			p.visit(t, "")
		}
		p.way.Fail(errOutage)
		time.Sleep(61 * time.Second)
		p.way.Fail(nil)
		time.Sleep(200 * time.Millisecond) // nobody claims yet
		_ = p.Close(expired())
		require.NoError(t, p.Close(context.Background()))
		time.Sleep(40 * time.Second)
		require.Len(t, endsOf(p, other), 11)
		require.Zero(t, store.Len())
	})
}

// expired is a deadline that has passed already.
func expired() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
