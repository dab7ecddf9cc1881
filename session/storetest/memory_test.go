package storetest_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/storetest"
)

func TestMemory(t *testing.T) {
	storetest.Run(t, func(*testing.T) session.Store { return new(storetest.Memory) })
}

// All checks on one store, as with a server that is not emptied between them.
func TestMemoryShared(t *testing.T) {
	m := new(storetest.Memory)
	storetest.Run(t, func(*testing.T) session.Store { return m })
}

// still hides Advance, so that the suite waits for the clock.
type still struct{ session.Store }

func TestMemoryOnTheRealClock(t *testing.T) {
	storetest.Run(t, func(*testing.T) session.Store { return still{new(storetest.Memory)} })
}

func fill(t *testing.T, s session.Store, remaining time.Duration) (key session.StoreKey) {
	t.Helper()
	key[0] = 1
	require.NoError(t, s.Create(context.Background(), key, session.Record{Remaining: remaining, Limit: session.Never}))
	return key
}

func TestMemoryTakesTheClockOfABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, ctx := new(storetest.Memory), t.Context()
		key := fill(t, m, time.Hour)
		<-time.After(time.Hour - 1)
		r, err := m.Load(ctx, key)
		require.NoError(t, err)
		require.Equal(t, time.Duration(1), r.Remaining)
		<-time.After(1)
		_, err = m.Load(ctx, key)
		require.ErrorIs(t, err, session.ErrGone)
	})
}

func TestMemoryAdvances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, ctx := new(storetest.Memory), t.Context()
		m.Advance(time.Hour)
		key := fill(t, m, time.Hour)
		m.Advance(time.Hour - 1)
		ok, err := m.Exists(ctx, key)
		require.NoError(t, err)
		require.True(t, ok)
		m.Advance(1)
		ok, err = m.Exists(ctx, key)
		require.NoError(t, err)
		require.False(t, ok)
		m.Advance(100 * 365 * 24 * time.Hour)
		claims, err := m.Due(ctx, 1, 0, session.Terms{Owner: "A", Why: session.Idle})
		require.NoError(t, err)
		require.Len(t, claims, 1)
		require.Equal(t, -100*365*24*time.Hour, claims[0].Record.Remaining)
	})
}

func TestMemoryCounts(t *testing.T) {
	m, ctx := new(storetest.Memory), context.Background()
	require.Zero(t, m.Len())
	key := fill(t, m, 0)
	require.Equal(t, 1, m.Len())
	require.Empty(t, m.Aside())
	require.NoError(t, m.SetAside(ctx, key))
	require.Zero(t, m.Len())
	require.Equal(t, []session.StoreKey{key}, m.Aside())
	require.ErrorIs(t, m.SetAside(ctx, key), session.ErrGone)
	require.ErrorIs(t, m.Create(ctx, key, session.Record{}), session.ErrExists)
}
