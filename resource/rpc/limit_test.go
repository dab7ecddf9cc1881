package rpc_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The limits are those of the request, so that a batch gets no further.
func TestLimitsHoldForABatch(t *testing.T) {
	g := gateway(one("s", "f", func(v []any) int { return len(v) }, "v"))
	g.MaxValues = 10
	w := around(g)
	call := `{"jsonrpc":"2.0","method":"s.f","id":1,"params":[[1,2,3]]}`
	require.NotContains(t, w.json(t, "/rpc", call), "error")
	require.NotContains(t, w.json(t, "/rpc", "["+call+"]"), "error")
	require.Contains(t, w.json(t, "/rpc", "["+call+","+call+","+call+"]"), `"error"`, "15 values")
}

func TestLimitsOfParameters(t *testing.T) {
	calls := 0
	g := gateway(one("s", "f", func(any) { calls++ }, "v"))
	g.MaxDepth, g.MaxValues = 3, 10
	w := around(g)
	for _, c := range []struct {
		name, json, xml string
		ok              bool
	}{
		{"shallow", "[[1]]", xmlArray(xmlArray("a")), true},
		{"deep", "[[[[1]]]]", xmlArray(xmlArray(xmlArray(xmlArray("a")))), false},
		{"deep structs", `{"a":{"a":{"a":{"a":1}}}}`, xmlStruct("a", xmlStruct("a", xmlStruct("a", xmlStruct("a", "a")))), false},
		{"few", "[1,2,3,4,5,6]", xmlArray("1", "2", "3", "4", "5", "6"), true},
		{"many", "[1,2,3,4,5,6,7,8,9,10]", xmlArray("1", "2", "3", "4", "5", "6", "7", "8", "9", "10"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			calls = 0
			said := w.call(t, "s.f", "["+c.json+"]")
			require.Equal(t, c.ok, !strings.Contains(said, `"error"`), said)
			_, f := w.xml(t, "/rpc", "s.f", c.xml)
			require.Equal(t, c.ok, f == nil)
			if c.ok {
				require.Equal(t, 2, calls)
			} else {
				require.Zero(t, calls)
				require.EqualValues(t, 54, f.code)
			}
		})
	}
}

// They are the gateway's own in plain HTTP too.
func TestLimitsOfPlainHTTP(t *testing.T) {
	calls := 0
	s := one("s", "ints", func([]int) { calls++ }, "v")
	s.Export("deep", func([][][]int) { calls++ }, "v")
	s.Export("text", func(string) { calls++ }, "v")
	g := gateway(s)
	g.MaxDepth, g.MaxValues, g.MaxSize = 2, 10, 100
	w := around(g)
	for _, c := range []struct {
		name, path, query string
		code              []int
	}{
		{"few", "ints", "v=[1,2,3]", []int{200}},
		{"many", "ints", "v=[1,2,3,4,5,6,7,8,9,10,11,12]", []int{400, 413}},
		{"many names", "ints", strings.Repeat("v=1&", 12), []int{400, 413}},
		{"shallow", "deep", "v=[[]]", []int{200}},
		{"deep", "deep", "v=[[[1]]]", []int{400, 413}},
		{"small", "text", "v=" + strings.Repeat("x", 90), []int{200}},
		{"large", "text", "v=" + strings.Repeat("x", 200), []int{413}},
	} {
		t.Run(c.name, func(t *testing.T) {
			calls = 0
			code, said := w.form(t, "/rpc/s/"+c.path+"/plain", c.query)
			require.Contains(t, c.code, code, said)
			require.Equal(t, c.code[0] == 200, calls == 1)
		})
	}
}
