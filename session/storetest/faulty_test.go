package storetest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/storetest"
)

func TestFaultyWithoutFaults(t *testing.T) {
	storetest.Run(t, func(*testing.T) session.Store { return &storetest.Faulty{Store: new(storetest.Memory)} })
}

var errDown = errors.New("down")

// calls are one call of each method, which changes what it can.
var calls = map[string]func(f *storetest.Faulty, ctx context.Context, key session.StoreKey) error{
	"Create": func(f *storetest.Faulty, ctx context.Context, key session.StoreKey) error {
		key[1]++
		return f.Create(ctx, key, session.Record{Remaining: time.Hour, Limit: time.Hour})
	},
	"Load": func(f *storetest.Faulty, ctx context.Context, key session.StoreKey) error {
		_, err := f.Load(ctx, key)
		return err
	},
	"Save": func(f *storetest.Faulty, ctx context.Context, key session.StoreKey) error {
		_, err := f.Save(ctx, key, session.Change{})
		return err
	},
	"Touch": func(f *storetest.Faulty, ctx context.Context, key session.StoreKey) error {
		_, err := f.Touch(ctx, []session.Touch{{Key: key, Extend: 5 * time.Hour}})
		return err
	},
	"Exists": func(f *storetest.Faulty, ctx context.Context, key session.StoreKey) error {
		_, err := f.Exists(ctx, key)
		return err
	},
	"Claim": func(f *storetest.Faulty, ctx context.Context, key session.StoreKey) error {
		_, err := f.Claim(ctx, []session.StoreKey{key}, session.Terms{Why: session.Expired, Lease: time.Hour})
		return err
	},
	"Due": func(f *storetest.Faulty, ctx context.Context, key session.StoreKey) error {
		_, err := f.Due(ctx, 1, 0, session.Terms{Why: session.Idle, Lease: time.Hour})
		return err
	},
	"Ack": func(f *storetest.Faulty, ctx context.Context, key session.StoreKey) error {
		return f.Ack(ctx, []session.StoreKey{key})
	},
	"AdjustTime": func(f *storetest.Faulty, ctx context.Context, key session.StoreKey) error {
		return f.AdjustTime(ctx, 9*time.Hour)
	},
	"SetAside": func(f *storetest.Faulty, ctx context.Context, key session.StoreKey) error {
		return f.SetAside(ctx, key)
	},
}

// changes has, for methods whose calls change something, how that shows.
var changes = map[string]func(m *storetest.Memory, key session.StoreKey) bool{
	"Create": func(m *storetest.Memory, key session.StoreKey) bool { return m.Len() == 2 },
	"Save": func(m *storetest.Memory, key session.StoreKey) bool {
		r, err := m.Load(context.Background(), key)
		return err != nil || r.Version == 2
	},
	"Touch": func(m *storetest.Memory, key session.StoreKey) bool {
		r, err := m.Load(context.Background(), key)
		return err != nil || r.Remaining > 2*time.Hour
	},
	"Claim": func(m *storetest.Memory, key session.StoreKey) bool {
		ok, err := m.Exists(context.Background(), key)
		return err != nil || !ok
	},
	"AdjustTime": func(m *storetest.Memory, key session.StoreKey) bool {
		r, err := m.Load(context.Background(), key)
		return err != nil || r.Remaining > 2*time.Hour
	},
	"SetAside": func(m *storetest.Memory, key session.StoreKey) bool { return len(m.Aside()) == 1 },
}

func TestFaultyFails(t *testing.T) {
	for method, call := range calls {
		t.Run(method, func(t *testing.T) {
			m := new(storetest.Memory)
			f, ctx := &storetest.Faulty{Store: m}, t.Context()
			key := fill(t, m, time.Hour)
			f.Fail(errDown)
			require.ErrorIs(t, call(f, ctx, key), errDown)
			f.Fail(nil)
			f.FailNext(method, 2, errDown)
			require.ErrorIs(t, call(f, ctx, key), errDown)
			require.ErrorIs(t, call(f, ctx, key), errDown)
			if changed := changes[method]; changed != nil {
				require.False(t, changed(m, key))
			}
			require.NoError(t, call(f, ctx, key))
			if changed := changes[method]; changed != nil {
				require.True(t, changed(m, key))
			}
			require.Equal(t, 4, f.Calls(method))
			require.Equal(t, 4, f.Calls())
		})
	}
}

