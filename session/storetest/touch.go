package storetest

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// What Touch does with many; what it does with each stands with the times.

var touchChecks = []check{
	{"none", func(x *trial) {
		require.Empty(x, x.touch())
	}},
	{"each by its own span, in order, the gone ones in the middle", func(x *trial) {
		a, b, c, d, e := x.live(), x.live(field("b", "1")), x.record(hour, 2*hour), x.overdue(), x.overdue()
		x.save(b, set(field("b", "2")))
		x.save(c, session.Change{})
		x.save(c, session.Change{})
		require.Equal(x, []uint64{1, 0, 2, 3, 0, 1, 1}, x.touch(
			session.Touch{Key: a, Extend: 5 * hour},
			session.Touch{Key: newKey(), Extend: 50 * hour},
			session.Touch{Key: b, Extend: time.Minute},
			session.Touch{Key: c, Extend: session.Never},
			session.Touch{Key: x.claimed("A"), Extend: 50 * hour},
			session.Touch{Key: d, Extend: 3 * hour},
			session.Touch{Key: e},
		))
		x.about(5*hour, x.load(a).Remaining)
		x.about(hour, x.load(b).Remaining)
		x.about(2*hour, x.load(c).Remaining)
		x.about(3*hour, x.load(d).Remaining)
		x.gone(e, "0 changes nothing")
		require.Equal(x, map[string]string{"b": "2@2"}, x.fields(b))
	}},
	{"one key more than once", func(x *trial) {
		a, b := x.overdue(), x.live()
		require.Equal(x, []uint64{1, 1, 1, 1, 1, 0, 0}, x.touch(
			session.Touch{Key: a, Extend: hour},
			session.Touch{Key: b, Extend: 7 * hour},
			session.Touch{Key: a, Extend: 5 * hour},
			session.Touch{Key: b, Extend: 3 * hour},
			session.Touch{Key: a, Extend: 3 * hour},
			session.Touch{},
			session.Touch{},
		))
		x.about(5*hour, x.load(a).Remaining)
		x.about(7*hour, x.load(b).Remaining)
	}},
	{"what is gone does not come back", func(x *trial) {
		for name, key := range x.missing() {
			require.Equal(x, []uint64{0}, x.touch(session.Touch{Key: key, Extend: hour}), name)
			x.gone(key, name)
		}
		key := newKey()
		x.touch(session.Touch{Key: key, Extend: hour})
		require.NoError(x, x.Create(x.ctx, key, session.Record{Remaining: hour, Limit: hour}))
	}},
	{"thousands, each by its own span", func(x *trial) {
		const n = 1000
		keys := newKeys(n)
		x.together(8, func(w int) error {
			for i := w; i < n; i += 8 {
				if err := x.Create(x.ctx, keys[i], session.Record{Remaining: hour, Limit: session.Never}); err != nil {
					return err
				}
			}
			return nil
		})
		// span is a different one for each neighbour.
		span := func(i int) time.Duration { return time.Duration(2+i%5*3) * hour }
		var batch, large []session.Touch
		for i, key := range keys {
			batch = append(batch, session.Touch{Key: key, Extend: span(i)})
			large = append(large, session.Touch{Key: newKey(), Extend: hour}, session.Touch{Key: key, Extend: span(i + 1)}, batch[i])
		}
		for i, v := range x.touch(batch...) {
			require.Equal(x, uint64(1), v, "%d of 1000", i)
		}
		for i := 0; i < n; i += 50 {
			x.about(span(i), x.load(keys[i]).Remaining)
			x.about(span(i+1), x.load(keys[i+1]).Remaining)
		}
		for i, v := range x.touch(large...) {
			require.Equal(x, uint64(min(i%3, 1)), v, "%d of 3000", i)
		}
		for i := 0; i < n; i += 50 {
			x.about(max(span(i), span(i+1)), x.load(keys[i]).Remaining)
		}
	}},
}
