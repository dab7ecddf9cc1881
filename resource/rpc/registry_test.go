package rpc_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/stretchr/testify/require"
)

func saying(service, text string) *rpc.Service {
	return one(service, "f", func() string { return text })
}

func TestGroups(t *testing.T) {
	var r rpc.Registry
	r.Add(saying("open", "open"))
	r.Add(saying("both", "both"), "", "inner")
	r.Add(saying("inside", "inside"), "inner")
	r.Add(saying("open", "another"), "other")
	for group, want := range map[string]map[string]string{
		"":      {"open": "open", "both": "both"},
		"inner": {"both": "both", "inside": "inside"},
		"other": {"open": "another"},
		"none":  {},
	} {
		t.Run(group, func(t *testing.T) {
			w := around(&rpc.Gateway{Registry: &r, Group: group})
			listed := w.call(t, "system.listMethods", "[]")
			_, page := w.get(t, "/rpc")
			for _, name := range []string{"open", "both", "inside"} {
				said, serves := want[name]
				v, f := w.xml(t, "/rpc", name+".f")
				code, _ := w.get(t, "/rpc/"+name+"/f/plain")
				if !serves {
					require.EqualValues(t, 55, f.code)
					require.Equal(t, 404, code)
					require.NotContains(t, listed, name+".f")
					require.NotContains(t, page, name)
					_, f = w.xml(t, "/rpc", "system.methodHelp", name+".f")
					require.EqualValues(t, 55, f.code)
					continue
				}
				require.Nil(t, f)
				require.Equal(t, said, v)
				require.Equal(t, 200, code)
				require.Contains(t, listed, name+".f")
				require.Contains(t, page, name)
			}
		})
	}
}

func TestParent(t *testing.T) {
	var grand rpc.Registry
	parent := rpc.Registry{Parent: &grand}
	child := rpc.Registry{Parent: &parent}
	grand.Add(saying("all", "grand"))
	grand.Add(saying("a", "grand"))
	parent.Add(saying("a", "parent"))
	parent.Add(saying("b", "parent"))
	parent.Add(saying("hidden", "parent"), "inner")
	child.Add(saying("a", "child"))
	child.Add(saying("b.below", "child"))
	w := around(&rpc.Gateway{Registry: &child})
	for name, want := range map[string]string{"all": "grand", "a": "child", "b": "parent", "b.below": "child"} {
		v, f := w.xml(t, "/rpc", name+".f")
		require.Nil(t, f, name)
		require.Equal(t, want, v)
	}
	v, f := w.xml(t, "/rpc", "system.listMethods")
	require.Nil(t, f)
	require.Len(t, v, 8, "each once: %v", v)
	_, f = w.xml(t, "/rpc", "hidden.f")
	require.EqualValues(t, 55, f.code)
	code, _ := w.get(t, "/rpc/b/below/f/plain")
	require.Equal(t, 200, code)
	// What comes later is found as well, and nothing goes up.
	grand.Add(saying("late", "grand"))
	v, f = w.xml(t, "/rpc", "late.f")
	require.Nil(t, f)
	require.Equal(t, "grand", v)
	_, f = around(&rpc.Gateway{Registry: &parent}).xml(t, "/rpc", "b.below.f")
	require.EqualValues(t, 55, f.code)
}

func TestAnEmptyRegistry(t *testing.T) {
	w := around(&rpc.Gateway{Registry: new(rpc.Registry)})
	code, _ := w.get(t, "/rpc")
	require.Equal(t, 200, code)
	require.Contains(t, w.call(t, "system.listMethods", "[]"), `["system.listMethods"`)
	require.Contains(t, w.call(t, "a.f", "[]"), "-32601")
}

func TestDuplicates(t *testing.T) {
	var r rpc.Registry
	r.Add(saying("a", "x"), "1")
	r.Add(saying("a", "x"), "2")
	require.Panics(t, func() { r.Add(saying("a", "y"), "1") })
	require.Panics(t, func() { r.Add(saying("a", "y"), "3", "2") })
	require.NotPanics(t, func() { r.Add(saying("a.b", "y"), "1") })
	v, f := around(&rpc.Gateway{Registry: &r, Group: "1"}).xml(t, "/rpc", "a.f")
	require.Nil(t, f)
	require.Equal(t, "x", v)
}

func TestAddWhileServing(t *testing.T) {
	var parent rpc.Registry
	child := rpc.Registry{Parent: &parent}
	w := around(&rpc.Gateway{Registry: &child})
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for n := range 50 {
				r := &parent
				if n%2 == 0 {
					r = &child
				}
				name := fmt.Sprintf("s%d.n%d", i, n)
				r.Add(saying(name, name))
				v, f := w.xml(t, "/rpc", name+".f")
				if f != nil || v != name {
					t.Errorf("%s: %v, %v", name, v, f)
				}
			}
		})
		all.Go(func() {
			for range 50 {
				w.ask(t, "GET", "/rpc", "")
				w.ask(t, "GET", "/rpc/s1", "")
				w.call(t, "system.listMethods", "[]")
			}
		})
	}
	all.Wait()
	w.quiet(t)
}
