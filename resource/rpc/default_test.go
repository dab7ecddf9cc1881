package rpc_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDefaults(t *testing.T) {
	s := one("s", "f", func(a string, b int, c bool, d []int) string {
		return fmt.Sprint(a, " ", b, " ", c, " ", d)
	}, "a", "b=60", "c=true", "d=[1,2]")
	w := serving(s)
	for _, c := range []struct{ params, query, want string }{
		{`["x"]`, "a=x", "x 60 true [1 2]"},
		{`["x",1]`, "a=x&b=1", "x 1 true [1 2]"},
		{`["x",1,false]`, "a=x&b=1&c=false", "x 1 false [1 2]"},
		{`["x",1,false,[]]`, "a=x&b=1&c=false&d=[]", "x 1 false []"},
		{`{"a":"x"}`, "a=x", "x 60 true [1 2]"},
		{`{"d":[3],"a":"x"}`, "d=[3]&a=x", "x 60 true [3]"},
		{`{"c":false,"a":"x"}`, "c=0&a=x", "x 60 false [1 2]"},
		{`{"b":0,"d":[],"a":""}`, "b=0&d=[]&a=", " 0 true []"},
	} {
		t.Run(c.params, func(t *testing.T) {
			require.JSONEq(t, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"result":%q}`, c.want), w.call(t, "s.f", c.params))
			code, said := w.get(t, "/rpc/s/f/plain?"+c.query)
			require.Equal(t, 200, code)
			require.Equal(t, c.want, said)
		})
	}
	for _, params := range []string{`[]`, `{}`, `{"b":1}`, `["x",1,true,[],5]`, `{"a":"x","e":1}`, `{"a":"x","":1}`, `["x",null]`} {
		t.Run(params, func(t *testing.T) { require.Contains(t, w.call(t, "s.f", params), `"code":-32602`) })
	}
	for _, query := range []string{"", "b=1", "a=x&e=1", "a=x&b=", "a=x&A=1"} {
		t.Run(query, func(t *testing.T) {
			code, _ := w.get(t, "/rpc/s/f/plain?"+query)
			require.Equal(t, 400, code)
		})
	}
	v, f := w.xml(t, "/rpc", "s.f", "x")
	require.Nil(t, f)
	require.Equal(t, "x 60 true [1 2]", v)
}

func TestCountsAreTold(t *testing.T) {
	s := one("s", "one", func(int) {}, "a")
	s.Export("none", func() {})
	s.Export("some", func(a, b, c int) {}, "a", "b=1", "c=1")
	w := serving(s)
	for _, c := range []struct {
		method string
		params []string
		want   string
	}{
		{"one", []string{"<int>1</int>", "<int>1</int>"}, "Expected 1 arguments, received 2."},
		{"one", nil, "Expected 1 arguments, received 0."},
		{"none", []string{"a"}, "Expected 0 arguments, received 1."},
		{"some", nil, "Expected 1 to 3 arguments, received 0."},
		{"some", []string{"a", "a", "a", "a"}, "Expected 1 to 3 arguments, received 4."},
	} {
		_, f := w.xml(t, "/rpc", "s."+c.method, c.params...)
		require.Equal(t, &xmlFault{56, "rpc -- Invalid parameters\n\n" + c.want}, f)
	}
}

// A default is the same for every call, whatever the one before has done to it.
func TestDefaultsStayAsTheyAre(t *testing.T) {
	s := one("s", "list", func(v []int) int { v[0]++; return v[0] }, "v=[1]")
	s.Export("map", func(v map[string]int) int { v["a"]++; return v["a"] }, `v={"a":1}`)
	s.Export("pointer", func(v *int) int { *v++; return *v }, "v=1")
	s.Export("bytes", func(v []byte) int { v[0]++; return int(v[0]) }, "v=AQ==")
	s.Export("inside", func(v point2) int { v.List[0]++; return v.List[0] }, `v={"List":[1]}`)
	w := serving(s)
	for _, name := range []string{"list", "map", "pointer", "bytes", "inside"} {
		t.Run(name, func(t *testing.T) {
			for range 3 {
				v, f := w.xml(t, "/rpc", "s."+name)
				require.Nil(t, f)
				require.EqualValues(t, 2, v)
			}
		})
	}
}

type point2 struct{ List []int }

// A standard is what a parameter is where it is left out.
type standard struct {
	f, before func(got *any) any // before takes one more, which is not left out
	text      string
	want      any
}

func def[T any](text string, want T) standard {
	before := func(got *any) any { return func(v T, _ int) { *got = v } }
	return standard{take[T], before, text, want}
}

func TestDefaultsOfEveryType(t *testing.T) {
	for name, c := range map[string]standard{
		"int":           def("-5", -5),
		"float":         def("1e3", 1000.),
		"bool":          def("false", false),
		"string":        def("a=b", "a=b"),
		"empty":         def("", ""),
		"space":         def(" ", " "),
		"named":         def("x", word("x")),
		"time":          def("2024-02-29", time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)),
		"bytes":         def("AAH/", []byte{0, 1, 255}),
		"list":          def(`["a"]`, []string{"a"}),
		"array":         def(`[1,2]`, [2]int{1, 2}),
		"struct":        def(`{"X":1}`, point{X: 1}),
		"map":           def(`{"a":[1]}`, map[string][]int{"a": {1}}),
		"duration":      def("5", time.Duration(5)),
		"any":           def[any]("x", "x"),
		"pointer":       def("5", ptr(5)),
		"text":          def("#f00", colour{"#f00"}),
		"no number":     def("", (*int)(nil)),
		"no time":       def("", (*time.Time)(nil)),
		"no struct":     def("", (*point)(nil)),
		"no text":       def("", (*netip.Addr)(nil)),
		"no string":     def("", (*string)(nil)),
		"nothing":       def[any]("", nil),
		"pointed text":  def("#f00", &colour{"#f00"}),
		"address":       def("::1", netip.MustParseAddr("::1")),
		"list of texts": def(`["::1"]`, []netip.Addr{netip.MustParseAddr("::1")}),
	} {
		t.Run(name, func(t *testing.T) {
			var got any
			s := one("s", "f", c.f(&got), "v="+c.text)
			s.Export("before", c.before(&got), "v="+c.text, "last=1")
			w := serving(s)
			_, f := w.xml(t, "/rpc", "s.f")
			require.Nil(t, f)
			require.Equal(t, c.want, got)
			got = nil
			require.NotContains(t, w.call(t, "s.before", `{"last":2}`), "error")
			require.Equal(t, c.want, got)
			got = nil
			code, said := w.get(t, "/rpc/s/before/plain?last=2")
			require.Equal(t, 200, code, said)
			require.Equal(t, c.want, got)
			code, _ = w.get(t, "/rpc/s/f")
			require.Equal(t, 200, code)
		})
	}
}

// Fields that a form has sent empty are left out where they may be, so that
// trying a function needs no more than what it wants.
func TestEmptyFields(t *testing.T) {
	var got []any
	s := one("s", "f", func(a string, b int, c string) { got = []any{a, b, c} }, "a", "b=60", "c=x")
	w := serving(s)
	for _, c := range []struct {
		body string
		want []any
	}{
		{"a=&b=&c=", []any{"", 60, "x"}},
		{"a=1&b=2&c=", []any{"1", 2, "x"}},
		{"a=1&b=&c=3", []any{"1", 60, "3"}},
		{"a=1&b=+&c=3", nil},
	} {
		got = nil
		code, said := w.form(t, "/rpc/s/f/html", c.body)
		require.Equal(t, c.want == nil, code == 400, said)
		require.Equal(t, c.want, got)
	}
	code, _ := w.form(t, "/rpc/s/f/plain", "a=&b=&c=")
	require.Equal(t, 400, code, "programs say what they mean")
}

func TestCallsByNameWithoutParameters(t *testing.T) {
	w := serving(one("s", "f", func() string { return "x" }))
	for _, params := range []string{"[]", "{}"} {
		require.Contains(t, w.call(t, "s.f", params), `"result":"x"`)
	}
	require.Contains(t, w.json(t, "/rpc", `{"jsonrpc":"2.0","id":1,"method":"s.f"}`), `"result":"x"`)
}
