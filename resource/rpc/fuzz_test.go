package rpc_test

import (
	"encoding/json"
	"math/big"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/stretchr/testify/require"
)

// everything has a function for each type, which takes one and gives it back.
func everything() *rpc.Service {
	s := &rpc.Service{Name: "s"}
	back[bool](s, "bool")
	back[int](s, "int")
	back[int8](s, "int8")
	back[uint16](s, "uint16")
	back[uint64](s, "uint64")
	back[float32](s, "float32")
	back[float64](s, "float64")
	back[string](s, "string")
	back[word](s, "word")
	back[time.Time](s, "time")
	back[time.Duration](s, "duration")
	back[[]byte](s, "bytes")
	back[[3]byte](s, "bytes3")
	back[[]int](s, "ints")
	back[[2]string](s, "pair")
	back[[][]float64](s, "matrix")
	back[words](s, "words")
	back[map[string]int](s, "map")
	back[map[word][]any](s, "lists")
	back[point](s, "point")
	back[tree](s, "tree")
	back[*int](s, "pointer")
	back[**point](s, "pointers")
	back[any](s, "any")
	back[[]any](s, "list")
	back[colour](s, "colour")
	back[netip.Addr](s, "address")
	back[*big.Int](s, "large")
	return s
}

func back[T any](s *rpc.Service, name string) { s.Export(name, func(v T) T { return v }, "v") }

// functions are those of everything.
var functions = []string{
	"bool", "int", "int8", "uint16", "uint64", "float32", "float64", "string", "word", "time", "duration", "bytes", "bytes3", "ints", "pair", "matrix", "words",
	"map", "lists", "point", "tree", "pointer", "pointers", "any", "list", "colour", "address", "large",
}

// Whatever is sent as JSON is answered by JSON, or by nothing where there is
// nothing to say, and nothing panics.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		``, `[]`, `{}`, `null`, `[1]`, jsonCall, `[` + jsonCall + `,` + jsonCall + `]`,
		`{"jsonrpc":"2.0","method":"s.int","params":[1]}`,
		`{"jsonrpc":"2.0","id":1e400,"method":"s.tree","params":{"v":{"name":"a","children":[{"by_name":{"x":null}}]}}}`,
		`{"jsonrpc":"2.0","id":"\ud800","method":"s.bytes","params":["AAH/"]}`,
		`{"jsonrpc":"2.0","id":1,"method":"s.uint64","params":[18446744073709551615]}`,
		`{"jsonrpc":"2.0","id":1,"method":"s.float32","params":[1e300]}`,
		`{"jsonrpc":"2.0","id":1,"method":"s.time","params":["9999-12-31T23:59:59-23:00"]}`,
		`{"jsonrpc":"2.0","id":1,"method":"s.large","params":["1e5"]}`,
		`{"jsonrpc":"2.0","id":1,"method":"system.multicall","params":[[{"methodName":"s.any","params":[[{}]]},{"methodName":"system.multicall"},null]]}`,
		`{"jsonrpc":"2.0","id":1,"method":"system.methodHelp","params":{"name":"s.int"}}`,
	} {
		f.Add([]byte(seed), uint8(0))
	}
	for i, text := range []string{"1", `"x"`, "null", "[1,2]", `{"X":1}`, `[[1.5]]`, `"2024-02-29T12:00:00Z"`} {
		for n := range functions {
			if (n+i)%5 == 0 {
				f.Add([]byte(text), uint8(n+1))
			}
		}
	}
	g := gateway(everything())
	g.MaxDepth, g.MaxValues = 16, 1000
	w := around(g)
	f.Fuzz(func(t *testing.T, text []byte, n uint8) {
		if n > 0 && json.Valid(text) {
			name := functions[int(n)%len(functions)]
			text = []byte(`{"jsonrpc":"2.0","id":1,"method":"s.` + name + `","params":[` + string(text) + `]}`)
		}
		said := w.json(t, "/rpc", string(text))
		w.quiet(t)
		if said == "" {
			return
		}
		require.True(t, json.Valid([]byte(said)), "%s", said)
		if said[0] == '{' {
			requireResponse(t, said)
			return
		}
		var all []json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(said), &all))
		require.NotEmpty(t, all)
		for _, one := range all {
			requireResponse(t, string(one))
		}
	})
}

// requireResponse holds a response against the specification.
func requireResponse(t *testing.T, text string) {
	var r map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(text), &r), text)
	require.Equal(t, `"2.0"`, string(r["jsonrpc"]))
	require.Contains(t, r, "id")
	_, result := r["result"]
	_, failed := r["error"]
	require.True(t, result != failed, text)
	require.Len(t, r, 3)
}

// Whatever is sent as text is converted or refused, for every type, and what came
// of it is taken again.
func FuzzPlain(f *testing.F) {
	for _, seed := range []string{
		"", " ", "0", "-1", "1.5", "1e400", "0x10", "NaN", "true", "on", "null", "[]", "[1,2]", "[1]]", "{}", `{"X":1}`, `{"name":"a","children":[{}]}`, `"x"`,
		"2024-02-29", "20240229T12:00:00Z", "AAH/", "#f00", "::1", "fe80::1%eth0", "123456789012345678901234567890", "[[1.5,[2]]]", `["a","b"]`, "\x00\xff", `{"a":[null]}`,
	} {
		f.Add(seed, uint8(0))
		f.Add(seed, uint8(255))
	}
	w := serving(everything())
	f.Fuzz(func(t *testing.T, text string, n uint8) {
		for i, name := range functions {
			if n != 0 && n != 255 && int(n)%len(functions) != i {
				continue
			}
			path := "/rpc/s/" + name
			code, said := w.form(t, path+"/plain", "v="+url.QueryEscape(text))
			w.quiet(t)
			if code == 500 { // XML-RPC and JSON cannot have it
				require.Contains(t, said, "Response cannot be encoded")
				continue
			}
			if code != 200 {
				require.Equal(t, 400, code, said)
				continue
			}
			if name == "string" || name == "word" || name == "any" {
				require.Equal(t, strings.ToValidUTF8(text, "\uFFFD"), said)
			}
			if name == "pointer" || name == "pointers" || name == "large" || !utf8.ValidString(text) {
				continue // null is written for what is not there, and JSON has no other text
			}
			again, repeated := w.form(t, path+"/plain", "v="+url.QueryEscape(said))
			require.Equal(t, 200, again, "%s gave %q for %q, and %q for that", name, said, text, repeated)
			require.Equal(t, said, repeated)
		}
	})
}
