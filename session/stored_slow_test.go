package session_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/storetest"
	"github.com/stretchr/testify/require"
)

// slowTouch is a store that takes its time to be told of uses.
type slowTouch struct {
	session.Store
	takes time.Duration
}

func (s slowTouch) Touch(ctx context.Context, all []session.Touch) ([]uint64, error) {
	select {
	case <-time.After(s.takes):
		return s.Store.Touch(ctx, all)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// crowd are users of many sessions of one process, who use each every seven
// seconds, and then no more.
type crowd struct {
	sessions, users int // users of each
	until           time.Time

	mu      sync.Mutex
	last    map[int]time.Time // the beginning of the last use that was let pass
	refused int
	worst   time.Duration // how long a use has waited
}

func (c *crowd) use(t *testing.T, p *process) {
	c.last = make(map[int]time.Time)
	var all sync.WaitGroup
	for i := range c.sessions {
		s := p.visit(t, "")
		require.NoError(t, number.Set(s, i))
		require.NoError(t, p.Save(nil, s))
		for range c.users {
			all.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				for time.Now().Before(c.until) && c.touch(i, s) {
					time.Sleep(7 * time.Second)
				}
			})
		}
	}
	all.Wait()
}

func (c *crowd) touch(i int, s *session.Session) bool {
	began := time.Now()
	alive := s.Touch()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.worst = max(c.worst, time.Since(began))
	if alive && c.last[i].Before(began) {
		c.last[i] = began
	}
	if !alive {
		c.refused++
	}
	return alive
}

// Where the store cannot be told of uses as fast as they come, who uses sessions is
// slowed down. No session ends in use, nor too early afterwards.
func TestAStoreThatDoesNotKeepUp(t *testing.T) {
	for _, test := range []struct {
		sessions, users int
		takes, worst    time.Duration
	}{
		{100, 1, 2 * time.Second, 4 * time.Second},
		{1_500, 1, 100 * time.Millisecond, 2 * time.Second},
		{3_000, 1, time.Second, 10 * time.Second},
		{700, 4, time.Second, 5 * time.Second},
		{5_000, 1, 1400 * time.Millisecond, 15 * time.Second},
	} {
		t.Run(fmt.Sprint(test.sessions, test.users, test.takes), func(t *testing.T) {
			inBubble(t, func(t *testing.T, memory *storetest.Memory) {
				a, b := join(t, memory), join(t, memory)
				a.way.Store = slowTouch{memory, test.takes}
				var mu sync.Mutex
				ended := make(map[int][]time.Time)
				for _, p := range []*process{a, b} {
					p.OnExpire = func(s *session.Session) {
						n, _ := number.Get(s)
						mu.Lock()
						defer mu.Unlock()
						ended[n] = append(ended[n], time.Now())
					}
				}
				b.Start()
				c := &crowd{sessions: test.sessions, users: test.users, until: time.Now().Add(3 * time.Minute)}
				c.use(t, a)
				require.Zero(t, c.refused)
				require.LessOrEqual(t, c.worst, test.worst) // by the clock of the bubble
				time.Sleep(5 * time.Minute)
				require.Zero(t, memory.Len())
				for i, at := range c.last {
					require.Len(t, ended[i], 1)
					require.GreaterOrEqual(t, ended[i][0].Sub(at), time.Minute)
				}
				require.Len(t, ended, test.sessions)
			})
		})
	}
}

func keyOf(s *session.Session) session.StoreKey { return sha256.Sum256([]byte(s.UID())) }

// Nobody waits for a store that does not answer, before or after it counts as
// failed.
func TestNobodyWaitsForAStoreThatHangs(t *testing.T) {
	inBubble(t, func(t *testing.T, memory *storetest.Memory) {
		p := join(t, memory)
		release := p.way.Block
		c := &crowd{sessions: 2_000, users: 1, until: time.Now().Add(50 * time.Second)}
		time.AfterFunc(20*time.Second, func() { free := release(); time.AfterFunc(25*time.Second, free) })
		c.use(t, p)
		require.Zero(t, c.refused)
		require.Zero(t, c.worst)
	})
}

// After an outage longer than the timeout, in which all have gone on, claims wait
// until the store has been told of them.
func TestUsesAreToldAfterAnOutageBeforeAnythingIsClaimed(t *testing.T) {
	for _, sessions := range []int{500, 3_000} {
		inBubble(t, func(t *testing.T, memory *storetest.Memory) {
			p := join(t, slowTouch{memory, time.Second})
			c := &crowd{sessions: sessions, users: 1, until: time.Now().Add(3 * time.Minute)}
			time.AfterFunc(20*time.Second, func() { free := p.way.Block(); time.AfterFunc(80*time.Second, free) })
			c.use(t, p)
			require.Zero(t, c.refused)
			require.Empty(t, p.ends())
		})
	}
}

