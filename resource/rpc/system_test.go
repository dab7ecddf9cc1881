package rpc_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/stretchr/testify/require"
)

func TestListMethods(t *testing.T) {
	w := serving(modules()...)
	for path, want := range map[string][]any{
		"/rpc":   {"a.b.f", "a.c.d.f", "a.f", "system.listMethods", "system.methodHelp", "system.methodSignature", "system.multicall", "x.f"},
		"/rpc/a": {"f", "system.listMethods", "system.methodHelp", "system.methodSignature", "system.multicall"},
	} {
		v, f := w.xml(t, path, "system.listMethods")
		require.Nil(t, f)
		require.Equal(t, want, v)
		// What is listed can be asked about.
		for _, name := range want {
			for _, ask := range []string{"system.methodHelp", "system.methodSignature"} {
				_, f = w.xml(t, path, ask, name.(string))
				require.Nil(t, f, "%s %s", path, name)
			}
		}
	}
	require.Contains(t, w.call(t, "system.listMethods", "[]"), `"a.b.f"`)
	code, said := w.get(t, "/rpc/system/listMethods/plain")
	require.Equal(t, 200, code)
	require.Contains(t, said, `"a.b.f"`)
}

func TestMethodHelpAndSignature(t *testing.T) {
	s := &rpc.Service{Name: "s"}
	s.Export("all", func(bool, int8, uint64, float32, string, time.Time, []byte, []int, map[string]int, point, *int, any, colour) point {
		return point{}
	},
		"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m").Help = "Does <all>."
	s.Export("void", func() {})
	s.Export("some", func(int, string, bool) int { return 0 }, "a", "b=x", "c=true")
	w := serving(s)
	v, f := w.xml(t, "/rpc", "system.methodHelp", "s.all")
	require.Nil(t, f)
	require.Equal(t, "Does <all>.", v)
	v, f = w.xml(t, "/rpc", "system.methodHelp", "s.void")
	require.Nil(t, f)
	require.Equal(t, "", v)
	v, f = w.xml(t, "/rpc/s", "system.methodHelp", "all")
	require.Nil(t, f)
	require.Equal(t, "Does <all>.", v)

	signature := func(name string) any {
		v, f := w.xml(t, "/rpc", "system.methodSignature", name)
		require.Nil(t, f)
		return v
	}
	all := signature("s.all").([]any)
	require.Len(t, all, 1)
	require.Equal(t, []any{"struct", "boolean", "int", "int", "double", "string", "dateTime.iso8601", "base64", "array", "struct", "struct", "int"}, all[0].([]any)[:12])
	require.Equal(t, "string", all[0].([]any)[13])
	require.Equal(t, []any{[]any{"int", "int"}, []any{"int", "int", "string"}, []any{"int", "int", "string", "boolean"}}, signature("s.some"))
	require.Len(t, signature("s.void").([]any)[0], 1)
	require.Equal(t, []any{[]any{"array", "array"}}, signature("system.multicall"))

	for _, ask := range []string{"system.methodHelp", "system.methodSignature"} {
		for _, name := range []string{"", "s", "s.no", "no.f", "all", "system.no"} {
			_, f := w.xml(t, "/rpc", ask, name)
			require.NotNil(t, f, name)
			require.EqualValues(t, 55, f.code)
		}
		_, f = w.xml(t, "/rpc", ask)
		require.EqualValues(t, 56, f.code)
		code, _ := w.get(t, "/rpc/"+strings.Replace(ask, ".", "/", 1)+"/plain?name=no.f")
		require.Equal(t, 404, code)
	}
	w.quiet(t)
}

func call(method string, params ...string) string {
	return xmlStruct("methodName", method, "params", xmlArray(params...))
}

func failing() *rpc.Service {
	s := one("s", "add", func(a, b int) int { return a + b }, "a", "b")
	s.Export("void", func() {})
	s.Export("nil", func() any { return nil })
	s.Export("fails", func() error { return errors.New("broken") })
	s.Export("panics", func() { panic("secret") })
	s.Export("aborts", func() { rpc.Abort(4, "no", "here", "") })
	s.Export("nan", math.NaN)
	s.Export("nul", func() string { return "\x00" })
	return s
}

