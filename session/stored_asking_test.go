package session_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/storetest"
	"github.com/stretchr/testify/require"
)

// idleHere has a session that is in use in b, and due in a in a second.
func idleHere(t *testing.T, a, b *process) *session.Session {
	s := a.visit(t, "")
	time.Sleep(30 * time.Second)
	b.visit(t, s.UID())
	time.Sleep(29 * time.Second)
	return s
}

// A Hold counts though the session is due at that moment, if it goes on.
func TestHoldWhileTheEndIsAskedFor(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a, b := join(t, store), join(t, store)
		s := idleHere(t, a, b)
		answer := a.way.Block()
		time.Sleep(1500 * time.Millisecond)
		require.Equal(t, session.Idle, s.Reason())
		s.Hold()
		s.Hold()
		s.Release()
		answer()
		time.Sleep(10 * time.Minute)
		require.Equal(t, session.Alive, s.Reason())
		s.Release()
		time.Sleep(65 * time.Second)
		require.Equal(t, []end{{why: session.Idle}}, endsOf(a, b))
	})
}

// slowClaim is a store that takes a while to answer claims.
type slowClaim struct{ session.Store }

func (l slowClaim) Claim(ctx context.Context, keys []session.StoreKey, t session.Terms) ([]session.Claim, error) {
	claims, err := l.Store.Claim(ctx, keys, t)
	time.Sleep(5 * time.Millisecond)
	return claims, err
}

// Whatever is done with a session while the store is asked for its end, and as
// it is revived, it ends some time.
func TestNoSessionStaysInAsking(t *testing.T) {
	cases := map[string]func(a *process, s *session.Session){
		"nothing": func(a *process, s *session.Session) {},
		"touched": func(a *process, s *session.Session) { s.Touch() },
		"looked":  func(a *process, s *session.Session) { s.Remaining(); _, _ = a.Peek(asks(s.UID())) },
		"found":   func(a *process, s *session.Session) { _, _ = a.Find(asks(s.UID())) },
		"held":    func(a *process, s *session.Session) { s.Hold(); s.Release() },
		"shorter": func(a *process, s *session.Session) { s.SetTimeout(time.Second) },
		"expired": func(a *process, s *session.Session) { s.Expire() },
		"renewed": func(a *process, s *session.Session) { _ = a.Renew(asks(""), s) },
		"evicted": func(a *process, s *session.Session) {
			if s.Reason() != session.Alive { // so that there are some that have just been revived
				_, _ = a.Create(nil)
			}
		},
		"adjusted": func(a *process, s *session.Session) { _ = a.AdjustTime(context.Background(), -time.Millisecond) },
	}
	for name, do := range cases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, store *storetest.Memory) {
				a := joinAs(t, slowClaim{store}, func(m *session.Manager) { m.Limit, m.Evict = 20, true })
				b := join(t, store)
				var all []*session.Session
				for range 20 {
					all = append(all, a.visit(t, ""))
				}
				time.Sleep(30 * time.Second)
				for _, s := range all {
					b.visit(t, s.UID())
				}
				time.Sleep(30*time.Second - 5*time.Millisecond)
				var busy sync.WaitGroup
				for i := range 100 { // until the wheel has come to all of them, and more
					busy.Go(func() { do(a, all[i%20]) })
					time.Sleep(time.Millisecond)
				}
				busy.Wait()
				time.Sleep(5 * time.Minute)
				for _, s := range all {
					require.NotEqual(t, session.Alive, s.Reason())
				}
				require.Zero(t, a.Stats().Live)
				require.Zero(t, a.Stats().Store.Ending)
				require.Zero(t, store.Len())
				require.EqualValues(t, a.Stats().Made, len(endsOf(a, b)))
			})
		})
	}
}

// What has been evicted is there until the store agrees, so that there is a bound
// to how many make room at once.
func TestEvictionsThatWaitAreBounded(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		const limit, waiting = 10, 129
		p := joinAs(t, store, func(m *session.Manager) { m.Limit, m.Evict = limit, true })
		for range limit + waiting { // nobody claims yet
			p.visit(t, "")
		}
		for range 10 {
			_, err := p.Open(asks(""))
			require.ErrorIs(t, err, session.ErrFull)
		}
		time.Sleep(5 * time.Second)
		require.EqualValues(t, limit, p.Stats().Live)
		require.Len(t, p.ends(), waiting)
		p.visit(t, "")
	})
}

// What OnLoad does with the time of a session counts as it does elsewhere.
func TestOnLoadUsesTheSession(t *testing.T) {
	cases := map[string]struct {
		load func(*session.Session)
		next time.Duration // request
	}{
		"touches":           {func(s *session.Session) { s.Touch() }, 58 * time.Second},
		"holds":             {func(s *session.Session) { s.Hold() }, 10 * time.Minute},
		"holds and touches": {func(s *session.Session) { s.Hold(); s.Touch() }, 10 * time.Minute},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, store *storetest.Memory) {
				a, other := join(t, store), join(t, store)
				other.visit(t, "").Expire()
				uid := a.visit(t, "").UID()
				a.stop(t)
				time.Sleep(58 * time.Second)
				b := joinAs(t, store, func(m *session.Manager) { m.OnLoad = c.load })
				s, err := b.Peek(asks(uid))
				require.NoError(t, err)
				for range 10 {
					time.Sleep(c.next)
					require.Same(t, s, b.visit(t, uid))
				}
				require.Len(t, endsOf(a, b, other), 1)
			})
		})
	}
}

// lateDue is a store whose answer to Due, with something, is as old as the
// acknowledgement that comes after it.
type lateDue struct {
	*storetest.Memory
	acked chan struct{}
}