// What is held is not ended by its own process, however far behind that is.
func TestAProcessThatIsBehindDoesNotEndWhatIsHeld(t *testing.T) {
	inBubble(t, func(t *testing.T, memory *storetest.Memory) {
		p := join(t, slowTouch{memory, 2500 * time.Millisecond})
		var held []*session.Session
		for range 20 {
			s := p.visit(t, "")
			s.Hold()
			held = append(held, s)
		}
		c := &crowd{sessions: 4_000, users: 1, until: time.Now().Add(3 * time.Minute)}
		c.use(t, p)
		for _, s := range held {
			require.Equal(t, session.Alive, s.Reason())
			_, err := memory.Load(t.Context(), keyOf(s))
			require.NoError(t, err)
			s.Release()
		}
		time.Sleep(5 * time.Minute)
		require.Zero(t, memory.Len())
		require.Len(t, p.ends(), 4_020)
	})
}

// poisoned is a store that does not take the uses of one session.
type poisoned struct {
	session.Store
	key session.StoreKey
}

func (s *poisoned) Touch(ctx context.Context, all []session.Touch) ([]uint64, error) {
	if slices.ContainsFunc(all, func(t session.Touch) bool { return t.Key == s.key }) {
		return nil, errors.New("poison")
	}
	return s.Store.Touch(ctx, all)
}

// One session that the store cannot be told of keeps no others from their end, nor
// those in use from living.
func TestOnePoisonedSession(t *testing.T) {
	inBubble(t, func(t *testing.T, memory *storetest.Memory) {
		store := &poisoned{Store: memory}
		p := join(t, store)
		bad := p.visit(t, "")
		store.key = keyOf(bad)
		const idle = 50
		for range idle {
			p.visit(t, "")
		}
		stop := time.Now().Add(5 * time.Minute)
		var all sync.WaitGroup
		all.Go(func() {
			for time.Now().Before(stop) && bad.Touch() {
				time.Sleep(5 * time.Second)
			}
		})
		c := &crowd{sessions: 200, users: 1, until: stop}
		c.use(t, p)
		all.Wait()
		require.Zero(t, c.refused)
		require.GreaterOrEqual(t, len(p.ends()), idle)
		require.LessOrEqual(t, len(p.ends()), idle+1)
	})
}

// A process whose store is slow takes over what others have left behind.
func TestASlowProcessTakesOver(t *testing.T) {
	for _, takes := range []time.Duration{150 * time.Millisecond, 400 * time.Millisecond} {
		inBubble(t, func(t *testing.T, memory *storetest.Memory) {
			gone, p := join(t, memory), join(t, slowTouch{memory, takes})
			require.NoError(t, note.Set(gone.visit(t, ""), "left"))
			require.NoError(t, gone.Close(t.Context()))
			c := &crowd{sessions: 500, users: 1, until: time.Now().Add(90 * time.Second)}
			c.use(t, p)
			require.Zero(t, c.refused)
			require.Equal(t, []end{{note: "left", why: session.Idle}}, p.ends())
		})
	}
}

// Uses are not told of again and again while a store that was slow fails.
func TestRemindersDoNotMultiplyWhileTheStoreFails(t *testing.T) {
	inBubble(t, func(t *testing.T, memory *storetest.Memory) {
		p := join(t, slowTouch{memory, 300 * time.Millisecond})
		c := &crowd{sessions: 300, users: 1, until: time.Now().Add(3 * time.Minute)}
		most := 0
		time.AfterFunc(40*time.Second, func() {
			p.way.FailNext("Touch", 1<<30, errOutage) // all else goes on
			for range 50 {
				time.Sleep(time.Second)
				most = max(most, p.Untold())
			}
			p.way.FailNext("Touch", 0, nil)
		})
		c.use(t, p)
		require.Zero(t, c.refused)
		require.Positive(t, most)
		require.LessOrEqual(t, most, 2*300)
	})
}

// What OnLoad uses and takes long to load is told of.
func TestOnLoadUsesTheSessionAndTakesLong(t *testing.T) {
	inBubble(t, func(t *testing.T, memory *storetest.Memory) {
		a := join(t, memory)
		uid := a.visit(t, "").UID()
		require.NoError(t, a.Close(t.Context()))
		b := joinAs(t, memory, func(m *session.Manager) {
			m.OnLoad = func(s *session.Session) { s.Touch(); time.Sleep(6 * time.Second) }
		})
		time.Sleep(5 * time.Second)
		s, err := b.Find(asks(uid))
		require.NoError(t, err)
		for range 60 {
			time.Sleep(5 * time.Second)
			require.True(t, s.Touch())
			r, err := memory.Load(t.Context(), keyOf(s))
			require.NoError(t, err)
			require.Greater(t, r.Remaining, 50*time.Second)
		}
	})
}

// Nobody waits on behalf of a session that is over.
func TestAnEndedSessionWaitsForNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, memory *storetest.Memory) {
		p := join(t, slowTouch{memory, 2 * time.Second})
		other := p.visit(t, "")
		for range 4 { // so that it is behind
			time.Sleep(5 * time.Second)
			require.True(t, other.Touch())
		}
		s := p.visit(t, "")
		s.Hold()
		s.Expire()
		began := time.Now()
		s.Release()
		require.False(t, s.Touch())
		require.Zero(t, time.Since(began))
	})
}

