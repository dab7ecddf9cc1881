package storetest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// What holds when many write at once. Each race is run for several rounds, as
// the goroutines do not always meet.

const rounds = 20

// which returns 0 for nil, and for one of the allowed errors its index from 1.
func which(err error, allowed ...error) (int, error) {
	for i, e := range allowed {
		if errors.Is(err, e) {
			return i + 1, nil
		}
	}
	return 0, err
}

var raceChecks = []check{
	{"8 writers of different fields lose nothing", func(x *trial) {
		const writers, saves = 8, 20
		key := x.live()
		var mu sync.Mutex
		versions := make(map[uint64]bool)
		x.together(writers, func(w int) error {
			for i := range saves {
				version, err := x.Save(x.ctx, key, set(field(fmt.Sprint(w, " ", i), fmt.Sprint(i)), field(fmt.Sprint(w), fmt.Sprint(i))))
				if err != nil {
					return err
				}
				mu.Lock()
				versions[version] = true
				mu.Unlock()
			}
			return nil
		})
		r := x.load(key)
		require.Len(x, versions, writers*saves, "each Save has a version of its own")
		require.Equal(x, uint64(writers*saves+1), r.Version)
		require.Len(x, r.Fields, writers*saves+writers)
		for _, f := range r.Fields {
			if len(f.Name) == 1 {
				require.Equal(x, fmt.Sprint(saves-1), string(f.Value), "the last of its writer")
			}
			require.True(x, versions[f.Version])
		}
	}},
	{"8 writers of one counter are all counted", func(x *trial) {
		const writers, counts = 8, 10
		key := x.live(field("n", "0"))
		x.together(writers, func(int) error {
			for done := 0; done < counts; {
				r, err := x.Load(x.ctx, key)
				if err != nil {
					return err
				}
				n, err := strconv.Atoi(string(r.Fields[0].Value))
				if err != nil {
					return err
				}
				_, err = x.Save(x.ctx, key, set(expecting(r.Fields[0].Version, "n", fmt.Sprint(n+1))))
				if conflict, err := which(err, session.ErrConflict); err != nil {
					return err
				} else if conflict == 0 {
					done++
				}
			}
			return nil
		})
		require.Equal(x, map[string]string{"n": fmt.Sprintf("%d@%d", writers*counts, writers*counts+1)}, x.fields(key))
	}},
	{"a record is loaded as one Save has left it", func(x *trial) {
		key := x.live(field("a", "0"), field("b", "0"))
		x.together(4, func(w int) error {
			for i := range 40 {
				if w < 2 {
					value := fmt.Sprint(w, i)
					if _, err := x.Save(x.ctx, key, set(field("a", value), field("b", value))); err != nil {
						return err
					}
					continue
				}
				r, err := x.Load(x.ctx, key)
				if err != nil {
					return err
				}
				if all := shown(r.Fields); all["a"] != all["b"] || r.Fields[0].Version != r.Version {
					return fmt.Errorf("half of a Save: %v at %d", all, r.Version)
				}
			}
			return nil
		})
	}},
	{"of those who create one key one wins", func(x *trial) {
		for range rounds {
			key := newKey()
			var lost [8]int
			x.together(8, func(i int) (err error) {
				f := []session.Field{field(fmt.Sprint(i), fmt.Sprint(i))}
				lost[i], err = which(x.Create(x.ctx, key, session.Record{Remaining: hour, Limit: hour, Fields: f}), session.ErrExists)
				return err
			})
			winner := fmt.Sprint(sole(x, lost[:]))
			require.Equal(x, map[string]string{winner: winner + "@1"}, x.fields(key))
		}
	}},
	{"of those who add one field one wins", func(x *trial) {
		for range rounds {
			key := x.live()
			var lost [8]int
			x.together(8, func(i int) error {
				_, err := x.Save(x.ctx, key, set(expecting(0, "a", fmt.Sprint(i))))
				lost[i], err = which(err, session.ErrConflict)
				return err
			})
			require.Equal(x, map[string]string{"a": fmt.Sprintf("%d@2", sole(x, lost[:]))}, x.fields(key))
		}
	}},
	{"large batches that overlap, in different orders", func(x *trial) {
		keys := make([]session.StoreKey, 100)
		for i := range keys {
			keys[i] = x.live()
		}
		x.together(8, func(w int) error {
			for round := range 5 {
				all := make([]session.Touch, len(keys))
				for i := range all {
					all[i] = session.Touch{Key: keys[(i*(2*w+1)+w*13)%len(keys)], Extend: hour + hour*9/8}
				}
				if w%2 == 1 { // a Save among them
					if _, err := x.Save(x.ctx, keys[round], set(field(fmt.Sprint(w), "1"))); err != nil {
						return err
					}
				}
				versions, err := x.Touch(x.ctx, all)
				if err != nil {
					return err
				}
				for _, v := range versions {
					if v == 0 {
						return session.ErrGone
					}
				}
			}
			return nil
		})
		for _, key := range keys {
			x.about(hour+hour*9/8, x.load(key).Remaining)
		}
	}},
}

// sole returns the index of the only 0.
func sole(x *trial, lost []int) (winner int) {
	x.Helper()
	n := 0
	for i, l := range lost {
		if l == 0 {
			winner = i
			n++
		}
	}
	require.Equal(x, 1, n, "one wins")
	return winner
}
