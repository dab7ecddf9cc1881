package rpc_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/stretchr/testify/require"
)

// arithmetic has the functions of the specification's examples.
func arithmetic() *rpc.Service {
	s := &rpc.Service{Name: "s"}
	s.Export("subtract", func(minuend, subtrahend int) int { return minuend - subtrahend }, "minuend", "subtrahend")
	s.Export("sum", func(a, b, c int) int { return a + b + c }, "a", "b", "c")
	s.Export("get_data", func() []any { return []any{"hello", 5} })
	s.Export("update", func(a, b, c, d, e int) {}, "a", "b", "c", "d", "e")
	s.Export("notify_hello", func(int) {}, "n")
	s.Export("notify_sum", func(a, b, c int) {}, "a", "b", "c")
	s.Export("null", func() any { return nil })
	s.Export("fails", func() error { return &rpc.Fault{Code: 7, Description: "no", Origin: "o", Details: "d", Name: "N"} })
	return s
}

// The examples of https://www.jsonrpc.org/specification, at a service's place. Of
// errors it prescribes the code and the id.
func TestExamplesOfTheSpecification(t *testing.T) {
	const invalid = `{"jsonrpc": "2.0", "error": {"code": -32600}, "id": null}`
	for _, c := range []struct{ name, in, out string }{
		{"positional", `{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}`, `{"jsonrpc": "2.0", "result": 19, "id": 1}`},
		{"positional, swapped", `{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}`, `{"jsonrpc": "2.0", "result": -19, "id": 2}`},
		{"named", `{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}`, `{"jsonrpc": "2.0", "result": 19, "id": 3}`},
		{"named, swapped", `{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}`, `{"jsonrpc": "2.0", "result": 19, "id": 4}`},
		{"notification", `{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}`, ``},
		{"notification of what is not there", `{"jsonrpc": "2.0", "method": "foobar"}`, ``},
		{"no such method", `{"jsonrpc": "2.0", "method": "foobar", "id": "1"}`, `{"jsonrpc": "2.0", "error": {"code": -32601}, "id": "1"}`},
		{"no JSON", `{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]`, `{"jsonrpc": "2.0", "error": {"code": -32700}, "id": null}`},
		{"no request", `{"jsonrpc": "2.0", "method": 1, "params": "bar"}`, invalid},
		{"batch, no JSON", `[
			{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
			{"jsonrpc": "2.0", "method"
		]`, `{"jsonrpc": "2.0", "error": {"code": -32700}, "id": null}`},
		{"empty batch", `[]`, invalid},
		{"batch of nothing right", `[1]`, `[` + invalid + `]`},
		{"batch of nothing right, more", `[1,2,3]`, `[` + invalid + `,` + invalid + `,` + invalid + `]`},
		{"batch", `[
			{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
			{"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
			{"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},
			{"foo": "boo"},
			{"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
			{"jsonrpc": "2.0", "method": "get_data", "id": "9"}
		]`, `[
			{"jsonrpc": "2.0", "result": 7, "id": "1"},
			{"jsonrpc": "2.0", "result": 19, "id": "2"},
			` + invalid + `,
			{"jsonrpc": "2.0", "error": {"code": -32601}, "id": "5"},
			{"jsonrpc": "2.0", "result": ["hello", 5], "id": "9"}
		]`},
		{"batch of notifications", `[
			{"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},
			{"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}
		]`, ``},

		{"void", `{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5], "id": 1}`, `{"jsonrpc": "2.0", "result": null, "id": 1}`},
		{"null", `{"jsonrpc": "2.0", "method": "null", "id": 1}`, `{"jsonrpc": "2.0", "result": null, "id": 1}`},
		{"notification that fails", `{"jsonrpc": "2.0", "method": "fails"}`, ``},
		{"notification with wrong parameters", `{"jsonrpc": "2.0", "method": "subtract", "params": [1]}`, ``},
		{"an id of null asks for an answer", `{"jsonrpc": "2.0", "method": "fails", "id": null}`, `{"jsonrpc": "2.0", "error": {"code": 7}, "id": null}`},
		{"too few", `{"jsonrpc": "2.0", "method": "subtract", "params": [1], "id": 1}`, `{"jsonrpc": "2.0", "error": {"code": -32602}, "id": 1}`},
		{"wrong name", `{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 1, "x": 1}, "id": 1}`, `{"jsonrpc": "2.0", "error": {"code": -32602}, "id": 1}`},
		{"version 1", `{"method": "subtract", "params": [1, 2], "id": 1}`, `{"jsonrpc": "2.0", "error": {"code": -32600}, "id": 1}`},
		{"another version", `{"jsonrpc": "2.1", "method": "subtract", "params": [1, 2], "id": 1}`, `{"jsonrpc": "2.0", "error": {"code": -32600}, "id": 1}`},
		{"version as a number", `{"jsonrpc": 2.0, "method": "subtract", "params": [1, 2], "id": 1}`, `{"jsonrpc": "2.0", "error": {"code": -32600}, "id": 1}`},
		{"no method", `{"jsonrpc": "2.0", "id": 1}`, `{"jsonrpc": "2.0", "error": {"code": -32600}, "id": 1}`},
		{"method of null", `{"jsonrpc": "2.0", "method": null, "id": 1}`, `{"jsonrpc": "2.0", "error": {"code": -32600}, "id": 1}`},
		{"names are in small letters", `{"jsonrpc": "2.0", "Method": "null", "id": 1}`, `{"jsonrpc": "2.0", "error": {"code": -32600}, "id": 1}`},
		{"params as a string", `{"jsonrpc": "2.0", "method": "null", "params": "x", "id": 1}`, `{"jsonrpc": "2.0", "error": {"code": -32600}, "id": 1}`},
		{"params as a number", `{"jsonrpc": "2.0", "method": "null", "params": 5, "id": 1}`, `{"jsonrpc": "2.0", "error": {"code": -32600}, "id": 1}`},
		{"nothing", ``, `{"jsonrpc": "2.0", "error": {"code": -32700}, "id": null}`},
		{"null alone", `null`, invalid},
		{"a string", `"x"`, invalid},
		{"two requests", `{"jsonrpc": "2.0", "method": "null"}{"jsonrpc": "2.0", "method": "null"}`, `{"jsonrpc": "2.0", "error": {"code": -32700}, "id": null}`},
		{"batches in a batch", `[[]]`, `[` + invalid + `]`},
		{"white space", " \r\n\t{\"jsonrpc\": \"2.0\", \"method\": \"null\", \"id\": 1} \n", `{"jsonrpc": "2.0", "result": null, "id": 1}`},
		{"white space before a batch", " \n[{\"jsonrpc\": \"2.0\", \"method\": \"null\", \"id\": 1}] ", `[{"jsonrpc": "2.0", "result": null, "id": 1}]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := serving(arithmetic())
			said := w.json(t, "/rpc/s", c.in)
			if c.out == "" {
				require.Empty(t, said)
				return
			}
			require.JSONEq(t, c.out, withoutText(t, said), said)
		})
	}
}

// withoutText takes out of a response what is said for people.
func withoutText(t *testing.T, text string) string {
	t.Helper()
	var v any
	require.NoError(t, json.Unmarshal([]byte(text), &v), text)
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, e := range list {
		m := e.(map[string]any)
		if about, is := m["error"].(map[string]any); is {
			require.NotEmpty(t, about["message"])
			delete(about, "message")
			delete(about, "data")
			require.NotContains(t, m, "result")
		}
	}
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

func TestIDs(t *testing.T) {
	w := serving(arithmetic())
	for _, id := range []string{
		"0", "-1", "1.5", "1.0", "1e3", "1E+2", "123456789012345678901234567890", "9007199254740993", "1e400", "-0",
		`""`, `"a"`, `"1"`, `"ü\u0000"`, "null",
	} {
		t.Run(id, func(t *testing.T) {
			require.Equal(t, `{"jsonrpc":"2.0","result":null,"id":`+id+`}`, w.json(t, "/rpc", `{"jsonrpc":"2.0","method":"s.null","id":`+id+`}`))
			require.Contains(t, w.json(t, "/rpc", `{"jsonrpc":"2.0","method":"s.fails","id": `+id+` }`), `"id":`+id+`}`)
			require.Contains(t, w.json(t, "/rpc", `[{"jsonrpc":"2.0","method":"no","id":`+id+`}]`), `"id":`+id+`}]`)
		})
	}
	for _, id := range []string{"{}", "[]", "true", "false", `{"a":1}`, "[1]"} {
		t.Run(id, func(t *testing.T) {
			said := w.json(t, "/rpc", `{"jsonrpc":"2.0","method":"s.null","id":`+id+`}`)
			require.JSONEq(t, `{"jsonrpc":"2.0","error":{"code":-32600},"id":null}`, withoutText(t, said))
		})
	}
}

func TestCodesOfJSONRPC(t *testing.T) {
	s := &rpc.Service{Name: "s"}
	s.Export("fail", func(code int) error {
		return &rpc.Fault{Code: code, Name: "OddException", Origin: "o", Description: "d <b>", Details: "more"}
	}, "code")
	s.Export("plain", func() error { return fmt.Errorf("broken") })
	w := serving(s)
	for code, want := range map[int]int{
		1: 1, -1: -1, 57: 57, 404: 404, 0: -32000, -31999: -31999, -32769: -32769,
		-32768: -32000, -32700: -32000, -32600: -32000, -32000: -32000, -32099: -32000,
	} {
		require.JSONEq(t, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"error":{"code":%d,"message":"d <b>","data":{"name":"OddException","origin":"o","details":"more"}}}`, want),
			w.call(t, "s.fail", fmt.Sprintf("[%d]", code)))
	}
	require.Regexp(t, `"code":(57|-32000),"message":"broken"`, w.call(t, "s.plain", "[]"))
}