// A use that the store should have been told of at once is told of later if that
// fails.
func TestALateUseIsToldOfInTheEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, memory *storetest.Memory) {
		p := join(t, memory)
		s := p.visit(t, "")
		time.Sleep(58 * time.Second)
		p.way.FailNext("Touch", 1, errors.New("once"))
		require.True(t, s.Touch())
		time.Sleep(time.Second)
		r, err := memory.Load(t.Context(), keyOf(s))
		require.NoError(t, err)
		require.InDelta(t, 63*time.Second, r.Remaining, float64(time.Second))

		release := p.way.Block() // as if in an outage
		time.Sleep(45 * time.Second)
		require.True(t, s.Touch())
		time.Sleep(12 * time.Second)
		require.True(t, s.Touch())
		release()
		time.Sleep(10 * time.Second)
		r, err = memory.Load(t.Context(), keyOf(s))
		require.NoError(t, err)
		require.InDelta(t, 54*time.Second, r.Remaining, float64(time.Second))
	})
}

// There is one reminder for a session, whatever is done with it.
func TestRemindersDoNotMultiply(t *testing.T) {
	for name, do := range map[string]func(p *process, s *session.Session, i int) error{
		"read from the store each time": func(p *process, s *session.Session, _ int) error {
			_, err := p.Find(asks(s.UID()))
			return err
		},
		"another timeout each time": func(p *process, s *session.Session, i int) error {
			s.SetTimeout(time.Minute + time.Duration(i%7)*10*time.Second)
			return p.Save(nil, s)
		},
		"without end and back": func(p *process, s *session.Session, i int) error {
			if s.SetTimeout(time.Minute); i%2 > 0 {
				s.SetTimeout(session.Never)
			}
			return p.Save(nil, s)
		},
		"renewed": func(p *process, s *session.Session, i int) error {
			if i%100 > 0 {
				return nil
			}
			return p.Renew(asks(s.UID()), s)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, memory *storetest.Memory) {
				p := join(t, slowTouch{memory, 30 * time.Millisecond})
				p.Shared = true
				s := p.visit(t, "")
				for i := range 3_000 {
					time.Sleep(100 * time.Millisecond)
					require.NoError(t, do(p, s, i))
					require.True(t, s.Touch())
				}
				require.LessOrEqual(t, p.Reminders(), 8) // some are left over from before for a while
				require.LessOrEqual(t, p.way.Rows("Touch"), 100)
				s.SetTimeout(time.Minute)
				require.NoError(t, p.Save(nil, s))
				require.True(t, s.Touch())
				time.Sleep(50 * time.Second) // the last use is known
				r, err := memory.Load(t.Context(), keyOf(s))
				require.NoError(t, err)
				require.Greater(t, r.Remaining, 10*time.Second)
			})
		})
	}
}

// Many uses at once of a session that has got another uid, which nobody has heard,
// leave it alive.
func TestManyLateUsesAfterALostRenewal(t *testing.T) {
	inBubble(t, func(t *testing.T, memory *storetest.Memory) {
		p := join(t, slowTouch{memory, 300 * time.Millisecond})
		s, other := p.visit(t, ""), p.visit(t, "")
		uid := s.UID()
		time.Sleep(10 * time.Second)
		p.way.LoseNext("Save", 1, errOutage)
		require.ErrorIs(t, p.Renew(asks(uid), s), session.ErrStore)
		time.Sleep(45200 * time.Millisecond)
		go other.Touch()
		time.Sleep(250 * time.Millisecond)
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() { s.Touch() })
		}
		all.Wait()
		found, err := p.Peek(asks(uid))
		require.NoError(t, err)
		require.Same(t, s, found)
		require.Equal(t, session.Alive, s.Reason())
	})
}

// terms is a store that takes note of how processes claim.
type terms struct {
	session.Store
	mu    sync.Mutex
	grace time.Duration
	lease time.Duration
}

func (s *terms) Due(ctx context.Context, limit int, grace time.Duration, t session.Terms) ([]session.Claim, error) {
	s.mu.Lock()
	s.grace, s.lease = grace, t.Lease
	s.mu.Unlock()
	return s.Store.Due(ctx, limit, grace, t)
}

// What others leave to a process lasts as long as its calls may.
func TestGraceAndLeaseAreLongerThanACall(t *testing.T) {
	for _, test := range []struct{ timeout, lease, wantGrace, wantLease time.Duration }{
		{0, 0, 3 * time.Second, 30 * time.Second},
		{time.Second, time.Second, 2 * time.Second, 4 * time.Second},
		{10 * time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second},
		{10 * time.Second, time.Hour, 10 * time.Second, time.Hour},
		{session.Never, 0, time.Minute, 2 * time.Minute},
	} {
		inBubble(t, func(t *testing.T, memory *storetest.Memory) {
			store := &terms{Store: memory}
			p := joinAs(t, store, func(m *session.Manager) { m.StoreTimeout, m.Lease = test.timeout, test.lease })
			p.Start()
			time.Sleep(5 * time.Second)
			synctest.Wait()
			store.mu.Lock()
			defer store.mu.Unlock()
			require.Equal(t, test.wantGrace, store.grace)
			require.Equal(t, test.wantLease, store.lease)
		})
	}
}
