package session_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/storetest"
	"github.com/stretchr/testify/require"
)

var errOutage = errors.New("outage")

// joinAs is join with other fields.
func joinAs(t *testing.T, store session.Store, change func(*session.Manager)) *process {
	p := join(t, store)
	change(p.Manager)
	return p
}

// save puts the note and a number of 1 into the session, and into the store.
func (p *process) save(t *testing.T, s *session.Session, text string) {
	t.Helper()
	require.NoError(t, note.Set(s, text))
	require.NoError(t, number.Set(s, 1))
	require.NoError(t, p.Save(nil, s))
}

func endsOf(all ...*process) (list []end) {
	for _, p := range all {
		list = append(list, p.ends()...)
	}
	return list
}

// Both processes have a copy with calls of its own. One end is that of the
// session, with its last values.
func TestEachEndHappensOnce(t *testing.T) {
	cases := map[string]struct {
		do   func(t *testing.T, a, b *process, s *session.Session)
		why  session.Reason
		late time.Duration // at most, from the end of the case
	}{
		"idle":               {nil, session.Idle, 2 * time.Second},
		"by a lifetime":      {func(t *testing.T, a, b *process, s *session.Session) { s.SetLifetime(30 * time.Second) }, session.Lifetime, 2 * time.Second},
		"expired":            {func(t *testing.T, a, b *process, s *session.Session) { s.Expire() }, session.Expired, 0},
		"expired at the end": {func(t *testing.T, a, b *process, s *session.Session) { time.Sleep(60 * time.Second); s.Expire() }, 0, 2 * time.Second},
		"by a clean-up": {func(t *testing.T, a, b *process, s *session.Session) {
			time.Sleep(60 * time.Second)
			a.Cleanup(t.Context())
		}, session.Idle, 2 * time.Second},
		"by a shorter time": {func(t *testing.T, a, b *process, s *session.Session) { s.SetTimeout(10 * time.Second) }, session.Idle, 2 * time.Second},
		"when time was taken": {func(t *testing.T, a, b *process, s *session.Session) {
			require.NoError(t, a.AdjustTime(t.Context(), -time.Hour))
		}, session.Idle, 2 * time.Second},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, store *storetest.Memory) {
				a, b := join(t, store), join(t, store)
				s := a.visit(t, "")
				other := b.visit(t, s.UID())
				b.save(t, other, "last")
				require.Equal(t, s.UID(), a.visit(t, s.UID()).UID())
				var calls [2]atomic.Int64
				s.NotifyOnExpire(func() { calls[0].Add(1) })
				other.NotifyOnExpire(func() { calls[1].Add(1) })
				if c.do != nil {
					c.do(t, a, b, s)
					require.NoError(t, a.Save(nil, s))
				}
				time.Sleep(70 * time.Second)
				list := endsOf(a, b)
				require.Len(t, list, 1)
				require.Equal(t, "last", list[0].note)
				if c.why != 0 {
					require.Equal(t, c.why, list[0].why)
				}
				require.EqualValues(t, 1, calls[0].Load())
				require.EqualValues(t, 1, calls[1].Load())
				require.ElementsMatch(t, []bool{true, false}, []bool{s.Reason() == session.Elsewhere, other.Reason() == session.Elsewhere})
				require.Zero(t, store.Len())
				require.Nil(t, known(a.Find(asks(s.UID()))))
				require.Nil(t, known(b.Find(asks(s.UID()))))
				for _, p := range []*process{a, b} {
					require.Zero(t, p.Stats().Live)
					require.Zero(t, p.Stats().Store.Ending)
					require.Zero(t, p.Stats().Store.Unsaved)
				}
			})
		})
	}
}

// A session's end comes on time, and late by little.
func TestEndsAreOnTime(t *testing.T) {
	for name, timeout := range map[string]time.Duration{"seconds": 5 * time.Second, "minutes": 15 * time.Minute, "hours": 3 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, store *storetest.Memory) {
				var at atomic.Pointer[time.Time]
				p := joinAs(t, store, func(m *session.Manager) {
					m.Factory = session.Lasting(timeout)
					m.OnExpire = func(*session.Session) { now := time.Now(); at.Store(&now) }
				})
				s := p.visit(t, "")
				time.Sleep(timeout * 2 / 3)
				require.True(t, s.Touch())
				last := time.Now()
				time.Sleep(timeout * 11 / 10)
				require.NotNil(t, at.Load())
				require.GreaterOrEqual(t, at.Load().Sub(last), timeout)
				require.LessOrEqual(t, at.Load().Sub(last), timeout+timeout/100+time.Second)
			})
		})
	}
}

