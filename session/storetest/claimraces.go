package storetest

import (
	"context"
	"fmt"
	"sync"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// What holds when many would have the end of one session.

var claimRaceChecks = []check{
	{"of those who claim by name one wins", func(x *trial) {
		for range rounds {
			keys := []session.StoreKey{x.overdue(), x.overdue(), x.overdue()}
			var claims [4][]session.Claim
			x.together(4, func(i int) (err error) {
				order := []session.StoreKey{keys[i%3], keys[(i+1)%3], keys[(i+2)%3]} // each in another order
				claims[i], err = x.Claim(x.ctx, order, idle(fmt.Sprint(i), hour))
				return err
			})
			won := make(map[session.StoreKey]int)
			for _, all := range claims {
				for _, c := range all {
					if c.State == session.Claimed {
						won[c.Key]++
						require.Equal(x, 1, c.Attempt)
					}
				}
			}
			require.Equal(x, map[session.StoreKey]int{keys[0]: 1, keys[1]: 1, keys[2]: 1}, won)
		}
	}},
	{"what is due is claimed once, by whoever asks for it", func(x *trial) {
		const n = 100
		left := make(map[session.StoreKey]bool)
		for range n {
			left[x.overdue(field("a", "1"))] = true
		}
		var mu sync.Mutex
		x.together(4, func(i int) error {
			for x.ctx.Err() == nil {
				claims, err := x.Due(x.ctx, 7, 0, idle(fmt.Sprint(i), hour))
				if err != nil {
					return err
				}
				mu.Lock()
				for _, c := range claims {
					if was, mine := left[c.Key]; mine && (!was || c.Attempt != 1 || len(c.Record.Fields) != 1) {
						mu.Unlock()
						return fmt.Errorf("claimed before, or not whole: %+v", c)
					} else if mine {
						left[c.Key] = false
					}
				}
				mu.Unlock()
				if len(claims) == 0 {
					return nil // the others have what is left
				}
			}
			return context.Cause(x.ctx)
		})
		for _, open := range left {
			require.False(x, open, "never claimed")
		}
	}},
	{"of Due and Claim by name one wins", func(x *trial) {
		for range rounds {
			key := x.overdue()
			var claims [3][]session.Claim
			x.together(3, func(i int) (err error) {
				if i == 0 {
					claims[i], err = x.Claim(x.ctx, []session.StoreKey{key}, idle("name", hour))
				} else {
					claims[i], err = x.Due(x.ctx, 1000, 0, idle(fmt.Sprint(i), hour))
				}
				return err
			})
			n := 0
			for _, all := range claims {
				for _, c := range all {
					if c.Key == key && c.State == session.Claimed {
						n++
					}
				}
			}
			require.Equal(x, 1, n)
		}
	}},
	{"of Touch and Claim one wins", func(x *trial) {
		for range rounds {
			key := x.overdue()
			var versions []uint64
			var claims []session.Claim
			x.together(2, func(i int) (err error) {
				if i == 0 {
					versions, err = x.Touch(x.ctx, []session.Touch{{Key: key, Extend: hour}})
				} else {
					claims, err = x.Claim(x.ctx, []session.StoreKey{key}, idle("A", hour))
				}
				return err
			})
			touched := versions[0] == 1
			require.Equal(x, touched, claims[0].State == session.NotDue)
			require.Equal(x, !touched, claims[0].State == session.Claimed)
			require.Equal(x, touched, x.exists(key))
		}
	}},
	{"who claims has all that was saved", func(x *trial) {
		for range rounds {
			key := x.live()
			var lost [4]int
			var claims []session.Claim
			x.together(5, func(i int) (err error) {
				if i == 4 {
					claims, err = x.Claim(x.ctx, []session.StoreKey{key}, forced("A", hour))
					return err
				}
				_, err = x.Save(x.ctx, key, set(field(fmt.Sprint(i), "1")))
				lost[i], err = which(err, session.ErrGone)
				return err
			})
			require.Equal(x, session.Claimed, claims[0].State)
			all := shown(claims[0].Record.Fields)
			for i, gone := range lost {
				_, saved := all[fmt.Sprint(i)]
				require.Equal(x, gone == 0, saved, "saved or gone, one of the two")
			}
			require.Len(x, all, int(claims[0].Record.Version)-1)
		}
	}},
	{"of an end before its time and a new key one wins", func(x *trial) {
		for range rounds {
			from, to := x.live(), newKey()
			var claims []session.Claim
			var lost int
			x.together(2, func(i int) (err error) {
				if i == 0 {
					claims, err = x.Claim(x.ctx, []session.StoreKey{from}, forced("A", hour))
					return err
				}
				_, err = x.Save(x.ctx, from, session.Change{Rename: &to})
				lost, err = which(err, session.ErrGone)
				return err
			})
			require.Equal(x, lost == 0, claims[0].State == session.Gone)
			require.Equal(x, lost == 0, x.exists(to))
			x.gone(from)
		}
	}},
}
