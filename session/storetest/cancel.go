package storetest

import (
	"context"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// What a call does whose context has ended before: nothing, and it says so with
// an error that the Manager takes for that of a store that did not answer.

// cancelled does one call with such a context.
func cancelled(call func(x *trial, ctx context.Context, key session.StoreKey) error) func(x *trial) {
	return func(x *trial) {
		ctx, cancel := context.WithCancel(x.ctx)
		cancel()
		refused := func(key session.StoreKey) {
			x.Helper()
			err := call(x, ctx, key)
			require.Error(x, err)
			for _, sentinel := range []error{session.ErrExists, session.ErrGone, session.ErrConflict} {
				require.NotErrorIs(x, err, sentinel)
			}
		}
		live, overdue, claimed := x.live(field("a", "1")), x.overdue(field("a", "1")), x.claimed("A", field("a", "1"))
		was := x.load(live)
		for _, key := range []session.StoreKey{live, overdue, claimed, newKey()} {
			refused(key)
		}
		x.unchanged(live, was)
		x.gone(overdue)
		x.isClaimed(x.claim(idle("B", hour), overdue)[0], 1, session.Idle, 1, map[string]string{"a": "1@1"})
		x.isClaimed(x.claim(idle("A", hour), claimed)[0], 1, session.Idle, 1, map[string]string{"a": "1@1"})
		require.Empty(x, x.due("B", 0, claimed))
	}
}

var cancelChecks = []check{
	{"Create", cancelled(func(x *trial, ctx context.Context, key session.StoreKey) error {
		key[0] ^= 1 // a free one
		err := x.Create(ctx, key, session.Record{Remaining: hour, Limit: hour})
		x.gone(key)
		return err
	})},
	{"Load", cancelled(func(x *trial, ctx context.Context, key session.StoreKey) error {
		_, err := x.Load(ctx, key)
		return err
	})},
	{"Save", cancelled(func(x *trial, ctx context.Context, key session.StoreKey) error {
		to := newKey()
		_, err := x.Save(ctx, key, session.Change{Set: []session.Field{field("a", "2")}, Extend: 2 * hour, Rename: &to})
		x.gone(to)
		return err
	})},
	{"Touch", cancelled(func(x *trial, ctx context.Context, key session.StoreKey) error {
		_, err := x.Touch(ctx, []session.Touch{{Key: key, Extend: 2 * hour}})
		return err
	})},
	{"Exists", cancelled(func(x *trial, ctx context.Context, key session.StoreKey) error {
		_, err := x.Exists(ctx, key)
		return err
	})},
	{"Claim", cancelled(func(x *trial, ctx context.Context, key session.StoreKey) error {
		_, err := x.Claim(ctx, []session.StoreKey{key}, forced("C", hour))
		return err
	})},
	{"Due", cancelled(func(x *trial, ctx context.Context, _ session.StoreKey) error {
		_, err := x.Due(ctx, 1000, 0, idle("C", hour))
		return err
	})},
	{"Ack", cancelled(func(x *trial, ctx context.Context, key session.StoreKey) error {
		return x.Ack(ctx, []session.StoreKey{key})
	})},
}
