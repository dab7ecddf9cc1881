package storetest

import (
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// What Due finds, in what order, and for whom.

var dueChecks = []check{
	{"what is due, with the whole record, and nothing else", func(x *trial) {
		a, b := x.overdue(field("a", "1"), field("b", "1")), x.record(hour, -hour)
		x.save(a, set(field("b", "2")))
		extended := x.overdue()
		x.touch(session.Touch{Key: extended, Extend: hour})
		others := []session.StoreKey{x.live(), x.record(session.Never, session.Never), x.claimed("B"), extended}
		claims := x.due("A", 0, append([]session.StoreKey{a, b}, others...)...)
		require.ElementsMatch(x, []session.StoreKey{a, b}, keysOf(claims))
		first := claims[slices.Index(keysOf(claims), a)]
		x.isClaimed(first, 1, session.Idle, 2, map[string]string{"a": "1@1", "b": "2@2"})
		require.LessOrEqual(x, first.Record.Remaining, rounding)
		require.Equal(x, session.Never, first.Record.Limit)
		x.gone(a)
	}},
	{"what is due as of now", func(x *trial) {
		key := x.record(0, session.Never)
		require.Len(x, x.due("A", 0, key), 1)
	}},
	{"whatever the reason, only what is due", func(x *trial) {
		live := x.live()
		claims, err := x.Due(x.ctx, 1000, 0, forced("A", hour))
		require.NoError(x, err)
		require.NotContains(x, keysOf(claims), live)
		require.True(x, x.exists(live))
	}},
	{"claimed for the lease: not again, and by nobody else", func(x *trial) {
		key := x.overdue()
		require.Len(x, x.due("A", 0, key), 1)
		require.Empty(x, x.due("A", 0, key))
		require.Empty(x, x.due("B", 0, key))
		require.Equal(x, session.Gone, x.claim(forced("B", hour), key)[0].State)
		x.isClaimed(x.claim(idle("A", hour), key)[0], 1, session.Idle, 1, map[string]string{})
	}},
	{"the longest due first", func(x *trial) {
		byAge := make([]session.StoreKey, 8)
		for _, age := range []int{3, 0, 7, 5, 1, 6, 2, 4} {
			byAge[age] = x.record(-time.Duration(age)*hour-1, session.Never)
		}
		slices.Reverse(byAge)
		require.Equal(x, byAge, keysOf(x.due("A", 0, byAge...)))
	}},
	{"the longest due first, by its limit too and after changes", func(x *trial) {
		limited, long, shortened, extended, renamed := x.record(hour, -3*hour), x.record(-2*hour, session.Never), x.live(), x.record(-9*hour, session.Never), x.record(-hour, session.Never)
		x.save(shortened, session.Change{Extend: -4 * hour, Exactly: true})
		x.save(extended, session.Change{Extend: -5 * hour})
		to := newKey()
		x.save(renamed, session.Change{Rename: &to})
		want := []session.StoreKey{extended, shortened, limited, long, to}
		require.Equal(x, want, keysOf(x.due("A", 0, to, long, limited, shortened, extended)))
	}},
	{"up to limit", func(x *trial) {
		var keys []session.StoreKey
		for range 7 {
			keys = append(keys, x.overdue())
		}
		claims, err := x.Due(x.ctx, 0, 0, idle("A", hour))
		require.NoError(x, err)
		require.Empty(x, claims)
		claims, err = x.Due(x.ctx, 1, 0, idle("A", hour))
		require.NoError(x, err)
		require.Len(x, claims, 1)
		claims, err = x.Due(x.ctx, 3, 0, idle("A", hour))
		require.NoError(x, err)
		require.Len(x, claims, 3)
		left := x.due("B", 0, keys...)
		require.GreaterOrEqual(x, len(left), 3, "more were claimed than were told")
	}},
	{"grace", func(x *trial) {
		recent, old := x.record(-hour, session.Never), x.record(-3*hour, session.Never)
		require.Empty(x, x.due("A", session.Never, recent, old))
		require.Empty(x, x.due("A", 4*hour, recent, old))
		require.Equal(x, []session.StoreKey{old}, keysOf(x.due("A", 2*hour, recent, old)))
		x.save(recent, session.Change{}) // it is nobody's yet
		require.Equal(x, []session.StoreKey{recent}, keysOf(x.due("A", hour/2, recent, old)))
	}},
	{"within its grace it can be claimed by name, and touched", func(x *trial) {
		a, b := x.overdue(), x.overdue()
		require.Empty(x, x.due("A", 2*hour, a, b))
		require.Equal(x, session.Claimed, x.claim(idle("B", hour), a)[0].State)
		require.Equal(x, []uint64{1}, x.touch(session.Touch{Key: b, Extend: hour}))
		require.Empty(x, x.due("A", 0, a, b))
	}},
	{"a lease that is over: the next owner, the second attempt, no grace", func(x *trial) {
		for _, lease := range []time.Duration{0, -1, -hour, -session.Never} {
			key := x.overdue(field("a", "1"))
			x.claim(idle("A", lease), key)
			claims := x.due("B", 24*hour, key)
			require.Len(x, claims, 1, "%v", lease)
			x.isClaimed(claims[0], 2, session.Idle, 1, map[string]string{"a": "1@1"})
		}
	}},
	{"the attempts count owners", func(x *trial) {
		key := x.overdue(field("a", "1"))
		for i, owner := range []string{"A", "B", "C", "A"} {
			claims := x.due(owner, 0, key)
			require.Len(x, claims, 1)
			x.isClaimed(claims[0], i+1, session.Idle, 1, map[string]string{"a": "1@1"})
			x.isClaimed(x.claim(forced(owner, -hour), key)[0], i+1, session.Idle, 1, map[string]string{"a": "1@1"})
			again := x.due(owner, 0, key)
			require.Len(x, again, 1, "its own lease is over")
			x.isClaimed(again[0], i+1, session.Idle, 1, map[string]string{"a": "1@1"})
			x.claim(idle(owner, -hour), key)
		}
	}},
	{"an end before its time whose lease is over, but not the other sessions", func(x *trial) {
		key, endless, other := x.live(field("a", "1")), x.record(session.Never, session.Never), x.live()
		x.claim(forced("A", -hour), key, endless)
		claims := x.due("B", 24*hour, key, endless, other)
		require.ElementsMatch(x, []session.StoreKey{key, endless}, keysOf(claims))
		x.isClaimed(claims[slices.Index(keysOf(claims), key)], 2, session.Expired, 1, map[string]string{"a": "1@1"})
		require.True(x, x.exists(other))
	}},
	{"a lease without end is never over", func(x *trial) {
		key := x.overdue()
		for _, lease := range []time.Duration{session.Never, session.Never - 1} {
			x.claim(idle("A", lease), key)
			require.Empty(x, x.due("B", 0, key))
		}
	}},
	{"a lease and a session end by themselves", func(x *trial) {
		leased, short := x.overdue(), x.record(50*time.Millisecond, session.Never)
		x.claim(idle("A", 50*time.Millisecond), leased)
		var found []session.Claim
		x.eventually(func() bool {
			found = append(found, x.due("B", 0, leased, short)...)
			return len(found) == 2
		}, "not found")
		require.ElementsMatch(x, []session.StoreKey{leased, short}, keysOf(found))
		for _, c := range found {
			want := 1
			if c.Key == leased {
				want = 2
			}
			require.Equal(x, want, c.Attempt)
		}
	}},
}
