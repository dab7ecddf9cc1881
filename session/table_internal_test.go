package session

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/puzpuzpuz/xsync/v3"
	"github.com/stretchr/testify/require"
)

// These tests are in the package itself, for ids that collide have to be made by
// hand.

func withID(v id) *Session {
	s := New("")
	s.marks.Store(0)
	s.setID(v, "")
	return s
}

func randomID() id {
	v, _, err := new(Manager).newID()
	if err != nil {
		panic(err)
	}
	return v
}

// crowded returns an id of one shard, with few tags and few buckets to belong to.
func crowded(r *rand.Rand, buckets, tags int) id {
	return id{uint64(r.IntN(tags))<<48 | uint64(r.IntN(buckets)), r.Uint64()}
}

// TestTableAgreesWithAMap does at random what one does with a table, with ids
// that crowd in a corner of it, and does the same with a map.
func TestTableAgreesWithAMap(t *testing.T) {
	for name, test := range map[string]struct{ buckets, tags, most int }{
		"one bucket":          {1, 128, 300},
		"one bucket, one tag": {1, 1, 40},
		"one tag":             {1 << 20, 1, 2000},
		"two buckets":         {2, 4, 700}, // more pass than are counted
		"last bucket first":   {1 << 30, 128, 3000},
		"spread":              {1 << 30, 128, 20},
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, uint64(test.most)))
			var tab table
			sh := &tab.shards[0]
			model := map[id]*Session{}
			var known []id // those in the model, in some order, and some that are gone
			growing := true
			for range 20 * test.most {
				switch n := len(model); {
				case n == 0:
					growing = true
				case n >= test.most:
					growing = false
				}
				what := r.IntN(10)
				switch {
				case len(known) == 0 || what < 4 && growing || what < 2:
					v := crowded(r, test.buckets, test.tags)
					s := withID(v)
					if len(known) > 0 {
						require.False(t, tab.add(withID(known[r.IntN(len(known))])), "in use")
					}
					require.True(t, tab.add(s))
					model[v] = s
					known = append(known, v)
				case what < 8:
					i := r.IntN(len(known))
					v := known[i]
					known[i] = known[len(known)-1]
					known = known[:len(known)-1]
					s := model[v]
					delete(model, v)
					require.True(t, tab.remove(s))
					require.False(t, tab.remove(s))
					require.ErrorIs(t, tab.rename(s, crowded(r, test.buckets, test.tags), ""), ErrEnded)
				default:
					i := r.IntN(len(known))
					old, v := known[i], crowded(r, test.buckets, test.tags)
					s := model[old]
					if i := r.IntN(20); i < 2 { // one that is in use, its own too
						used := [2]id{old, known[r.IntN(len(known))]}[i]
						require.ErrorIs(t, tab.rename(s, used, ""), ErrIDs)
						break
					}
					require.NoError(t, tab.rename(s, v, ""))
					delete(model, old)
					model[v] = s
					known[i] = v
					require.Nil(t, tab.find(old))
				}
				require.Equal(t, len(model), sh.n)
				for range 5 {
					v := crowded(r, test.buckets, test.tags)
					require.Same(t, model[v], tab.find(v))
					if len(known) > 0 {
						v = known[r.IntN(len(known))]
						require.Same(t, model[v], tab.find(v))
					}
				}
			}
			found := 0
			tab.all(func(s *Session) bool {
				found++
				require.Same(t, s, model[s.id()])
				return true
			})
			require.Equal(t, len(model), found)
			for _, s := range model {
				require.True(t, tab.remove(s))
			}
			require.Equal(t, 0, sh.n)
			require.Len(t, *sh.buckets.Load(), 1, "the memory is given back")
		})
	}
}

// TestTableWhileItChanges looks for sessions that are there all the time, while
// others around them come, go and are renamed, and the shards grow and shrink.
func TestTableWhileItChanges(t *testing.T) {
	var tab table
	r := rand.New(rand.NewPCG(2, 2))
	var stay []id
	for range 50 {
		v := crowded(r, 4, 2)
		tab.add(withID(v))
		stay = append(stay, v)
	}
	mover := withID(crowded(r, 4, 2))
	tab.add(mover)
	var over atomic.Bool
	var wg sync.WaitGroup
	for seed := range uint64(2) {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, 3))
			for range 30 {
				var mine []*Session
				for range 200 {
					v := crowded(r, 1<<20, 2)
					v.hi |= uint64(r.IntN(2)) << 56
					s := withID(v)
					tab.add(s)
					mine = append(mine, s)
				}
				for _, s := range mine {
					v := crowded(r, 4, 2)
					v.hi |= uint64(r.IntN(2)) << 56
					if tab.rename(s, v, "") != nil || !tab.remove(s) {
						t.Error("a session is gone")
					}
				}
			}
		})
	}
	wg.Go(func() {
		for range 2000 {
			v := crowded(r, 4, 2)
			v.hi |= uint64(r.IntN(2)) << 56
			if tab.rename(mover, v, "") != nil {
				t.Error("the one that moves is gone")
			}
		}
	})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for !over.Load() {
				for _, v := range stay {
					if s := tab.find(v); s == nil || s.id() != v {
						t.Error("one that stays was not found")
						return
					}
				}
				// Found by the id it has now, unless it moves again meanwhile.
				if v := mover.id(); tab.find(v) == nil && mover.id() == v {
					t.Error("the one that moves was not found")
					return
				}
				runtime.Gosched()
			}
		})
	}
	wg.Wait()
	over.Store(true)
	readers.Wait()
	n := 0
	tab.all(func(*Session) bool { n++; return true })
	require.Equal(t, 51, n)
}

func TestTableGoesThroughNoMoreThanItIsAsked(t *testing.T) {
	var tab table
	for range 100 {
		tab.add(withID(randomID()))
	}
	n := 0
	tab.all(func(*Session) bool { n++; return n < 10 })
	require.Equal(t, 10, n)
}

// BenchmarkTable finds one of a million at random, puts one in, and takes one
// out, beside a general map that does the same.
func BenchmarkTable(b *testing.B) {
	const n = 1 << 20
	all := make([]*Session, n)
	for i := range all {
		all[i] = withID(randomID())
	}
	ids := make([]id, n)
	for i, j := range rand.Perm(n) {
		ids[i] = all[j].id()
	}
	var t table
	m := xsync.NewMapOfWithHasher[id, *Session](func(v id, _ uint64) uint64 { return v.hi })
	for _, kind := range []struct {
		name string
		find func(id) *Session
		add  func(*Session)
		take func(*Session)
	}{
		{"ours", t.find, func(s *Session) { t.add(s) }, func(s *Session) { t.remove(s) }},
		{"xsync", func(v id) *Session { s, _ := m.Load(v); return s }, func(s *Session) { m.Store(s.id(), s) }, func(s *Session) { m.Delete(s.id()) }},
	} {
		b.Run("growing/"+kind.name, func(b *testing.B) {
			for b.Loop() {
				for _, s := range all {
					kind.add(s)
				}
				b.StopTimer()
				for _, s := range all {
					kind.take(s)
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/session")
		})
		for _, s := range all {
			kind.add(s)
		}
		b.Run("find/"+kind.name, func(b *testing.B) {
			at := uint64(0)
			for b.Loop() {
				// Which comes next depends on what was found, as no request is
				// read before the one before it is answered.
				s := kind.find(ids[at%n])
				at += 1 + s.lo.Load()&7
			}
		})
		b.Run("change/"+kind.name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				s := all[i*7919%n]
				kind.take(s)
				kind.add(s)
			}
		})
	}
}