// Some clients write null where there are no parameters.
func TestNullForNoParameters(t *testing.T) {
	require.Contains(t, serving(arithmetic()).call(t, "s.null", "null"), `"result":null`)
}

func TestBatches(t *testing.T) {
	w := serving(arithmetic())
	batch := func(n int) string {
		return "[" + strings.TrimSuffix(strings.Repeat(`{"jsonrpc":"2.0","method":"s.null","id":1},`, n), ",") + "]"
	}
	require.Equal(t, 1000, strings.Count(w.json(t, "/rpc", batch(1000)), `"result":null`))
	said := w.json(t, "/rpc", batch(1001))
	require.JSONEq(t, `{"jsonrpc":"2.0","error":{"code":-32600},"id":null}`, withoutText(t, said))
}

// What is wrong with the text is told as it is.
func TestTextsThatAreNoJSON(t *testing.T) {
	w := serving(one("s", "f", func() string { return "ok" }))
	require.Contains(t, w.json(t, "/rpc", "\ufeff"+`{"jsonrpc":"2.0","id":1,"method":"s.f"}`), `"result":"ok"`)
	for body, want := range map[string]string{
		"":                              "unexpected end of JSON input.",
		"{":                             "unexpected end of JSON input.",
		"x":                             "invalid character 'x' looking for beginning of value.",
		strings.Repeat(`{"a":`, 20_000): "exceeded max depth.",
		strings.Repeat("[", 20_000):     "exceeded max depth.",
	} {
		require.Contains(t, w.json(t, "/rpc", body), `"code":-32700,"message":"Request cannot be decoded"`)
		require.Contains(t, w.json(t, "/rpc", body), want)
	}
}
