package session_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/storetest"
)

// over requires that ctx is done because the session has ended.
func over(t testing.TB, ctx context.Context) {
	t.Helper()
	select {
	case <-ctx.Done():
	default:
		t.Fatal("the context is not done")
	}
	require.ErrorIs(t, ctx.Err(), context.Canceled)
	require.ErrorIs(t, context.Cause(ctx), session.ErrEnded)
}

// Whatever the end, the context is done before any call for it is made.
func TestContextOfEveryEnd(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, m *session.Manager, s *session.Session){
		"Expire": func(_ *testing.T, _ *session.Manager, s *session.Session) { s.Expire() },
		"idle": func(_ *testing.T, m *session.Manager, s *session.Session) {
			s.Touch()
			m.Clock.Advance(time.Hour)
		},
		"lifetime": func(_ *testing.T, m *session.Manager, s *session.Session) {
			s.Hold()
			s.SetLifetime(time.Minute)
			m.Clock.Advance(time.Hour)
		},
		"evicted": func(t *testing.T, m *session.Manager, _ *session.Session) { create(t, m) },
		"shutdown": func(t *testing.T, m *session.Manager, _ *session.Session) {
			closed(t, m)
		},
	} {
		for _, when := range []string{"before the calls", "after the calls", "in a call"} {
			t.Run(name+" "+when, func(t *testing.T) {
				m, _ := still(func(m *session.Manager) { m.Limit, m.Evict = 1, true })
				d := new(diary)
				said := make(chan struct{})
				s := create(t, m)
				var ctx context.Context
				say := func(who string) func() {
					return func() {
						if ctx == nil {
							ctx = s.Context() // which is a done one
						}
						d.add(fmt.Sprint(who, " ", ctx.Err() != nil, " ", s.Context().Err() != nil))
					}
				}
				if when == "before the calls" {
					ctx = s.Context()
				}
				s.NotifyOnExpire(say("first"))
				s.Own(closerFunc(say("second")))
				if when == "after the calls" {
					ctx = s.Context()
					require.Same(t, ctx, s.Context())
				}
				s.NotifyOnExpire(func() { close(said) })
				if ctx != nil {
					require.NoError(t, ctx.Err())
					require.NoError(t, context.Cause(ctx))
				}
				end(t, m, s)
				<-said
				require.Equal(t, []string{"first true true", "second true true"}, d.all())
				over(t, ctx)
				over(t, s.Context())
				closed(t, m)
			})
		}
	}
}

func TestContextIsTheSame(t *testing.T) {
	m, w := still()
	s, other := create(t, m), create(t, m)
	ctx := s.Context()
	for range 3 {
		w.Advance(time.Minute)
		require.Same(t, ctx, s.Context())
	}
	require.NotSame(t, ctx, other.Context())
	w.Advance(13 * time.Minute)
	require.Equal(t, session.Idle, s.Reason(), "asking for it is no activity")
	<-ctx.Done()
	over(t, ctx)
	closed(t, m)
}

func TestContextOfASessionWithoutAManager(t *testing.T) {
	for _, uid := range []string{"", "a name", "AAAAAAAAAAAAAAAAAAAAAA"} {
		s := session.New(uid)
		ctx := s.Context()
		require.NoError(t, ctx.Err())
		s.Expire()
		over(t, ctx)
		over(t, s.Context())
	}
	s := session.New("")
	s.Expire()
	over(t, s.Context())
}

// Many ask at once, and have one.
func TestContextOfMany(t *testing.T) {
	m, _ := still()
	for range 200 {
		s := create(t, m)
		all := make([]context.Context, 8)
		var asking sync.WaitGroup
		for i := range all {
			asking.Go(func() { all[i] = s.Context() })
		}
		asking.Wait()
		for _, ctx := range all {
			require.Same(t, all[0], ctx)
		}
		s.Expire()
		over(t, all[0])
	}
}

// Clear takes the values; what works on the session's behalf is not among them.
func TestContextAndClear(t *testing.T) {
	m, _ := still()
	s := create(t, m)
	before := s.Context()
	s.Clear()
	require.NoError(t, before.Err(), "the session lives on")
	after := s.Context()
	s.Clear()
	require.NoError(t, after.Err())
	s.NotifyOnExpire(func() {
		over(t, before)
		over(t, after)
	})
	s.Expire()
	over(t, before)
	over(t, after)
	over(t, s.Context())
	s.Clear()
	over(t, s.Context())
}

func TestContextAfterManyClears(t *testing.T) {
	m, _ := still()
	s := create(t, m)
	var all []context.Context
	for range 100 {
		all = append(all, s.Context())
		require.Same(t, s.Context(), all[len(all)-1])
		s.Clear()
	}
	s.Expire()
	for _, ctx := range all {
		over(t, ctx)
	}
}

