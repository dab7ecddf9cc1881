package session

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// plainRecord is what a store has, as plainly as can be.
type plainRecord struct {
	version uint64
	values  map[string]string
	of      map[string]uint64
}

func (r *plainRecord) fields() (all []field) {
	for name, v := range r.values {
		all = append(all, field{name: name, version: r.of[name], now: content{[]byte(v), true}})
	}
	return all
}

func (r *plainRecord) set(name, v string) { r.values[name], r.of[name] = v, r.version }

func (r *plainRecord) remove(name string) { delete(r.values, name); delete(r.of, name) }

func (r *plainRecord) save(c changes) {
	r.version++
	if c.cleared {
		clear(r.values)
		clear(r.of)
	}
	for _, f := range c.fields {
		if f.now.here {
			r.set(f.name, string(f.now.data))
		} else {
			r.remove(f.name)
		}
	}
}

// Changes here, elsewhere, and in between writes, that succeed or are refused,
// leave here and in the store what a map would hold.
func TestStoredAgainstAMap(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		st := new(stored)
		remote := &plainRecord{version: 1, values: map[string]string{}, of: map[string]uint64{}}
		here := map[string]string{} // what somebody here should see
		pending := false
		check := func(what string, want map[string]string) {
			got := map[string]string{}
			for _, f := range st.fields {
				if _, twice := got[f.name]; twice {
					t.Fatalf("seed %d: %s: twice", seed, f.name)
				}
				if f.now.here {
					got[f.name] = string(f.now.data)
				}
			}
			require.Equal(t, want, got, "seed %d: %s", seed, what)
		}
		for step := range 60 {
			name := fmt.Sprint(r.IntN(4))
			value := fmt.Sprint(step)
			switch r.IntN(8) {
			case 0, 1:
				st.put(name, content{[]byte(value), true})
				here[name], pending = value, true
			case 2:
				st.put(name, content{})
				delete(here, name)
				pending = true
			case 3:
				st.clearAll()
				clear(here)
				pending = true
			case 4: // elsewhere, and read again
				if !pending {
					remote.version++
					remote.set(name, value)
					st.merge(remote.fields())
					here = maps.Clone(remote.values)
				}
			case 5, 6: // saved, with a change in the midst of it
				c := st.changes()
				remote.save(c)
				before := maps.Clone(here)
				late := r.IntN(2) == 0
				if late {
					st.put(name, content{[]byte(value + "!"), true})
					here[name] = value + "!"
				}
				st.written(c, remote.version)
				require.Equal(t, before, remote.values, "seed %d", seed)
				require.Equal(t, late, !st.changes().none(), "seed %d", seed)
				pending = late
			case 7: // refused
				st.revert()
				require.True(t, st.changes().none())
				here, pending = maps.Clone(remote.values), false
			}
			check(fmt.Sprint("step ", step), here)
		}
	}
}

// Others' changes and ours of different fields are all there after a merge.
func TestMergeKeepsWhatIsUnsaved(t *testing.T) {
	st := new(stored)
	st.merge([]field{{name: "a", version: 1, now: content{[]byte("1"), true}}, {name: "b", version: 1, now: content{[]byte("1"), true}}})
	st.put("a", content{[]byte("ours"), true})
	st.merge([]field{
		{name: "a", version: 2, now: content{[]byte("theirs"), true}},
		{name: "b", version: 2, now: content{[]byte("2"), true}},
		{name: "c", version: 2, now: content{[]byte("new"), true}},
	})
	require.Equal(t, "ours", string(st.find("a").now.data))
	require.EqualValues(t, 2, st.find("a").version)
	require.Equal(t, "2", string(st.find("b").now.data))
	require.Equal(t, "new", string(st.find("c").now.data))
	st.revert()
	require.Equal(t, "theirs", string(st.find("a").now.data))
	st.merge(nil)
	require.Empty(t, st.fields)
}

// A Clear that is not written yet takes out what others have added since, and
// whoever expects a version finds the one that there is.
func TestMergeAfterClear(t *testing.T) {
	st := new(stored)
	st.clearAll()
	st.merge([]field{{name: "a", version: 5, now: content{[]byte("theirs"), true}}})
	f := st.find("a")
	require.NotNil(t, f)
	require.False(t, f.now.here)
	require.EqualValues(t, 5, f.version)
	c := st.changes()
	require.True(t, c.cleared)
	st.written(c, 6)
	require.Empty(t, st.fields)
	require.True(t, st.changes().none())
}
