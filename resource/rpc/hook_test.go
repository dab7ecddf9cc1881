package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/stretchr/testify/require"
)

func hooked(gatewayHook, serviceHook rpc.Hook) *world {
	s := one("s", "double", func(n int) int { return 2 * n }, "n")
	s.Export("fails", func() error { return errors.New("broken") })
	s.Export("some", func(a, b, c int) string { return fmt.Sprint(a, b, c) }, "a", "b=2", "c=3")
	s.Hook = serviceHook
	g := gateway(s)
	g.Hook = gatewayHook
	return around(g)
}

// faces makes a call of s.double in each way, and reports how it went.
func faces(t *testing.T, w *world) (results []any, failed int) {
	v, f := w.xml(t, "/rpc", "s.double", "<int>4</int>")
	results = append(results, v)
	if f != nil {
		failed++
	}
	said := w.call(t, "s.double", "[4]")
	if strings.Contains(said, `"error"`) {
		failed++
	}
	if code, _ := w.get(t, "/rpc/s/double/plain?n=4"); code != 200 {
		failed++
	}
	return append(results, said), failed
}

func TestHooksSeeEveryCall(t *testing.T) {
	var saw []string
	note := func(who string) rpc.Hook {
		return func(ctx context.Context, c *rpc.Call) (any, error) {
			saw = append(saw, fmt.Sprintf("%s %s.%s %v", who, c.Service, c.Method, c.Params))
			v, err := c.Invoke(ctx)
			saw = append(saw, fmt.Sprint(who, " ", v, " ", err != nil))
			require.Nil(t, c.Session)
			return v, err
		}
	}
	w := hooked(note("gateway"), note("service"))
	for _, c := range []struct {
		name string
		do   func()
		want []string
	}{
		{"xml", func() { w.xml(t, "/rpc", "s.double", "<int>4</int>") }, []string{"gateway s.double [4]", "service s.double [4]", "service 8 false", "gateway 8 false"}},
		{"at a service", func() { w.xml(t, "/rpc/s", "double", "<int>4</int>") }, []string{"gateway s.double [4]", "service s.double [4]", "service 8 false", "gateway 8 false"}},
		{"by name", func() { w.call(t, "s.double", `{"n":4}`) }, []string{"gateway s.double [4]", "service s.double [4]", "service 8 false", "gateway 8 false"}},
		{"plain", func() { w.get(t, "/rpc/s/double/plain?n=4") }, []string{"gateway s.double [4]", "service s.double [4]", "service 8 false", "gateway 8 false"}},
		{"wrong count", func() { w.xml(t, "/rpc", "s.double") }, []string{"gateway s.double []", "service s.double []", "service <nil> true", "gateway <nil> true"}},
		{"wrong type", func() { w.xml(t, "/rpc", "s.double", "x") }, []string{"gateway s.double [x]", "service s.double [x]", "service <nil> true", "gateway <nil> true"}},
		{"an error", func() { w.xml(t, "/rpc", "s.fails") }, []string{"gateway s.fails []", "service s.fails []", "service <nil> true", "gateway <nil> true"}},
		{"system", func() { w.xml(t, "/rpc", "system.methodHelp", "s.double") }, []string{"gateway system.methodHelp [s.double]", "gateway  false"}},
		{"a notification", func() { w.json(t, "/rpc", `{"jsonrpc":"2.0","method":"s.double","params":[4]}`) }, []string{"gateway s.double [4]", "service s.double [4]", "service 8 false", "gateway 8 false"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			saw = nil
			c.do()
			require.Equal(t, c.want, saw)
		})
	}
	saw = nil
	w.xml(t, "/rpc", "system.multicall", xmlArray(call("s.double", "<int>4</int>")))
	require.Contains(t, saw, "gateway s.double [4]", "it sees the calls within")
	require.Contains(t, saw, "service s.double [4]")
	saw = nil
	w.ask(t, "HEAD", "/rpc/s/double/plain?n=4", "")
	w.call(t, "s.nobody", "[]")
	require.Empty(t, saw)
}

// A call by names that are wrong is one too, for those who count what clients try.
func TestHooksSeeCallsByWrongNames(t *testing.T) {
	saw := 0
	w := hooked(func(ctx context.Context, c *rpc.Call) (any, error) { saw++; return c.Invoke(ctx) }, nil)
	for i, params := range []string{`{}`, `{"x":1}`, `{"n":1,"x":1}`} {
		require.Contains(t, w.call(t, "s.double", params), "-32602")
		require.Equal(t, i+1, saw, params)
	}
	w.get(t, "/rpc/s/double/plain")
	require.Equal(t, 4, saw)
}

// Params are of the types that are documented, even where one is left out.
func TestParamsOfHooks(t *testing.T) {
	var params []any
	w := hooked(func(ctx context.Context, c *rpc.Call) (any, error) { params = c.Params; return c.Invoke(ctx) }, nil)
	require.Contains(t, w.call(t, "s.some", `{"a":1,"c":5}`), "1 2 5")
	for _, p := range params {
		switch p.(type) {
		case nil, bool, int64, float64, string, time.Time, []byte, []any, map[string]any:
		default:
			require.Fail(t, "it is of another type", "%T", p)
		}
	}
}