// It is nobody's value: a Key of the same name is another, and a Store never
// hears of it.
func TestContextIsNoValue(t *testing.T) {
	m, _ := still()
	s := create(t, m)
	ctx := s.Context()
	for _, k := range []session.Key[int]{session.NewKey[int]("context"), session.NewLocalKey[int]("context")} {
		require.NoError(t, k.Set(s, 1))
		k.Delete(s)
	}
	require.Same(t, ctx, s.Context())
	s.Expire()
	over(t, ctx)
}

// What waits for the context goes on, on goroutines of its own.
func TestContextWakes(t *testing.T) {
	m, _ := still()
	s := create(t, m)
	woken := make(chan error, 2)
	context.AfterFunc(s.Context(), func() { woken <- context.Cause(s.Context()) })
	within, cancel := context.WithCancel(s.Context())
	defer cancel()
	go func() {
		<-within.Done()
		woken <- context.Cause(within)
	}()
	s.Expire()
	for range 2 {
		require.ErrorIs(t, <-woken, session.ErrEnded)
	}
}

// A context that somebody has when the end has finished is done, however the two
// race, and so is whatever any other has.
func TestContextRacesWithTheEnd(t *testing.T) {
	m, _ := still()
	for n := range 3000 {
		s := create(t, m)
		var early atomic.Bool
		all := make([]context.Context, 4)
		s.NotifyOnExpire(func() {
			if s.Context().Err() == nil {
				early.Store(true)
			}
		})
		var running sync.WaitGroup
		for i := range all {
			running.Go(func() {
				for range (n + i) % 4 {
					runtime.Gosched()
				}
				all[i] = s.Context()
			})
		}
		running.Go(s.Expire)
		running.Go(func() {
			if n%3 == 0 {
				s.Clear()
			}
		})
		running.Wait()
		require.False(t, early.Load(), "a call was made before the context was done")
		for _, ctx := range all {
			over(t, ctx)
		}
		over(t, s.Context())
	}
}

// Nobody has a context that is not done when a call for the end is made, though
// another has just asked for the same.
func TestNoContextOutlivesTheEnd(t *testing.T) {
	m, _ := still()
	var late atomic.Int64
	for range 20_000 {
		s := create(t, m)
		var running sync.WaitGroup
		begin := make(chan struct{})
		running.Go(func() {
			<-begin
			s.Context()
		})
		running.Go(func() {
			<-begin
			ctx := s.Context() // perhaps the other's
			s.Expire()
			if ctx.Err() == nil {
				late.Add(1)
			}
		})
		close(begin)
		running.Wait()
	}
	require.Zero(t, late.Load(), "contexts were not done when Expire had returned")
}

// With a Store a session ends here for other Reasons too, and a Shutdown makes
// none of its calls; the work on its behalf ends all the same.
func TestContextWithAStore(t *testing.T) {
	for name, test := range map[string]struct {
		end   func(t *testing.T, p, other *process, s *session.Session)
		calls bool
		why   session.Reason
	}{
		"Expire": {func(_ *testing.T, _, _ *process, s *session.Session) { s.Expire() }, true, session.Expired},
		"idle":   {func(*testing.T, *process, *process, *session.Session) { time.Sleep(time.Hour) }, true, session.Idle},
		"shutdown": {func(t *testing.T, p, _ *process, _ *session.Session) {
			require.NoError(t, p.Close(t.Context()))
		}, false, session.Shutdown},
		"elsewhere": {func(t *testing.T, _, other *process, s *session.Session) {
			other.visit(t, s.UID()).Expire()
			time.Sleep(10 * time.Minute)
		}, true, session.Elsewhere},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, store *storetest.Memory) {
				p, other := join(t, store), join(t, store)
				s := p.visit(t, "")
				var owned, called []bool
				var ctx context.Context
				s.Own(closerFunc(func() { owned = append(owned, ctx.Err() != nil, s.Context().Err() != nil) }))
				s.NotifyOnExpire(func() { called = append(called, ctx.Err() != nil) })
				ctx = s.Context()
				require.Same(t, ctx, s.Context())
				require.NoError(t, note.Set(s, "x"))
				require.NoError(t, p.Save(nil, s))
				require.NoError(t, ctx.Err())
				test.end(t, p, other, s)
				synctest.Wait()
				require.Equal(t, test.why, s.Reason())
				over(t, ctx)
				over(t, s.Context())
				require.Equal(t, []bool{true, true}, owned)
				if test.calls {
					require.Equal(t, []bool{true}, called)
				} else {
					require.Empty(t, called)
				}
			})
		})
	}
}

// The context is of this process: another has one of its own, which lives on.
func TestContextOfTwoProcesses(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a, b := join(t, store), join(t, store)
		s := a.visit(t, "")
		mine, other := s.Context(), b.visit(t, s.UID()).Context()
		require.NotSame(t, mine, other)
		require.NoError(t, a.Close(t.Context()))
		over(t, mine)
		require.NoError(t, other.Err())
		require.NoError(t, b.Close(t.Context()))
		over(t, other)
	})
}
