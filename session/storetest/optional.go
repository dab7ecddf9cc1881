package storetest

import (
	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// What the optional interfaces promise. A store without them passes.

var adjustChecks = []check{
	{"moves the ends and limits of all that are not claimed", func(x *trial) {
		a, is := x.Store.(session.Adjuster)
		if !is {
			return
		}
		live, overdue, endless := x.record(hour, 2*hour, field("a", "1")), x.overdue(), x.record(session.Never, session.Never)
		claimed, lapsed, early := x.claimed("A"), x.overdue(), x.live()
		x.claim(idle("A", -hour), lapsed)
		x.claim(forced("A", hour), early)

		require.NoError(x, a.AdjustTime(x.ctx, 3*hour))
		x.about(4*hour, x.load(live).Remaining)
		x.about(5*hour, x.load(live).Limit)
		require.Equal(x, uint64(1), x.load(live).Version)
		require.Equal(x, map[string]string{"a": "1@1"}, x.fields(live))
		x.about(2*hour, x.load(overdue).Remaining)
		require.Equal(x, session.Never, x.load(endless).Remaining)
		require.Equal(x, session.Never, x.load(endless).Limit)
		require.Equal(x, []session.StoreKey{lapsed}, keysOf(x.due("B", 0, live, overdue, endless, claimed, lapsed, early)))

		require.NoError(x, a.AdjustTime(x.ctx, -3*hour))
		x.about(hour, x.load(live).Remaining)
		x.about(2*hour, x.load(live).Limit)
		x.gone(overdue)
		require.Equal(x, session.Never, x.load(endless).Remaining)
		require.Empty(x, x.due("B", 0, live, endless, claimed, lapsed, early))

		require.NoError(x, a.AdjustTime(x.ctx, -3*hour))
		x.gone(live)
		x.touch(session.Touch{Key: live, Extend: hour})
		x.gone(live, "its limit has passed too")
		require.NoError(x, a.AdjustTime(x.ctx, 3*hour))
		x.load(live)
	}},
}

var asideChecks = []check{
	{"it is not found and not claimed any more", func(x *trial) {
		q, is := x.Store.(session.Quarantiner)
		if !is {
			return
		}
		lapsed := x.overdue()
		x.claim(idle("A", -hour), lapsed)
		other, otherDue := x.live(), x.overdue()
		for name, key := range map[string]session.StoreKey{
			"live": x.live(), "due": x.overdue(), "claimed": x.claimed("A"), "claimed, the lease over": lapsed,
		} {
			require.NoError(x, q.SetAside(x.ctx, key), name)
			x.gone(key, name)
			_, err := x.Save(x.ctx, key, session.Change{Extend: hour})
			require.ErrorIs(x, err, session.ErrGone, name)
			require.Equal(x, []uint64{0}, x.touch(session.Touch{Key: key, Extend: hour}), name)
			require.Equal(x, session.Gone, x.claim(idle("A", hour), key)[0].State, name)
			require.Equal(x, session.Gone, x.claim(forced("B", hour), key)[0].State, name)
			require.Empty(x, x.due("B", 2*hour, key), name)
			require.NoError(x, x.Ack(x.ctx, []session.StoreKey{key}), name)
		}
		require.True(x, x.exists(other))
		require.Len(x, x.due("A", 0, otherDue), 1)
	}},
}
