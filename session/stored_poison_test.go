package session_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/storetest"
	"github.com/stretchr/testify/require"
)

// picky is a store that never takes what is poison.
type picky struct{ session.Store }

func (p picky) Save(ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
	for _, f := range c.Set {
		if strings.Contains(string(f.Value), "poison") {
			return 0, errors.New("poison")
		}
	}
	return p.Store.Save(ctx, key, c)
}

// A change that the store does not take, while it answers otherwise, is undone
// after a while, and keeps no other session from ending on time.
func TestPoisonIsUndone(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		var log journal
		p := joinAs(t, picky{store}, func(m *session.Manager) { m.Log = log.logger() })
		bad, other := p.visit(t, ""), p.visit(t, "")
		bad.SetTimeout(time.Hour)
		p.save(t, bad, "before")
		require.NoError(t, note.Set(bad, "poison"))
		time.Sleep(65 * time.Second)
		require.Equal(t, session.Idle, other.Reason())
		require.Len(t, p.ends(), 1)
		time.Sleep(time.Minute)
		require.Equal(t, 1, strings.Count(log.String(), "are undone"), log.String())
		require.Zero(t, p.Stats().Store.Unsaved)
		v, _ := note.Get(p.visit(t, bad.UID()))
		require.Equal(t, "before", v)
		p.save(t, bad, "after")
		failures := p.Stats().Store.Failures
		time.Sleep(time.Minute)
		require.Equal(t, failures, p.Stats().Store.Failures)
		v, _ = note.Get(join(t, store).visit(t, bad.UID()))
		require.Equal(t, "after", v)
	})
}

// Who logs out during an outage is told that it may not hold: by the answer, for
// which Save is the last word, and by Close.
func TestALogOutDuringAnOutage(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		p := join(t, store)
		uid := p.visit(t, "").UID()
		time.Sleep(5 * time.Second)
		p.way.Fail(errOutage)
		ctx := asks(uid)
		s, _, err := p.Acquire(ctx)
		require.NoError(t, err)
		s.Expire()
		require.ErrorIs(t, p.Save(ctx, s), session.ErrStore)
		s.Release()
		require.Nil(t, known(p.Find(asks(uid))))
		until, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorContains(t, p.Close(until), "the ends of 1 sessions have not been saved")
	})
}

// One call in a second fails in each process, and sessions end on time all the
// same.
func TestSingleFailuresDelayNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a, b := join(t, store), join(t, store)
		for i := range 300 {
			for _, p := range []*process{a, b} {
				p.visit(t, "")
				p.way.FailNext("Load", 1, errOutage)
				_, err := p.Find(asks("AAAAAAAAAAAAAAAAAAAAAA"))
				require.ErrorIs(t, err, session.ErrStore)
			}
			time.Sleep(time.Second)
			n := len(endsOf(a, b)) / 2 // of the i+1 seconds
			require.LessOrEqual(t, n, max(i+1-59, 0))
			require.GreaterOrEqual(t, n, i+1-63)
		}
	})
}

// Nothing waits to be written for sessions that have ended meanwhile.
func TestNoChangesOfTheEndedAreLeft(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		p := join(t, store)
		var all sync.WaitGroup
		for range 200 {
			s := p.visit(t, "")
			all.Go(func() { s.SetTimeout(time.Hour) })
			all.Go(func() { note.Delete(s) })
			all.Go(func() { _ = note.Set(s, "x") })
			all.Go(s.Expire)
		}
		all.Wait()
		time.Sleep(10 * time.Second)
		require.Zero(t, p.Stats().Store.Unsaved)
		require.Zero(t, store.Len())
	})
}
