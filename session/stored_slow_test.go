package session_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/storetest"
	"github.com/stretchr/testify/require"
)

// slowTouch is a store that takes its time to be told of uses.
type slowTouch struct {
	session.Store
	takes  time.Duration
	called atomic.Int64
}

func (s *slowTouch) Touch(ctx context.Context, all []session.Touch) ([]uint64, error) {
	s.called.Add(1)
	select {
	case <-time.After(s.takes):
		return s.Store.Touch(ctx, all)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// A store that cannot be told of all uses in time slows down those who use the
// sessions. None of these ends too early for a use that has been let pass.
func TestAStoreThatDoesNotKeepUp(t *testing.T) {
	for _, takes := range []time.Duration{time.Second, 2500 * time.Millisecond} {
		t.Run(fmt.Sprint(takes), func(t *testing.T) {
			inBubble(t, func(t *testing.T, memory *storetest.Memory) {
				const sessions = 10_000
				a, b := join(t, memory), join(t, memory)
				store := &slowTouch{Store: memory, takes: takes}
				a.way.Store = store
				var mu sync.Mutex
				ended := make(map[int]time.Time)
				for _, p := range []*process{a, b} {
					p.OnExpire = func(s *session.Session) {
						n, _ := number.Get(s)
						mu.Lock()
						defer mu.Unlock()
						if _, twice := ended[n]; twice {
							t.Errorf("session %d has ended twice", n)
						}
						ended[n] = time.Now()
					}
				}
				b.Drain() // has it start
				var all sync.WaitGroup
				last := make([]time.Time, sessions)
				silence := time.Now().Add(4 * time.Minute)
				for i := range sessions {
					s := a.visit(t, "")
					require.NoError(t, number.Set(s, i))
					require.NoError(t, a.Save(nil, s))
					all.Go(func() {
						time.Sleep(time.Duration(i) * time.Millisecond)
						for now := time.Now(); now.Before(silence) && s.Touch(); now = time.Now() {
							last[i] = now
							time.Sleep(7 * time.Second)
						}
					})
				}
				all.Wait()
				time.Sleep(5 * time.Minute)
				require.Zero(t, memory.Len())
				early := 0
				for i, at := range last {
					if ended[i].Sub(at) < time.Minute {
						early++
					}
				}
				require.Zero(t, early)
				require.Len(t, ended, sessions)
				require.Positive(t, store.called.Load())
			})
		})
	}
}
