package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// What holds while a session gets a new key.

var renameRaceChecks = []check{
	{"who saves while it is renamed saves it or is told", func(x *trial) {
		for range rounds {
			from, to := x.live(), newKey()
			var lost [4]int
			x.together(5, func(i int) (err error) {
				if i == 4 {
					_, err = x.Save(x.ctx, from, session.Change{Rename: &to})
					return err
				}
				_, err = x.Save(x.ctx, from, set(field(fmt.Sprint(i), "1")))
				lost[i], err = which(err, session.ErrGone)
				return err
			})
			x.gone(from)
			all := x.fields(to)
			for i, gone := range lost {
				_, saved := all[fmt.Sprint(i)]
				require.Equal(x, gone == 0, saved, "saved or gone, one of the two")
			}
		}
	}},
	{"while it is renamed it is known by the one key or the other", func(x *trial) {
		for range rounds {
			from, to := x.live(field("a", "1")), newKey()
			var renamed atomic.Bool
			x.together(3, func(i int) error {
				if i == 0 {
					_, err := x.Save(x.ctx, from, session.Change{Rename: &to})
					renamed.Store(true)
					return err
				}
				for last := false; !last; {
					last = renamed.Load()
					_, err := x.Load(x.ctx, from)
					if gone, err := which(err, session.ErrGone); err != nil {
						return err
					} else if gone == 0 {
						continue
					}
					r, err := x.Load(x.ctx, to)
					if err == nil && len(r.Fields) != 1 {
						err = errors.New("not the whole record")
					}
					return err
				}
				return errors.New("the old key is still there")
			})
		}
	}},
	{"of two new keys one wins", func(x *trial) {
		for range rounds {
			from, to := x.live(field("a", "1")), newKeys(4)
			var lost [4]int
			x.together(4, func(i int) error {
				_, err := x.Save(x.ctx, from, session.Change{Rename: &to[i]})
				lost[i], err = which(err, session.ErrGone)
				return err
			})
			winner := sole(x, lost[:])
			for i, key := range to {
				require.Equal(x, i == winner, x.exists(key))
			}
		}
	}},
	{"of two sessions that take one key one wins", func(x *trial) {
		for range rounds {
			to, from := newKey(), make([]session.StoreKey, 4)
			for i := range from {
				from[i] = x.live(field("from", fmt.Sprint(i)))
			}
			var lost [4]int
			x.together(4, func(i int) error {
				_, err := x.Save(x.ctx, from[i], session.Change{Rename: &to})
				lost[i], err = which(err, session.ErrExists)
				return err
			})
			winner := sole(x, lost[:])
			require.Equal(x, map[string]string{"from": fmt.Sprint(winner) + "@1"}, x.fields(to))
			for i, key := range from {
				require.Equal(x, i != winner, x.exists(key))
			}
		}
	}},
}
