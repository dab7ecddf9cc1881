package storetest

import (
	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// What Ack removes.

// removed requires that nobody can claim what is at the key.
func (x *trial) removed(key session.StoreKey, why ...any) {
	x.Helper()
	x.gone(key, why...)
	require.Empty(x, x.due("C", 0, key), why...)
	for _, owner := range []string{"A", "B", "C"} {
		require.Equal(x, session.Gone, x.claim(forced(owner, hour), key)[0].State, why...)
	}
}

var ackChecks = []check{
	{"none", func(x *trial) {
		require.NoError(x, x.Ack(x.ctx, nil))
	}},
	{"removes what was claimed, for good", func(x *trial) {
		byClaim, byDue, byForce := x.claimed("A", field("a", "1")), x.overdue(field("a", "1")), x.live(field("a", "1"))
		x.due("A", 0, byDue)
		x.claim(forced("A", hour), byForce)
		keys := []session.StoreKey{byClaim, byDue, byForce}
		require.NoError(x, x.Ack(x.ctx, keys))
		for _, key := range keys {
			x.removed(key)
			require.Equal(x, []uint64{0}, x.touch(session.Touch{Key: key, Extend: hour}))
			require.NoError(x, x.Create(x.ctx, key, session.Record{Remaining: hour, Limit: hour}))
			require.Empty(x, x.fields(key), "fields of the old record")
		}
	}},
	{"the lease may be over, and another owner have it", func(x *trial) {
		a, b := x.overdue(), x.overdue()
		x.claim(idle("A", -hour), b)
		require.Len(x, x.due("B", 0, b), 1)
		x.claim(idle("A", -hour), a)
		require.NoError(x, x.Ack(x.ctx, []session.StoreKey{a, b}))
		x.removed(a)
		x.removed(b)
	}},
	{"what is not there counts as removed", func(x *trial) {
		key, other := x.claimed("A"), x.claimed("A")
		for range 3 {
			require.NoError(x, x.Ack(x.ctx, []session.StoreKey{newKey(), key, newKey(), key}))
		}
		x.removed(key)
		require.Equal(x, session.Claimed, x.claim(idle("A", hour), other)[0].State)
	}},
	{"what nobody has claimed stays", func(x *trial) {
		live, overdue := x.live(field("a", "1")), x.overdue(field("b", "1"))
		was := x.load(live)
		require.NoError(x, x.Ack(x.ctx, []session.StoreKey{live, overdue, x.claimed("A")}))
		x.unchanged(live, was)
		x.isClaimed(x.claim(idle("A", hour), overdue)[0], 1, session.Idle, 1, map[string]string{"b": "1@1"})
	}},
}