func TestMulticall(t *testing.T) {
	w := serving(failing())
	v, f := w.xml(t, "/rpc", "system.multicall", xmlArray(
		call("s.add", "<int>1</int>", "<int>2</int>"), call("s.add", "<int>1</int>"), call("s.no"), call("s.void"), call("s.nil"), call("s.fails"), call("s.aborts"),
		call("s.panics"), call("system.methodHelp", "s.add"), call("system.methodHelp", "s.no"), xmlStruct("methodName", "s.void"),
		call("s.add", "<int>3</int>", "<int>4</int>"),
	))
	require.Nil(t, f)
	results := v.([]any)
	require.Len(t, results, 12)
	codes := []any{nil, int64(56), int64(55), nil, nil, int64(57), int64(4), int64(57), nil, int64(55), nil, nil}
	for i, r := range results {
		if codes[i] == nil {
			require.Len(t, r, 1, i)
			continue
		}
		require.Equal(t, codes[i], r.(map[string]any)["faultCode"], i)
		require.NotEmpty(t, r.(map[string]any)["faultString"])
		require.Len(t, r, 2)
	}
	require.Equal(t, []any{int64(3)}, results[0])
	require.Equal(t, []any{nil}, results[4])
	require.Equal(t, "here -- no", results[6].(map[string]any)["faultString"])
	require.Equal(t, []any{int64(7)}, results[11])
	require.Len(t, w.log.heard(), 1)
}

func TestMulticallRefuses(t *testing.T) {
	w := serving(failing())
	for name, c := range map[string]string{
		"itself":           call("system.multicall", xmlArray()),
		"itself, in space": call(" system.multicall ", xmlArray()),
		"no name":          xmlStruct("params", xmlArray()),
		"a name of a sort": xmlStruct("methodName", "<int>1</int>", "params", xmlArray()),
		"params as text":   xmlStruct("methodName", "s.void", "params", "x"),
		"params by name":   xmlStruct("methodName", "s.void", "params", xmlStruct()),
	} {
		t.Run(name, func(t *testing.T) {
			v, f := w.xml(t, "/rpc", "system.multicall", xmlArray(c, call("s.void")))
			require.Nil(t, f)
			require.Contains(t, v.([]any)[0], "faultCode")
			require.Len(t, v.([]any)[1], 1, "the others are made")
		})
	}
	for name, params := range map[string][]string{
		"elements that are none": {xmlArray("x")}, "no array": {"x"}, "a struct": {xmlStruct()}, "nothing": {}, "two": {xmlArray(), xmlArray()},
	} {
		t.Run(name, func(t *testing.T) {
			v, f := w.xml(t, "/rpc", "system.multicall", params...)
			if f == nil { // it may be the element that is refused
				require.Contains(t, v.([]any)[0], "faultCode")
				return
			}
			require.EqualValues(t, 56, f.code)
		})
	}
	v, f := w.xml(t, "/rpc", "system.multicall", xmlArray())
	require.Nil(t, f)
	require.Equal(t, []any{}, v)
}

// It is refused by whatever name it goes.
func TestMulticallIsNotRecursiveAnywhere(t *testing.T) {
	w := serving(failing())
	for path, names := range map[string][]string{"/rpc": {"system.multicall"}, "/rpc/s": {"system.multicall"}, "/rpc/system": {"system.multicall", "multicall"}} {
		for _, outer := range names {
			for _, inner := range names {
				v, f := w.xml(t, path, outer, xmlArray(call(inner, xmlArray(call(inner, xmlArray())))))
				require.Nil(t, f)
				require.Contains(t, v.([]any)[0], "faultCode", "%s %s %s", path, outer, inner)
			}
		}
	}
}

// A result that cannot be sent is the fault of its own call alone: the others
// have been made.
func TestMulticallWithAResultThatCannotBeSent(t *testing.T) {
	for _, method := range []string{"s.nil", "s.nan", "s.nul"} {
		t.Run(method, func(t *testing.T) {
			g := gateway(failing())
			g.Nil = false
			v, f := around(g).xml(t, "/rpc", "system.multicall", xmlArray(call("s.add", "<int>1</int>", "<int>2</int>"), call(method)))
			require.Nil(t, f, "%v", f)
			require.Equal(t, []any{int64(3)}, v.([]any)[0])
			require.EqualValues(t, 52, v.([]any)[1].(map[string]any)["faultCode"])
		})
	}
}