// A hook may write what a Go programmer writes.
func TestHooksSetParams(t *testing.T) {
	type point struct{ X, Y int }
	var set any
	s := one("s", "int", func(n int8) int { return int(n) }, "v")
	s.Export("list", func(v []string) string { return strings.Join(v, "+") }, "v")
	s.Export("map", func(v map[string]uint) uint { return v["a"] }, "v")
	s.Export("struct", func(p point) int { return p.X + p.Y }, "v")
	s.Export("pointer", func(p *int) bool { return p == nil }, "v")
	s.Hook = func(ctx context.Context, c *rpc.Call) (any, error) {
		c.Params = []any{set}
		return c.Invoke(ctx)
	}
	w := serving(s)
	for _, c := range []struct {
		method string
		set    any
		want   string
	}{
		{"int", 5, "5"},
		{"int", uint16(5), "5"},
		{"int", float32(5), "5"},
		{"list", []string{"a", "b"}, "a+b"},
		{"map", map[string]int{"a": 7}, "7"},
		{"struct", &point{3, 4}, "7"},
		{"pointer", (*int)(nil), "true"},
		{"pointer", nil, "true"},
	} {
		set = c.set
		code, said := w.get(t, "/rpc/s/"+c.method+"/plain?v=1")
		require.Equal(t, 200, code, said)
		require.Equal(t, c.want, said)
	}
	for _, set = range []any{300, "x", make(chan int)} {
		code, said := w.get(t, "/rpc/s/int/plain?v=1")
		require.Equal(t, 400, code, said)
		require.Contains(t, said, "Parameter 1 (v): ")
	}
}

func TestHooksDoWhatTheyLike(t *testing.T) {
	invoke := func(ctx context.Context, c *rpc.Call) (any, error) { return c.Invoke(ctx) }
	fault := &rpc.Fault{Code: 4, Name: "SecurityException", Origin: "hook", Description: "no"}
	for name, c := range map[string]struct {
		hook rpc.Hook
		want any // nil if it fails
		text string
	}{
		"nothing":           {invoke, int64(8), ""},
		"another parameter": {func(ctx context.Context, c *rpc.Call) (any, error) { c.Params[0] = int64(5); return c.Invoke(ctx) }, int64(10), ""},
		"more parameters": {func(ctx context.Context, c *rpc.Call) (any, error) {
			c.Params = append(c.Params, 1)
			return c.Invoke(ctx)
		}, nil, "rpc -- Invalid parameters\n\nExpected 1 arguments, received 2."},
		"a wrong parameter": {func(ctx context.Context, c *rpc.Call) (any, error) { c.Params = []any{[]any{}}; return c.Invoke(ctx) }, nil, ""},
		"another result":    {func(ctx context.Context, c *rpc.Call) (any, error) { _, err := c.Invoke(ctx); return "x", err }, "x", ""},
		"its own result":    {func(context.Context, *rpc.Call) (any, error) { return []int{1}, nil }, []any{int64(1)}, ""},
		"no result":         {func(context.Context, *rpc.Call) (any, error) { return make(chan int), nil }, nil, ""},
		"an error":          {func(context.Context, *rpc.Call) (any, error) { return 5, errors.New("no") }, nil, "s -- no"},
		"a fault":           {func(context.Context, *rpc.Call) (any, error) { return nil, fault }, nil, "hook -- no"},
		"a wrapped fault":   {func(context.Context, *rpc.Call) (any, error) { return nil, fmt.Errorf("deep: %w", fault) }, nil, "hook -- no"},
		"an abort":          {func(context.Context, *rpc.Call) (any, error) { rpc.Abort(4, "no", "hook", "more"); return 5, nil }, nil, "hook -- no\n\nmore"},
		"a panic":           {func(context.Context, *rpc.Call) (any, error) { panic("secret") }, nil, "rpc -- Application error\n\nThe function failed."},
		"twice":             {func(ctx context.Context, c *rpc.Call) (any, error) { _, _ = c.Invoke(ctx); return c.Invoke(ctx) }, int64(8), ""},
		"an error made good": {func(ctx context.Context, c *rpc.Call) (any, error) {
			c.Params = nil
			_, err := c.Invoke(ctx)
			return err != nil, nil
		}, true, ""},
		"the parameter again": {func(ctx context.Context, c *rpc.Call) (any, error) { return c.Params, nil }, []any{int64(4)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, w := range []*world{hooked(c.hook, nil), hooked(nil, c.hook), hooked(invoke, c.hook), hooked(c.hook, invoke)} {
				v, f := w.xml(t, "/rpc", "s.double", "<int>4</int>")
				if c.want == nil {
					require.NotNil(t, f)
					if c.text != "" {
						require.Equal(t, c.text, f.text)
					}
				} else {
					require.Nil(t, f)
					require.Equal(t, c.want, v)
				}
				if name == "the parameter again" {
					continue
				}
				_, failed := faces(t, w)
				require.Equal(t, c.want == nil, failed == 3)
				require.Equal(t, c.want == nil, failed != 0)
			}
		})
	}
}

func TestInvokeTwice(t *testing.T) {
	calls := []string{}
	note := func(who string, times int) rpc.Hook {
		return func(ctx context.Context, c *rpc.Call) (v any, err error) {
			for range times {
				calls = append(calls, who)
				v, err = c.Invoke(ctx)
			}
			return v, err
		}
	}
	_, f := hooked(note("g", 2), note("s", 2)).xml(t, "/rpc", "s.double", "<int>4</int>")
	require.Nil(t, f)
	require.Equal(t, []string{"g", "s", "s", "g", "s", "s"}, calls)
}

type key struct{}

// What a hook puts into the context the function finds there.
func TestContextOfHooks(t *testing.T) {
	s := one("s", "f", func(ctx context.Context) string { return fmt.Sprint(ctx.Value(key{})) })
	s.Hook = func(ctx context.Context, c *rpc.Call) (any, error) {
		return c.Invoke(context.WithValue(ctx, key{}, "from the hook"))
	}
	v, f := serving(s).xml(t, "/rpc", "s.f")
	require.Nil(t, f)
	require.Equal(t, "from the hook", v)
}