// However a process comes and goes, one that only looks keeps nothing alive.
func TestRestartsDoNotProlong(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		first := join(t, store)
		uid := first.visit(t, "").UID()
		require.NoError(t, first.Close(t.Context()))
		for range 6 {
			p := join(t, store)
			s, err := p.Peek(asks(uid))
			require.NoError(t, err)
			require.NotNil(t, s)
			time.Sleep(10*time.Second - time.Millisecond)
			require.NoError(t, p.Close(t.Context()))
		}
		time.Sleep(time.Minute/15 + time.Second) // what the store gives to whom nobody has
		last := join(t, store)
		s, err := last.Peek(asks(uid))
		require.NoError(t, err)
		require.Nil(t, s)
	})
}

// Nothing brings back what somebody has ended, also not when the store could not
// be told at first.
func TestExpireHoldsOverAnOutage(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		p, other := join(t, store), join(t, store)
		s := p.visit(t, "")
		p.save(t, s, "last")
		p.way.Fail(errOutage)
		s.Expire()
		require.Equal(t, session.Expired, s.Reason())
		_, err := p.Find(asks(s.UID()))
		if err != nil {
			require.ErrorIs(t, err, session.ErrStore)
		}
		p.way.Fail(nil)
		for range 10 { // while nobody claims yet
			time.Sleep(150 * time.Millisecond)
			found, err := p.Find(asks(s.UID()))
			require.Nil(t, found)
			if err == nil {
				yes, _ := p.Exists(t.Context(), s.UID())
				require.False(t, yes)
			}
		}
		time.Sleep(5 * time.Second)
		require.Equal(t, []end{{"last", 1, session.Expired}}, endsOf(p, other))
		require.Zero(t, store.Len())
	})
}

// The claim of what is due here is under way when somebody ends the session, and
// says that it is in use elsewhere.
func TestExpireDuringAClaim(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		p, other := join(t, store), join(t, store)
		s := p.visit(t, "")
		uid := s.UID()
		time.Sleep(50 * time.Second)
		other.visit(t, uid)
		time.Sleep(9 * time.Second)
		release := p.way.Block()
		time.Sleep(2 * time.Second)
		require.Positive(t, p.way.Waiting())
		done := make(chan struct{})
		go func() { s.Expire(); close(done) }()
		synctest.Wait()
		release()
		<-done
		time.Sleep(10 * time.Second)
		require.Nil(t, known(p.Find(asks(uid))))
		require.Len(t, endsOf(p, other), 1)
		require.Zero(t, store.Len())
	})
}

func TestEvictAmongProcesses(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a := joinAs(t, store, func(m *session.Manager) { m.Limit, m.Evict = 3, true })
		b := join(t, store)
		var all []*session.Session
		for range 5 {
			all = append(all, a.visit(t, ""))
			time.Sleep(5 * time.Second)
		}
		require.Len(t, endsOf(a), 2)
		for i, s := range all {
			require.Equal(t, i > 1, known(b.Find(asks(s.UID()))) != nil, i)
		}
		require.EqualValues(t, 3, a.Stats().Live)
		for _, e := range a.ends() {
			require.Equal(t, session.Evicted, e.why)
		}
	})
}

// No new session can be made during an outage, so none has to make room.
func TestNothingIsEvictedForNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		p := joinAs(t, store, func(m *session.Manager) { m.Limit, m.Evict = 10, true })
		var all []*session.Session
		for range 10 {
			all = append(all, p.visit(t, ""))
		}
		p.way.Fail(errOutage)
		for range 10 {
			_, err := p.Open(asks(""))
			require.ErrorIs(t, err, session.ErrStore)
		}
		alive := 0
		for _, s := range all {
			if s.Reason() == session.Alive {
				alive++
			}
		}
		require.GreaterOrEqual(t, alive, 9)
	})
}

func TestCleanupOfWhatNobodyHas(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a, b := join(t, store), join(t, store)
		for range 300 {
			a.visit(t, "")
		}
		b.visit(t, "").Expire()
		a.way.Fail(errOutage)
		time.Sleep(70 * time.Second)
		_, err := b.Cleanup(t.Context())
		require.NoError(t, err)
		synctest.Wait()
		require.Len(t, b.ends(), 301)
		a.way.Fail(nil)
		time.Sleep(10 * time.Second)
		require.Empty(t, a.ends())
		require.Zero(t, store.Len())
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = b.Cleanup(ctx)
		_ = err // of an ended context, or nothing to do
	})
}

