package session_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/timer"
)

// endings are all the ways in which a session of a Manager with a Limit of 1
// and a timeout of a minute can end.
var endings = map[string]struct {
	end func(t *testing.T, m *session.Manager, w *timer.Wheel, s *session.Session)
	why session.Reason
}{
	"idle": {func(_ *testing.T, _ *session.Manager, w *timer.Wheel, _ *session.Session) {
		w.Advance(2 * time.Minute)
	}, session.Idle},
	"lifetime": {func(_ *testing.T, _ *session.Manager, w *timer.Wheel, s *session.Session) {
		s.Hold()
		s.SetLifetime(time.Second)
		w.Advance(2 * time.Second)
	}, session.Lifetime},
	"expired": {func(_ *testing.T, _ *session.Manager, _ *timer.Wheel, s *session.Session) {
		// A Goexit in a call ends the goroutine that made it.
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.Expire()
		}()
		<-done
	}, session.Expired},
	"evicted": {func(t *testing.T, m *session.Manager, _ *timer.Wheel, _ *session.Session) {
		create(t, m)
	}, session.Evicted},
	"shutdown": {func(t *testing.T, m *session.Manager, _ *timer.Wheel, _ *session.Session) {
		closed(t, m)
	}, session.Shutdown},
}

// ending runs test once for each way to end, in a bubble; test gets a function
// that ends the session and waits for all that comes of it.
func ending(t *testing.T, log *journal, test func(t *testing.T, m *session.Manager, s *session.Session, end func(), d *diary)) {
	for name, e := range endings {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var d diary
				var s *session.Session
				m, w := still(with(session.Lasting(time.Minute)), func(m *session.Manager) {
					m.Limit, m.Evict = 1, true
					m.OnExpire = func(ended *session.Session) {
						if ended == s {
							d.add("OnExpire")
						}
					}
					if log != nil {
						m.Log = log.logger()
					}
				})
				s = create(t, m)
				test(t, m, s, func() {
					e.end(t, m, w, s)
					synctest.Wait()
					require.Equal(t, e.why, s.Reason())
				}, &d)
				closed(t, m)
				ends(t, m)
			})
		})
	}
}

func TestCallsInOrderOnce(t *testing.T) {
	ending(t, nil, func(t *testing.T, m *session.Manager, s *session.Session, end func(), d *diary) {
		var want []string
		for i := range 100 {
			s.NotifyOnExpire(d.note(fmt.Sprint(i)))
			want = append(want, fmt.Sprint(i))
		}
		end()
		require.Equal(t, append(want, "OnExpire"), d.all())
		s.Expire()
		closed(t, m)
		require.Len(t, d.all(), 101)
	})
}

func TestOutOfTheTableBeforeTheCalls(t *testing.T) {
	k := session.NewKey[string]("name")
	ending(t, nil, func(t *testing.T, m *session.Manager, s *session.Session, end func(), d *diary) {
		require.NoError(t, k.Set(s, "data"))
		uid := s.UID()
		s.NotifyOnExpire(func() {
			if known(m.Get(context.Background(), uid)) != nil || known(m.Peek(bring(t, uid))) != nil {
				d.add("found")
			}
			for other := range m.All() {
				if other == s {
					d.add("listed")
				}
			}
			v, ok := k.Get(s)
			d.add(fmt.Sprintf("%v %v %v %v", v, ok, s.UID() == uid, s.Reason() != session.Alive))
		})
		end()
		require.Equal(t, []string{"data true true true", "OnExpire"}, d.all())
	})
}

func TestPanicIsLoggedAndTheNextRuns(t *testing.T) {
	var log journal
	ending(t, &log, func(t *testing.T, m *session.Manager, s *session.Session, end func(), d *diary) {
		s.NotifyOnExpire(d.note("first"))
		s.NotifyOnExpire(func() { panic("the sky falls") })
		s.NotifyOnExpire(d.note("second"))
		s.NotifyOnExpire(func() { panic(nil) })
		s.NotifyOnExpire(d.note("third"))
		end()
		require.Equal(t, []string{"first", "second", "third", "OnExpire"}, d.all())
		require.Contains(t, log.String(), "the sky falls")
		require.Contains(t, log.String(), "end_test.go", "the stack tells where")
	})
}

// Registering nil is a mistake, said at once or logged at the end, but nobody
// else's calls are lost by it or come out of order.
func TestNilCallHarmsNoOther(t *testing.T) {
	ending(t, nil, func(t *testing.T, m *session.Manager, s *session.Session, end func(), d *diary) {
		s.NotifyOnExpire(d.note("first"))
		for _, name := range []string{"second", "third", "fourth"} {
			func() {
				defer func() { _ = recover() }()
				s.NotifyOnExpire(nil)
			}()
			s.NotifyOnExpire(d.note(name))
		}
		end()
		require.Equal(t, []string{"first", "second", "third", "fourth", "OnExpire"}, d.all())
	})
}

func TestGoexitInACall(t *testing.T) {
	ending(t, nil, func(t *testing.T, m *session.Manager, s *session.Session, end func(), d *diary) {
		for i := range 5 {
			s.NotifyOnExpire(func() {
				d.add(fmt.Sprint(i))
				runtime.Goexit()
			})
		}
		end()
		require.Equal(t, []string{"0", "1", "2", "3", "4", "OnExpire"}, d.all())
		s.NotifyOnExpire(d.note("late"))
		require.Equal(t, "late", d.all()[6])
	})
}