func (s *lateDue) Due(ctx context.Context, limit int, grace time.Duration, t session.Terms) ([]session.Claim, error) {
	claims, err := s.Memory.Due(ctx, limit, grace, t)
	if len(claims) > 0 {
		<-s.acked
	}
	return claims, err
}

func (s *lateDue) Ack(ctx context.Context, keys []session.StoreKey) error {
	defer close(s.acked)
	return s.Memory.Ack(ctx, keys)
}

// A process takes over, as nobody's, what it has and claims itself meanwhile.
func TestATakeoverOlderThanTheAcknowledgement(t *testing.T) {
	inBubble(t, func(t *testing.T, memory *storetest.Memory) {
		p := joinAs(t, &lateDue{memory, make(chan struct{})}, func(m *session.Manager) { m.StoreTimeout = time.Minute })
		p.visit(t, "")
		require.NoError(t, memory.AdjustTime(t.Context(), -30*time.Second)) // due there before it is here
		time.Sleep(5 * time.Minute)
		require.Equal(t, []end{{why: session.Idle}}, p.ends())
		require.Zero(t, memory.Len())
		require.Zero(t, p.Stats().Store.Ending)
	})
}

// Close waits for a call, and keeps the claim for it meanwhile.
func TestALongCallAtCloseIsMadeOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		var calls atomic.Int64
		a := joinAs(t, store, func(m *session.Manager) {
			m.OnExpire = func(*session.Session) { calls.Add(1); time.Sleep(2 * time.Minute) }
		})
		b := join(t, store)
		b.Drain() // has it start
		s := a.visit(t, "")
		time.Sleep(5 * time.Second)
		go s.Expire()
		synctest.Wait()
		until, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		require.NoError(t, a.Close(until))
		require.EqualValues(t, 1, calls.Load())
		require.Empty(t, b.ends())
		require.Zero(t, store.Len())
	})
}

// Sessions that are being ended when Close begins do not go on.
func TestExpireAtClose(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		p := join(t, slowClaim{store})
		var begun sync.WaitGroup
		for range 50 {
			begun.Go(p.visit(t, "").Expire)
		}
		time.Sleep(time.Millisecond)
		require.NoError(t, p.Close(t.Context()))
		begun.Wait()
		require.Len(t, p.ends(), 50)
		require.Zero(t, p.Stats().Live)
		require.Zero(t, store.Len())
	})
}

// Who waits for the store with an old uid gets no session for it.
func TestAnOldUIDDuringRenew(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		p := joinAs(t, store, func(m *session.Manager) { m.Shared = true })
		s := p.visit(t, "")
		old := s.UID()
		answer := p.way.Block()
		renewed, found := make(chan error, 1), make(chan *session.Session, 1)
		go func() { renewed <- p.Renew(asks(old), s) }()
		synctest.Wait()
		go func() { found <- known(p.Find(asks(old))) }()
		synctest.Wait()
		answer()
		require.NoError(t, <-renewed)
		require.Nil(t, <-found)
		require.Same(t, s, p.visit(t, s.UID()))
	})
}

// duringSave is a store in whose calls of Save something happens.
type duringSave struct {
	session.Store
	do func()
}

func (d *duringSave) Save(ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
	version, err := d.Store.Save(ctx, key, c)
	d.do()
	return version, err
}

// A late Touch asks the store at once. If that has not got the session, Touch must
// not wait for what waits for it.
func TestTouchWithinACall(t *testing.T) {
	cases := map[string]struct {
		do   func(p *process, way *duringSave, s *session.Session) error
		want error
	}{
		"Renew": {func(p *process, way *duringSave, s *session.Session) error {
			way.do = func() { s.Touch() }
			return p.Renew(asks(""), s)
		}, nil},
		"Update of what another process ends": {func(p *process, way *duringSave, s *session.Session) error {
			return number.Update(s, func(*int) {
				keys := []session.StoreKey{keyOf(s)}
				_, _ = way.Claim(context.Background(), keys, session.Terms{Owner: "another", Lease: time.Hour, Why: session.Expired})
				s.Touch()
			})
		}, session.ErrEnded},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, store *storetest.Memory) {
				way := &duringSave{store, func() {}}
				p := join(t, way)
				s := p.visit(t, "")
				time.Sleep(58 * time.Second)
				done := make(chan error, 1)
				go func() { done <- c.do(p, way, s) }()
				select {
				case err := <-done:
					require.ErrorIs(t, err, c.want)
				case <-time.After(time.Hour):
					t.Fatal("deadlock")
				}
				if c.want == nil {
					require.Same(t, s, p.visit(t, s.UID()))
				} else {
					require.Equal(t, session.Elsewhere, s.Reason())
				}
			})
		})
	}
}

// The store has the session by another key then, perhaps, of which nobody knows.
func TestLostAnswersToRenew(t *testing.T) {
	for _, n := range []int{1, 2} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			inBubble(t, func(t *testing.T, store *storetest.Memory) {
				p := join(t, store)
				s := p.visit(t, "")
				p.save(t, s, "kept")
				uid := s.UID()
				time.Sleep(5 * time.Second)
				p.way.LoseNext("Save", n, errOutage)
				require.ErrorIs(t, p.Renew(asks(uid), s), session.ErrStore)
				for range 10 {
					time.Sleep(40 * time.Second)
					if here, err := p.Find(asks(uid)); err == nil {
						require.Same(t, s, here)
					}
				}
				require.Equal(t, uid, s.UID())
				v, _ := note.Get(join(t, store).visit(t, uid))
				require.Equal(t, "kept", v)
				require.NoError(t, p.Renew(asks(uid), s))
				require.Nil(t, known(p.Find(asks(uid))))
				time.Sleep(70 * time.Second)
				require.Equal(t, []end{{"kept", 1, session.Idle}}, p.ends())
				require.Zero(t, store.Len())
			})
		})
	}
}