// A call that takes longer than the lease keeps its claim.
func TestALongCallIsMadeOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		var calls atomic.Int64
		slow := func(m *session.Manager) {
			m.Lease = 3 * time.Second
			m.OnExpire = func(*session.Session) { calls.Add(1); time.Sleep(time.Minute) }
		}
		a, b := joinAs(t, store, slow), joinAs(t, store, slow)
		b.visit(t, "").Expire()
		require.EqualValues(t, 1, calls.Load())
		a.visit(t, "")
		time.Sleep(3 * time.Minute)
		require.EqualValues(t, 2, calls.Load())
		require.Zero(t, store.Len())
	})
}

// Calls that end their goroutine or panic count as made.
func TestBrokenCallsAreMadeOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		var calls atomic.Int64
		p := joinAs(t, store, func(m *session.Manager) {
			m.Lease = 3 * time.Second
			m.OnExpire = func(*session.Session) { calls.Add(1); panic("broken") }
		})
		p.visit(t, "")
		time.Sleep(3 * time.Minute)
		require.EqualValues(t, 1, calls.Load())
		require.Zero(t, store.Len())
	})
}

// A factory's calls and closers are released where no record can be made, and
// read values all the same.
func TestAFailedCreateReleases(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		var log journal
		var closed, read atomic.Int64
		p := joinAs(t, store, func(m *session.Manager) {
			m.Log = log.logger()
			m.Factory = func(uid string) *session.Session {
				s := session.New(uid)
				_ = note.Set(s, "made")
				s.Own(closerFunc(func() { closed.Add(1) }))
				s.NotifyOnExpire(func() {
					if v, _ := note.Get(s); v == "made" {
						read.Add(1)
					}
				})
				return s
			}
		})
		p.way.FailNext("Create", 1, errOutage)
		_, err := p.Open(asks(""))
		require.ErrorIs(t, err, session.ErrStore)
		require.EqualValues(t, 1, closed.Load())
		require.EqualValues(t, 1, read.Load())
		require.NotContains(t, log.String(), "panic")
		require.Zero(t, p.Stats().Live)
	})
}

type closerFunc func()

func (f closerFunc) Close() error { f(); return nil }

var _ io.Closer = closerFunc(nil)

// While all claims fail and come again nothing is lost and nothing made twice.
func TestEndsOverAnOutage(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a, b := join(t, store), join(t, store)
		var local sync.Map
		for i := range 500 {
			s := a.visit(t, "")
			require.NoError(t, number.Set(s, i))
			require.NoError(t, a.Save(nil, s))
			s.NotifyOnExpire(func() {
				if _, twice := local.LoadOrStore(i, true); twice {
					t.Error("twice")
				}
			})
		}
		b.visit(t, "").Expire()
		for _, p := range []*process{a, b} {
			p.way.Fail(errOutage)
		}
		time.Sleep(65 * time.Second)
		require.Len(t, endsOf(a, b), 1)
		for _, p := range []*process{a, b} {
			p.way.Fail(nil)
		}
		time.Sleep(10 * time.Second)
		seen := map[int]int{}
		for _, e := range endsOf(a, b)[0:] {
			seen[e.number]++
		}
		require.Len(t, seen, 500)
		require.Len(t, endsOf(a, b), 501)
		require.Zero(t, store.Len())
	})
}

// A process takes over a session that is due in the store before it is here. Its
// own copy comes later, while the calls are being made, and makes none again.
func TestATakeoverOfOnesOwn(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		var calls, local atomic.Int64
		b := joinAs(t, store, func(m *session.Manager) {
			m.OnExpire = func(*session.Session) { calls.Add(1); time.Sleep(time.Minute) }
		})
		s := b.visit(t, "")
		s.NotifyOnExpire(func() { local.Add(1) })
		require.NoError(t, store.AdjustTime(t.Context(), -30*time.Second))
		time.Sleep(50 * time.Second)
		require.EqualValues(t, 1, calls.Load())
		time.Sleep(3 * time.Minute)
		require.EqualValues(t, 1, calls.Load())
		require.EqualValues(t, 1, local.Load())
		require.NotEqual(t, session.Alive, s.Reason())
		require.Zero(t, store.Len())
	})
}
