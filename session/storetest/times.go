package storetest

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// What Save and Touch do to the times of a session. Touch does with each what
// Save does with the same Extend and nothing else.

// due stands for a session that is due.
const due = time.Duration(-1)

var timeChecks = []check{
	{"Extend, Exactly and Limit", func(x *trial) {
		const never, lots = session.Never, session.Never - 1
		for _, e := range []struct {
			remaining, limit         time.Duration
			change                   session.Change
			wantRemaining, wantLimit time.Duration
		}{
			// 0 changes nothing.
			{hour, 9 * hour, session.Change{}, hour, 9 * hour},
			{hour, 9 * hour, session.Change{Exactly: true}, hour, 9 * hour},
			{-hour, never, session.Change{}, due, never},
			{-hour, never, session.Change{Exactly: true}, due, never},
			{never, never, session.Change{}, never, never},
			// Extend: no sooner.
			{hour, never, session.Change{Extend: 4 * hour}, 4 * hour, never},
			{4 * hour, never, session.Change{Extend: hour}, 4 * hour, never},
			{4 * hour, never, session.Change{Extend: 1}, 4 * hour, never},
			{4 * hour, never, session.Change{Extend: -hour}, 4 * hour, never},
			{never, never, session.Change{Extend: hour}, never, never},
			{hour, never, session.Change{Extend: never}, never, never},
			// What is due but not claimed comes back.
			{-hour, never, session.Change{Extend: hour}, hour, never},
			{0, 9 * hour, session.Change{Extend: hour}, hour, 9 * hour},
			{-hour, never, session.Change{Extend: never}, never, never},
			{-hour, never, session.Change{Extend: -1}, due, never},
			// But for its limit.
			{hour, 2 * hour, session.Change{Extend: 9 * hour}, 2 * hour, 2 * hour},
			{hour, 2 * hour, session.Change{Extend: never}, 2 * hour, 2 * hour},
			{hour, 2 * hour, session.Change{Extend: lots}, 2 * hour, 2 * hour},
			{-hour, hour, session.Change{Extend: 9 * hour}, hour, hour},
			{hour, -hour, session.Change{Extend: 9 * hour}, due, -hour},
			{hour, hour, session.Change{Extend: 9 * hour, Exactly: true}, hour, hour},
			// Exactly: no later either.
			{4 * hour, never, session.Change{Extend: hour, Exactly: true}, hour, never},
			{hour, never, session.Change{Extend: 4 * hour, Exactly: true}, 4 * hour, never},
			{never, never, session.Change{Extend: hour, Exactly: true}, hour, never},
			{hour, never, session.Change{Extend: never, Exactly: true}, never, never},
			{-hour, never, session.Change{Extend: hour, Exactly: true}, hour, never},
			{hour, never, session.Change{Extend: -1, Exactly: true}, due, never},
			{never, never, session.Change{Extend: -hour, Exactly: true}, due, never},
			{hour, never, session.Change{Extend: -never, Exactly: true}, due, never},
			// A new limit, which counts for the same Change.
			{hour, never, session.Change{Limit: 9 * hour}, hour, 9 * hour},
			{4 * hour, never, session.Change{Limit: hour}, hour, hour},
			{never, never, session.Change{Limit: hour}, hour, hour},
			{hour, 2 * hour, session.Change{Limit: never}, hour, never},
			{hour, never, session.Change{Limit: -1}, due, -1},
			{hour, never, session.Change{Limit: -hour}, due, -hour},
			{hour, 2 * hour, session.Change{Limit: 9 * hour, Extend: 5 * hour}, 5 * hour, 9 * hour},
			{hour, 2 * hour, session.Change{Limit: never, Extend: never}, never, never},
			{hour, 9 * hour, session.Change{Limit: 2 * hour, Extend: 5 * hour}, 2 * hour, 2 * hour},
			{hour, 9 * hour, session.Change{Limit: 2 * hour, Extend: never, Exactly: true}, 2 * hour, 2 * hour},
			{hour, 9 * hour, session.Change{Limit: -1, Extend: 5 * hour}, due, -1},
			{hour, -hour, session.Change{Limit: never, Extend: hour}, hour, never},
		} {
			key := x.record(e.remaining, e.limit, field("a", "1"))
			require.Equal(x, uint64(2), x.save(key, e.change), "%+v", e)
			x.timed(key, 2, e.wantRemaining, e.wantLimit, e)
			if e.change.Limit == 0 && !e.change.Exactly {
				key := x.record(e.remaining, e.limit, field("a", "1"))
				require.Equal(x, []uint64{1}, x.touch(session.Touch{Key: key, Extend: e.change.Extend}), "%+v", e)
				x.timed(key, 1, e.wantRemaining, e.wantLimit, e)
			}
		}
	}},
	{"a limit stays until another is set", func(x *trial) {
		key := x.record(hour, 2*hour)
		x.save(key, session.Change{Extend: 9 * hour})
		x.save(key, session.Change{Extend: hour, Exactly: true})
		x.touch(session.Touch{Key: key, Extend: 9 * hour})
		x.timed(key, 3, 2*hour, 2*hour)
		x.save(key, session.Change{Limit: session.Never})
		x.touch(session.Touch{Key: key, Extend: 9 * hour})
		x.timed(key, 4, 9*hour, session.Never)
	}},
	{"a span that is nearly endless does not overflow", func(x *trial) {
		for _, d := range []time.Duration{session.Never - 1, session.Never - hour, session.Never / 2} {
			for _, c := range []session.Change{{Extend: d}, {Extend: d, Exactly: true}, {Limit: d}, {Limit: d, Extend: d}} {
				key := x.live()
				x.save(key, c)
				r := x.load(key)
				if c.Extend != 0 {
					require.Greater(x, r.Remaining, 50*365*24*hour)
				} else {
					x.about(hour, r.Remaining)
				}
				require.Greater(x, r.Limit, 50*365*24*hour)
			}
			key := x.overdue()
			x.touch(session.Touch{Key: key, Extend: d})
			require.Greater(x, x.load(key).Remaining, 50*365*24*hour)
		}
	}},
	{"a short one ends in its time, though the next is asked for later", func(x *trial) {
		key := x.live()
		x.save(key, session.Change{Extend: 50 * time.Millisecond, Exactly: true})
		x.eventually(func() bool { return !x.exists(key) }, "it never comes due")
		x.touch(session.Touch{Key: key, Extend: hour})
		x.about(hour, x.load(key).Remaining)
	}},
}

// timed requires a record's times, where due is any time that has passed. A
// claim tells them in either case, and takes the record if it is due.
func (x *trial) timed(key session.StoreKey, version uint64, remaining, limit time.Duration, why ...any) {
	x.Helper()
	if len(why) > 0 {
		why = []any{"%+v", why[0]}
	}
	require.Equal(x, remaining > 0, x.exists(key), why...)
	if remaining > 0 {
		r := x.load(key)
		x.about(remaining, r.Remaining, why...)
		x.about(limit, r.Limit, why...)
	}
	c := x.claim(idle("A", hour), key)[0]
	require.Equal(x, version, c.Record.Version, why...)
	if remaining > 0 {
		require.Equal(x, session.NotDue, c.State, why...)
		x.about(remaining, c.Record.Remaining, why...)
	} else {
		require.Equal(x, session.Claimed, c.State, why...)
		require.LessOrEqual(x, c.Record.Remaining, rounding, why...)
	}
	if limit > 0 {
		x.about(limit, c.Record.Limit, why...)
	} else {
		require.LessOrEqual(x, c.Record.Limit, rounding, why...)
	}
}
