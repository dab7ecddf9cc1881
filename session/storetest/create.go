package storetest

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// What Create promises, and Load and Exists of a record as it was created.

var createChecks = []check{
	{"the record has Version 1 and so has each field", func(x *trial) {
		key := x.live(field("a", "1"), expecting(0, "b", "2"), expecting(77, "c", ""))
		r := x.load(key)
		require.Equal(x, uint64(1), r.Version)
		require.Equal(x, map[string]string{"a": "1@1", "b": "2@1", "c": "@1"}, shown(r.Fields))
		require.True(x, x.exists(key))
	}},
	{"no fields", func(x *trial) {
		require.Empty(x, x.load(x.live()).Fields)
	}},
	{"a key in use is refused, whatever became of its session", func(x *trial) {
		for name, key := range map[string]session.StoreKey{
			"live": x.live(field("a", "1")), "due": x.overdue(field("a", "1")), "claimed": x.claimed("A", field("a", "1")),
		} {
			err := x.Create(x.ctx, key, session.Record{Remaining: hour, Limit: hour, Fields: []session.Field{field("b", "2")}})
			require.ErrorIs(x, err, session.ErrExists, name)
			c := x.claim(forced("A", hour), key)[0]
			require.Equal(x, session.Claimed, c.State, name)
			require.Equal(x, map[string]string{"a": "1@1"}, shown(c.Record.Fields), name)
		}
	}},
	{"keys are told apart by every byte", func(x *trial) {
		key := x.live(field("which", "first"))
		for i := range key {
			other := key
			other[i] ^= 0x20 // of a letter, the other case
			x.gone(other)
			require.NoError(x, x.Create(x.ctx, other, session.Record{Remaining: hour, Limit: hour}))
		}
		require.Equal(x, map[string]string{"which": "first@1"}, x.fields(key))
		for _, b := range []byte{0x00, 0x20, 0x27, 0x5c, 0xff} {
			var all session.StoreKey
			for i := range all {
				all[i] = b
			}
			copy(all[8:24], key[:]) // bytes that stores are known to trim or to escape, at both ends
			require.NoError(x, x.Create(x.ctx, all, session.Record{Remaining: hour, Limit: hour}))
			require.True(x, x.exists(all))
		}
	}},
	{"it has what remains, and no more than the limit", func(x *trial) {
		for _, e := range []struct{ remaining, limit, want time.Duration }{
			{hour, session.Never, hour},
			{hour, 3 * hour, hour},
			{3 * hour, hour, hour},
			{session.Never, hour, hour},
			{session.Never, session.Never, session.Never},
			{hour, 24 * 365 * 100 * hour, hour},
		} {
			r := x.load(x.record(e.remaining, e.limit))
			x.about(e.want, r.Remaining, "%+v", e)
			x.about(e.limit, r.Limit, "%+v", e)
		}
	}},
	{"with nothing left it is due at once", func(x *trial) {
		for _, remaining := range []time.Duration{0, -1, -time.Millisecond, -hour, -session.Never, -session.Never - 1} {
			key := x.record(remaining, session.Never)
			x.gone(key, remaining)
			require.Equal(x, session.Claimed, x.claim(idle("A", hour), key)[0].State, "%v", remaining)
		}
		x.gone(x.record(hour, -1), "the limit has passed")
		x.gone(x.record(session.Never, -hour), "the limit has passed")
	}},
	{"a span that is nearly endless does not overflow", func(x *trial) {
		for _, d := range []time.Duration{session.Never - 1, session.Never - hour, session.Never / 2} {
			r := x.load(x.record(d, d))
			require.Greater(x, r.Remaining, 50*365*24*hour)
			require.Greater(x, r.Limit, 50*365*24*hour)
			require.Empty(x, x.due("A", 0, x.record(d, d)))
		}
	}},
}

var loadChecks = []check{
	{"what is not there is gone", func(x *trial) {
		x.gone(newKey())
	}},
	{"what is due is gone before anyone claims it", func(x *trial) {
		x.gone(x.overdue())
	}},
	{"what is claimed is gone, though it was not due, and when the lease is over too", func(x *trial) {
		for _, lease := range []time.Duration{hour, -hour, session.Never} {
			key := x.live()
			x.claim(forced("A", lease), key)
			x.gone(key, lease)
		}
	}},
	{"it comes due by itself", func(x *trial) {
		byTime, byLimit, endless := x.record(50*time.Millisecond, session.Never), x.record(hour, 50*time.Millisecond), x.live()
		for _, key := range []session.StoreKey{byTime, byLimit} {
			x.eventually(func() bool { return !x.exists(key) }, "it never comes due")
			x.gone(key)
			require.Equal(x, session.Claimed, x.claim(idle("A", hour), key)[0].State)
		}
		require.True(x, x.exists(endless))
	}},
	{"looking does not touch", func(x *trial) {
		key := x.record(50*time.Millisecond, session.Never)
		x.eventually(func() bool {
			_, err := x.Load(x.ctx, key)
			return err != nil && !x.exists(key)
		}, "looking keeps it alive")
		x.gone(key)
	}},
}