func TestFaultyLosesAnswers(t *testing.T) {
	for method, call := range calls {
		t.Run(method, func(t *testing.T) {
			m := new(storetest.Memory)
			f := &storetest.Faulty{Store: m}
			key := fill(t, m, time.Hour)
			f.LoseNext(method, 1, errDown)
			require.ErrorIs(t, call(f, t.Context(), key), errDown)
			if changed := changes[method]; changed != nil {
				require.True(t, changed(m, key))
			}
			if err := call(f, t.Context(), key); err != nil { // done before
				require.NotErrorIs(t, err, errDown)
			}
		})
	}
}

func TestFaultyBlocks(t *testing.T) {
	for method, call := range calls {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := new(storetest.Memory)
				f := &storetest.Faulty{Store: m}
				key := fill(t, m, time.Hour)
				release := f.Block()
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				short, long := make(chan error, 1), make(chan error, 1)
				go func() { short <- call(f, ctx, key) }()
				synctest.Wait()
				require.Equal(t, 1, f.Waiting())
				require.ErrorIs(t, <-short, context.DeadlineExceeded)
				if changed := changes[method]; changed != nil {
					require.False(t, changed(m, key))
				}
				go func() { long <- call(f, t.Context(), key) }()
				synctest.Wait()
				require.Equal(t, 1, f.Waiting())
				require.Equal(t, 2, f.Calls(method))
				release()
				release()
				require.NoError(t, <-long)
				require.Zero(t, f.Waiting())
				if changed := changes[method]; changed != nil {
					require.True(t, changed(m, key))
				}
			})
		})
	}
}

// A release that comes late does not end a block that came after it.
func TestFaultyBlocksAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &storetest.Faulty{Store: new(storetest.Memory)}
		first := f.Block()
		f.Block()()
		second := f.Block()
		first()
		done := make(chan error, 1)
		go func() { done <- f.Ack(t.Context(), nil) }()
		synctest.Wait()
		require.Equal(t, 1, f.Waiting())
		f.Fail(errDown)
		second()
		require.ErrorIs(t, <-done, errDown, "an outage counts for those who were blocked")
	})
}

func TestFaultyCounts(t *testing.T) {
	m := new(storetest.Memory)
	f, ctx := &storetest.Faulty{Store: m}, t.Context()
	require.Zero(t, f.Calls())
	key := fill(t, m, -1)
	_, err := f.Touch(ctx, make([]session.Touch, 7))
	require.NoError(t, err)
	_, err = f.Claim(ctx, make([]session.StoreKey, 5), session.Terms{})
	require.NoError(t, err)
	_, err = f.Due(ctx, 100, 0, session.Terms{Lease: time.Hour})
	require.NoError(t, err)
	require.NoError(t, f.Ack(ctx, []session.StoreKey{key, key}))
	require.Equal(t, []int{1, 7}, []int{f.Calls("Touch"), f.Rows("Touch")})
	require.Equal(t, []int{1, 1}, []int{f.Calls("Due"), f.Rows("Due")})
	require.Equal(t, []int{2, 7}, []int{f.Calls("Claim", "Ack"), f.Rows("Claim", "Ack")})
	require.Equal(t, []int{4, 15}, []int{f.Calls(), f.Rows()})
}

func TestFaultyRefusesUnknownMethods(t *testing.T) {
	f := new(storetest.Faulty)
	require.Panics(t, func() { f.FailNext("save", 1, errDown) })
	require.Panics(t, func() { f.LoseNext("", 1, errDown) })
	require.Panics(t, func() { f.Calls("Renew") })
}

func TestFaultyWithoutOptionalMethods(t *testing.T) {
	f := &storetest.Faulty{Store: still{new(storetest.Memory)}}
	require.ErrorIs(t, f.AdjustTime(t.Context(), 0), errors.ErrUnsupported)
	require.ErrorIs(t, f.SetAside(t.Context(), session.StoreKey{}), errors.ErrUnsupported)
}