func TestMulticallInOtherLanguages(t *testing.T) {
	const calls = `[[{"methodName":"s.add","params":[1,2]},{"methodName":"s.void"},{"methodName":"s.no"},{"methodName":"s.fails"}]]`
	w := serving(failing())
	var r struct{ Result []any }
	require.NoError(t, json.Unmarshal([]byte(w.call(t, "system.multicall", calls)), &r))
	require.Equal(t, []any{3.}, r.Result[0])
	require.Equal(t, []any{nil}, r.Result[1])
	require.Equal(t, -32601., r.Result[2].(map[string]any)["faultCode"])

	g := gateway(failing())
	g.Dialect = rpc.AstroGrid
	v, f := around(g).xml(t, "/rpc", "system.multicall", xmlArray(call("s.void"), call("s.nil"), call("s.fails"), call("s.no")))
	require.Nil(t, f)
	require.Equal(t, []any{"OK"}, v.([]any)[0])
	require.Equal(t, []any{"NULL"}, v.([]any)[1])
	require.Equal(t, map[string]any{"faultCode": int64(0), "faultString": "ServiceException: broken"}, v.([]any)[2])
	require.Contains(t, v.([]any)[3].(map[string]any)["faultString"], "NotFoundException: ")

	g = gateway(failing())
	g.Nil = false
	v, f = around(g).xml(t, "/rpc", "system.multicall", xmlArray(call("s.void")))
	require.Nil(t, f)
	require.Equal(t, []any{[]any{""}}, v)
}

func TestMulticallAtAService(t *testing.T) {
	w := serving(failing(), one("x", "f", func() {}))
	v, f := w.xml(t, "/rpc/s", "system.multicall", xmlArray(call("add", "<int>1</int>", "<int>2</int>"), call("x.f"), call("s.add", "<int>1</int>", "<int>2</int>")))
	require.Nil(t, f)
	require.Equal(t, []any{int64(3)}, v.([]any)[0])
	require.EqualValues(t, 55, v.([]any)[1].(map[string]any)["faultCode"])
	require.EqualValues(t, 55, v.([]any)[2].(map[string]any)["faultCode"])
}

// At its own place, system tells of the whole gateway, as it does by its full name.
func TestSystemAtItsOwnPlace(t *testing.T) {
	w := serving(failing())
	all, f := w.xml(t, "/rpc", "system.listMethods")
	require.Nil(t, f)
	v, f := w.xml(t, "/rpc/system", "listMethods")
	require.Nil(t, f)
	require.Equal(t, all, v)
	_, f = w.xml(t, "/rpc/system", "methodHelp", "s.add")
	require.Nil(t, f)
	v, f = w.xml(t, "/rpc/system", "multicall", xmlArray(call("s.add", "<int>1</int>", "<int>2</int>")))
	require.Nil(t, f)
	require.Equal(t, []any{[]any{int64(3)}}, v)
}

// However they are nested, a request makes no more than a thousand calls.
func TestCallsOfARequestAreCounted(t *testing.T) {
	for path, name := range map[string]string{"/rpc": "system.multicall", "/rpc/s": "system.multicall", "/rpc/system": "multicall"} {
		made := 0
		inner := map[string]string{"/rpc": "s.f", "/rpc/s": "f", "/rpc/system": "s.f"}[path]
		w := serving(one("s", "f", func() { made++ }))
		multicall := `{"jsonrpc":"2.0","id":1,"method":"` + name + `","params":[[` + strings.Repeat(`{"methodName":"`+inner+`"},`, 9) + `{"methodName":"` + inner + `"}]]}`
		w.json(t, path, "["+strings.Repeat(multicall+",", 199)+multicall+"]")
		require.Less(t, made, 950, "the multicalls count too: %s", path)
		require.Greater(t, made, 850, path)
	}
}

// A result that may be nested as deeply as it is by itself may be too deep where it
// comes in a list: that is its own fault.
func TestMulticallWithAResultThatIsTooDeepThere(t *testing.T) {
	deep := func(n int) any {
		var v any = "x"
		for range n {
			v = []any{v}
		}
		return v
	}
	w := serving(one("s", "deep", deep, "n"))
	_, f := w.xml(t, "/rpc", "s.deep", "<int>63</int>")
	require.Nil(t, f)
	v, f := w.xml(t, "/rpc", "system.multicall", xmlArray(call("s.deep", "<int>1</int>"), call("s.deep", "<int>63</int>")))
	require.Nil(t, f)
	require.Equal(t, []any{[]any{"x"}}, v.([]any)[0])
	require.EqualValues(t, 52, v.([]any)[1].(map[string]any)["faultCode"])
}

// There is one text to a fault in a multicall, so it has all that there is to say.
func TestFaultsOfAMulticallInJSON(t *testing.T) {
	said := serving(failing()).call(t, "system.multicall", `[[{"methodName":"s.add","params":[1]}]]`)
	require.Contains(t, said, "Expected 2 arguments, received 1.")
}
