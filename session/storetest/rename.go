package storetest

import (
	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// What Change.Rename does.

var renameChecks = []check{
	{"the session goes to the new key as it is", func(x *trial) {
		from, to := x.record(hour, 9*hour, field("a", "1"), field("b", "1")), newKey()
		x.save(from, set(field("b", "2")))
		require.Equal(x, uint64(3), x.save(from, session.Change{Rename: &to}))
		x.gone(from)
		r := x.load(to)
		require.Equal(x, uint64(3), r.Version)
		require.Equal(x, map[string]string{"a": "1@1", "b": "2@2"}, shown(r.Fields))
		x.about(hour, r.Remaining)
		x.about(9*hour, r.Limit)
		require.Equal(x, session.Gone, x.claim(forced("A", hour), from)[0].State)
		require.NoError(x, x.Create(x.ctx, from, session.Record{Remaining: hour, Limit: hour}), "the old key is free")
		require.Empty(x, x.fields(from))
	}},
	{"together with all other changes", func(x *trial) {
		from, to := x.record(hour, 9*hour, field("a", "1"), field("b", "1"), field("c", "1")), newKey()
		version := x.save(from, session.Change{
			Set: []session.Field{expecting(1, "a", "2"), expecting(0, "d", "2")}, Delete: []string{"b"},
			Extend: 2 * hour, Limit: 4 * hour, Rename: &to,
		})
		require.Equal(x, uint64(2), version)
		x.gone(from)
		require.Equal(x, map[string]string{"a": "2@2", "c": "1@1", "d": "2@2"}, x.fields(to))
		x.timed(to, 2, 2*hour, 4*hour)
	}},
	{"with Clear nothing of the old goes along", func(x *trial) {
		from, to := x.live(field("a", "1")), newKey()
		x.save(from, session.Change{Clear: true, Set: []session.Field{field("b", "2")}, Rename: &to})
		require.Equal(x, map[string]string{"b": "2@2"}, x.fields(to))
	}},
	{"a key in use leaves both as they were", func(x *trial) {
		from := x.record(hour, 9*hour, field("a", "1"))
		was := x.load(from)
		for name, to := range map[string]session.StoreKey{
			"live": x.live(field("b", "1")), "due": x.overdue(field("b", "1")), "claimed": x.claimed("A", field("b", "1")),
		} {
			_, err := x.Save(x.ctx, from, session.Change{
				Set: []session.Field{field("a", "2")}, Extend: 4 * hour, Limit: session.Never, Rename: &to,
			})
			require.ErrorIs(x, err, session.ErrExists, name)
			x.unchanged(from, was, name)
			c := x.claim(forced("A", hour), to)[0]
			require.Equal(x, session.Claimed, c.State, name)
			require.Equal(x, uint64(1), c.Record.Version, name)
			require.Equal(x, map[string]string{"b": "1@1"}, shown(c.Record.Fields), name)
		}
	}},
	{"there and back", func(x *trial) {
		a, b := x.live(field("a", "1")), newKey()
		for range 5 {
			x.save(a, session.Change{Rename: &b})
			a, b = b, a
		}
		x.gone(b)
		require.Equal(x, map[string]string{"a": "1@1"}, x.fields(a))
		require.Equal(x, uint64(6), x.load(a).Version)
	}},
	{"a due one stays due, or comes back by Extend", func(x *trial) {
		from, to := x.overdue(field("a", "1")), newKey()
		x.save(from, session.Change{Rename: &to})
		x.gone(to)
		require.Equal(x, []session.StoreKey{to}, keysOf(x.due("A", 0, from, to)))
		from, to = x.overdue(field("a", "1")), newKey()
		x.save(from, session.Change{Rename: &to, Extend: hour})
		require.Equal(x, map[string]string{"a": "1@1"}, x.fields(to))
		require.Empty(x, x.due("A", 0, from, to))
	}},
	{"it is touched, claimed and acknowledged by the new key", func(x *trial) {
		from, to := x.live(field("a", "1")), newKey()
		x.save(from, session.Change{Rename: &to})
		require.Equal(x, []uint64{0, 2}, x.touch(session.Touch{Key: from, Extend: hour}, session.Touch{Key: to, Extend: 2 * hour}))
		c := x.claim(forced("A", hour), from, to)
		require.Equal(x, session.Gone, c[0].State)
		require.Equal(x, session.Claimed, c[1].State)
		require.Equal(x, map[string]string{"a": "1@1"}, shown(c[1].Record.Fields))
		require.NoError(x, x.Ack(x.ctx, []session.StoreKey{to}))
		require.Equal(x, session.Gone, x.claim(forced("A", hour), to)[0].State)
	}},
}