// More than the notifiers there are end their goroutines; others take over.
func TestGoexitLeavesEnoughGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		m, w := still(func(m *session.Manager) {
			m.Notifiers = 2
			m.OnExpire = func(*session.Session) {
				d.add("x")
				runtime.Goexit()
			}
		})
		for range 50 {
			create(t, m).NotifyOnExpire(runtime.Goexit)
		}
		w.Advance(time.Hour)
		synctest.Wait()
		require.Len(t, d.all(), 50)
		closed(t, m)
	})
}

func TestRegisteredDuringAndAfterTheEnd(t *testing.T) {
	ending(t, nil, func(t *testing.T, m *session.Manager, s *session.Session, end func(), d *diary) {
		s.NotifyOnExpire(func() {
			d.add("1")
			s.NotifyOnExpire(func() {
				d.add("3")
				s.NotifyOnExpire(d.note("4"))
			})
			d.add("1 returns")
		})
		s.NotifyOnExpire(d.note("2"))
		end()
		require.Equal(t, []string{"1", "1 returns", "2", "3", "4", "OnExpire"}, d.all())
		s.NotifyOnExpire(func() {
			d.add("after")
			s.NotifyOnExpire(d.note("inside"))
			d.add("after returns")
		})
		require.Equal(t, []string{"after", "inside", "after returns"}, d.all()[6:], "at once")
		s.NotifyOnExpire(func() { panic("after the end") })
	})
}

func TestRegisteredInOnExpire(t *testing.T) {
	var d diary
	m, _ := still(func(m *session.Manager) {
		m.OnExpire = func(s *session.Session) {
			d.add("OnExpire")
			s.NotifyOnExpire(d.note("registered there"))
			d.add("returns")
			panic("and it panics")
		}
	})
	create(t, m).Expire()
	require.Equal(t, []string{"OnExpire", "returns", "registered there"}, d.all())
	closed(t, m)
}

// Nothing that is done to an ended session does anything.
func TestEndedStaysEnded(t *testing.T) {
	k := session.NewKey[int]("k")
	ending(t, nil, func(t *testing.T, m *session.Manager, s *session.Session, end func(), d *diary) {
		require.NoError(t, k.Set(s, 1))
		try := func() {
			why := s.Reason()
			d.add("try")
			require.NotEqual(t, session.Alive, why)
			require.False(t, s.Touch())
			require.ErrorIs(t, k.Set(s, 2), session.ErrEnded)
			require.ErrorIs(t, k.Update(s, func(*int) { d.add("updated") }), session.ErrEnded)
			k.Delete(s)
			s.Expire()
			s.Hold()
			s.Release()
			s.Release()
			s.SetTimeout(session.Never)
			s.SetLifetime(session.Never)
			require.ErrorIs(t, m.Renew(visit(t), s), session.ErrEnded)
			require.Equal(t, why, s.Reason())
			require.Zero(t, s.Remaining())
			v, ok := k.Get(s)
			require.True(t, ok)
			require.Equal(t, 1, v)
			require.Nil(t, known(m.Get(context.Background(), s.UID())))
			require.Nil(t, known(m.Find(bring(t, s.UID()))))
		}
		s.NotifyOnExpire(try)
		end()
		try()
		require.Equal(t, []string{"try", "OnExpire", "try"}, d.all())
	})
}

// A call can tell from the uid who is gone; a Renew too late changes nothing.
func TestRenewOfAnEndedSessionKeepsItsUID(t *testing.T) {
	m, _ := still()
	s := create(t, m)
	uid := s.UID()
	s.Expire()
	ctx := visit(t)
	require.ErrorIs(t, m.Renew(ctx, s), session.ErrEnded)
	require.Empty(t, setCookies(ctx))
	require.Equal(t, uid, s.UID())
	closed(t, m)
}

// The request whose session ended under it gets another one.
func TestOpenAfterTheEnd(t *testing.T) {
	m, _ := still()
	ctx := visit(t)
	s, err := m.Open(ctx)
	require.NoError(t, err)
	ctx = bring(t, s.UID())
	require.Same(t, s, known(m.Find(ctx)))
	s.Expire()
	again, err := m.Open(ctx)
	require.NoError(t, err)
	require.NotSame(t, s, again)
	require.NotEqual(t, s.UID(), again.UID())
	closed(t, m)
}

func TestExpireRunsOnTheCaller(t *testing.T) {
	m, _ := still()
	s := create(t, m)
	stack := make([]byte, 1<<16)
	s.NotifyOnExpire(func() { stack = stack[:runtime.Stack(stack, false)] })
	s.Expire()
	require.Contains(t, string(stack), "TestExpireRunsOnTheCaller(", "and not on another goroutine")
	closed(t, m)
}

// A session that no Manager has has an end, too.
func TestExpireWithoutAManager(t *testing.T) {
	var d diary
	s := session.New("loose")
	require.Equal(t, "loose", s.UID())
	require.True(t, s.Touch())
	require.Equal(t, session.DefaultTimeout, s.Remaining())
	s.NotifyOnExpire(d.note("gone"))
	s.Expire()
	s.Expire()
	require.Equal(t, []string{"gone"}, d.all())
	require.Equal(t, session.Expired, s.Reason())
	require.False(t, s.Touch())
}

func TestReasonsAreWords(t *testing.T) {
	words := map[session.Reason]string{
		session.Alive: "alive", session.Idle: "idle", session.Lifetime: "lifetime", session.Expired: "expired",
		session.Evicted: "evicted", session.Shutdown: "shutdown", 77: "Reason(77)",
	}
	for r, word := range words {
		text, err := r.MarshalText()
		require.NoError(t, err)
		require.Equal(t, word, string(text))
	}
}
