package storetest

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// What Claim answers.

// isClaimed requires what every claim of a record with the fields has. Its times
// are of use to nobody any more, so that a store need not keep them.
func (x *trial) isClaimed(c session.Claim, attempt int, why session.Reason, version uint64, fields map[string]string) {
	x.Helper()
	require.Equal(x, session.Claimed, c.State)
	require.Equal(x, attempt, c.Attempt)
	require.Equal(x, why, c.Why)
	require.Equal(x, version, c.Record.Version)
	require.Equal(x, fields, shown(c.Record.Fields))
}

var claimChecks = []check{
	{"none", func(x *trial) {
		require.Empty(x, x.claim(idle("A", hour)))
	}},
	{"what is not there is gone", func(x *trial) {
		for _, t := range []session.Terms{idle("A", hour), forced("A", hour)} {
			for _, c := range x.claim(t, newKeys(3)...) {
				require.Equal(x, session.Gone, c.State)
			}
		}
	}},
	{"what is due is claimed, with the whole record", func(x *trial) {
		key := x.overdue(field("a", "1"), field("b", "1"))
		x.save(key, set(field("b", "2")))
		c := x.claim(idle("A", hour), key)[0]
		x.isClaimed(c, 1, session.Idle, 2, map[string]string{"a": "1@1", "b": "2@2"})
		require.LessOrEqual(x, c.Record.Remaining, rounding)
		require.Equal(x, session.Never, c.Record.Limit)
		x.gone(key)
	}},
	{"what is not due goes on, and tells for how long", func(x *trial) {
		key := x.record(hour, 9*hour, field("a", "1"))
		x.save(key, set(field("a", "2")))
		c := x.claim(idle("A", hour), key)[0]
		require.Equal(x, session.NotDue, c.State)
		require.Equal(x, uint64(2), c.Record.Version)
		require.Empty(x, c.Record.Fields)
		x.about(hour, c.Record.Remaining)
		x.about(9*hour, c.Record.Limit)
		require.Equal(x, map[string]string{"a": "2@2"}, x.fields(key))
		endless := x.claim(idle("A", hour), x.record(session.Never, session.Never))[0]
		require.Equal(x, session.NotDue, endless.State)
		require.Equal(x, session.Never, endless.Record.Remaining)
		require.Equal(x, session.Never, endless.Record.Limit)
	}},
	{"what is nearly due is claimed early, if its owner says so", func(x *trial) {
		key := x.record(hour, session.Never)
		for _, early := range []time.Duration{-hour, 0, hour / 2} {
			t := idle("A", hour)
			t.Early = early
			require.Equal(x, session.NotDue, x.claim(t, key)[0].State, early)
		}
		t := idle("A", hour)
		t.Early = 2 * hour
		x.isClaimed(x.claim(t, key)[0], 1, session.Idle, 1, map[string]string{})
		x.gone(key)
	}},
	{"but not when its Limit makes it due, or never", func(x *trial) {
		for _, key := range []session.StoreKey{x.record(hour, hour), x.record(9*hour, hour), x.record(session.Never, session.Never)} {
			for _, early := range []time.Duration{2 * hour, session.Never} {
				t := idle("A", hour)
				t.Early = early
				require.Equal(x, session.NotDue, x.claim(t, key)[0].State, early)
			}
		}
	}},
	{"what comes sooner than the Limit is claimed early", func(x *trial) {
		t := idle("A", hour)
		t.Early = 2 * hour
		require.Equal(x, session.Claimed, x.claim(t, x.record(hour, 3*hour))[0].State)
	}},
	{"for another reason it is claimed though it is not due", func(x *trial) {
		for _, why := range []session.Reason{session.Lifetime, session.Expired, session.Evicted, session.Shutdown} {
			key := x.record(hour, 9*hour, field("a", "1"))
			c := x.claim(session.Terms{Owner: "A", Lease: hour, Why: why}, key)[0]
			x.isClaimed(c, 1, why, 1, map[string]string{"a": "1@1"})
			x.about(hour, c.Record.Remaining)
			x.about(9*hour, c.Record.Limit)
			x.gone(key)
		}
		key := x.overdue()
		x.isClaimed(x.claim(forced("A", hour), key)[0], 1, session.Expired, 1, map[string]string{})
	}},
	{"once more by the same owner, for the first reason", func(x *trial) {
		for _, lease := range []time.Duration{hour, -hour} {
			key := x.overdue(field("a", "1"))
			x.claim(idle("A", lease), key)
			x.isClaimed(x.claim(forced("A", hour), key)[0], 1, session.Idle, 1, map[string]string{"a": "1@1"})
			key = x.live(field("a", "1"))
			x.claim(forced("A", lease), key)
			x.isClaimed(x.claim(idle("A", hour), key)[0], 1, session.Expired, 1, map[string]string{"a": "1@1"})
		}
	}},
	{"by another owner it is gone, whatever the reason, until Due has given it away", func(x *trial) {
		for _, lease := range []time.Duration{hour, -hour, session.Never} {
			key := x.overdue(field("a", "1"))
			x.claim(idle("A", lease), key)
			require.Equal(x, session.Gone, x.claim(idle("B", hour), key)[0].State)
			require.Equal(x, session.Gone, x.claim(forced("B", hour), key)[0].State)
			x.isClaimed(x.claim(idle("A", hour), key)[0], 1, session.Idle, 1, map[string]string{"a": "1@1"})
		}
		key := x.overdue(field("a", "1"))
		x.claim(idle("A", -hour), key)
		x.due("B", 0, key)
		require.Equal(x, session.Gone, x.claim(forced("A", hour), key)[0].State)
		x.isClaimed(x.claim(idle("B", hour), key)[0], 2, session.Idle, 1, map[string]string{"a": "1@1"})
	}},
	{"owners are told apart byte by byte", func(x *trial) {
		for _, owners := range [][2]string{{"A", "a"}, {"A", "A "}, {"", "A"}, {"1", "01"}, {"é", "e\u0301"}} {
			key := x.claimed(owners[0])
			require.Equal(x, session.Gone, x.claim(idle(owners[1], hour), key)[0].State, "%q", owners)
			require.Equal(x, session.Claimed, x.claim(idle(owners[0], hour), key)[0].State, "%q", owners)
		}
	}},
	{"the lease begins anew", func(x *trial) {
		key := x.overdue()
		x.claim(idle("A", -hour), key)
		x.claim(idle("A", hour), key)
		require.Empty(x, x.due("B", 0, key))
		x.claim(idle("A", -hour), key)
		require.Len(x, x.due("B", 0, key), 1)
	}},
	{"answers of every kind, in order", func(x *trial) {
		live, overdue, mine, others := x.live(field("a", "1")), x.overdue(field("b", "1")), x.claimed("A", field("c", "1")), x.claimed("B")
		keys := []session.StoreKey{newKey(), overdue, live, others, newKey(), mine, overdue, live}
		claims := x.claim(idle("A", hour), keys...)
		var states []session.ClaimState
		for _, c := range claims {
			states = append(states, c.State)
		}
		require.Equal(x, []session.ClaimState{
			session.Gone, session.Claimed, session.NotDue, session.Gone, session.Gone, session.Claimed, session.Claimed, session.NotDue,
		}, states)
		for i, f := range map[int]string{1: "b", 5: "c", 6: "b"} {
			x.isClaimed(claims[i], 1, session.Idle, 1, map[string]string{f: "1@1"})
		}
	}},
	{"1,000, each with its fields", func(x *trial) {
		keys := newKeys(1000)
		x.together(8, func(w int) error {
			for i := w; i < len(keys); i += 8 {
				r := session.Record{Remaining: -hour, Limit: session.Never, Fields: []session.Field{field("key", string(keys[i][:]))}}
				if err := x.Create(x.ctx, keys[i], r); err != nil {
					return err
				}
			}
			return nil
		})
		for _, c := range x.claim(idle("A", hour), keys...) {
			x.isClaimed(c, 1, session.Idle, 1, map[string]string{"key": string(c.Key[:]) + "@1"})
		}
		require.NoError(x, x.Ack(x.ctx, keys))
		for _, c := range x.claim(forced("A", hour), keys...) {
			require.Equal(x, session.Gone, c.State)
		}
	}},
}
