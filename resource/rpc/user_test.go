package rpc_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/guard"
	"github.com/stretchr/testify/require"
)

const eva = "Authorization: Basic ZXZhOnNlY3JldA==" // eva:secret

// A function knows who has logged in, and nobody else gets to it.
func TestUser(t *testing.T) {
	calls := 0
	for _, inSession := range []bool{false, true} {
		g := gateway(one("s", "f", func(ctx context.Context) string { calls++; return guard.User(ctx) }))
		if inSession {
			g.Session = open(t)
		}
		root := new(resource.Branch)
		root.PutChild("open", g)
		root.PutChild("rpc", &guard.Basic{Resource: g, Check: guard.Users(map[string]string{"eva": "secret"})})
		w := inTree(root)
		for path, body := range map[string]string{"/rpc": jsonCall, "/rpc/jsonrpc": jsonCall, "/rpc/s": `{"jsonrpc":"2.0","id":1,"method":"f"}`} {
			calls = 0
			r := w.ask(t, "POST", path, body, "Content-Type: application/json")
			require.Equal(t, 401, r.StatusCode())
			require.NotEmpty(t, r.Header.Peek("WWW-Authenticate"))
			require.Zero(t, calls)
			r = w.ask(t, "POST", path, body, "Content-Type: application/json", eva)
			require.Contains(t, string(r.Body()), `"result":"eva"`)
		}
		for _, how := range []string{"plain", "html"} {
			code, _ := w.get(t, "/rpc/s/f/"+how)
			require.Equal(t, 401, code)
			code, said := w.get(t, "/rpc/s/f/"+how, eva)
			require.Equal(t, 200, code)
			require.Contains(t, said, "eva")
		}
		require.Contains(t, w.json(t, "/open", jsonCall), `"result":""`)
	}
}

func TestContextOfAGateway(t *testing.T) {
	f := func(ctx context.Context) string { return fmt.Sprint(ctx.Value(key{}), " ", guard.User(ctx)) }
	for _, inSession := range []bool{false, true} {
		g := gateway(one("s", "f", f))
		g.Context = func(req *resource.Request) context.Context {
			return context.WithValue(context.Background(), key{}, "at "+string(req.Path()))
		}
		if inSession {
			g.Session = open(t)
		}
		root := new(resource.Branch)
		root.PutChild("rpc", &guard.Basic{Resource: g, Check: func(string, string) bool { return true }})
		w := inTree(root)
		for path, want := range map[string]string{"/rpc/s/f/plain": "at /rpc/s/f/plain eva", "/rpc/s/f/plain/": "at /rpc/s/f/plain/ eva"} {
			code, said := w.get(t, path, eva)
			require.Equal(t, 200, code)
			require.Equal(t, want, said)
		}
		r := w.ask(t, "POST", "/rpc", xmlCall("s.f"), "Content-Type: text/xml", eva)
		v, fault := readXML(t, r.Body())
		require.Nil(t, fault)
		require.Equal(t, "at /rpc eva", v)
		r = w.ask(t, "POST", "/rpc", xmlCall("system.multicall", xmlArray(call("s.f"))), "Content-Type: text/xml", eva)
		v, fault = readXML(t, r.Body())
		require.Nil(t, fault)
		require.Equal(t, []any{[]any{"at /rpc eva"}}, v)
	}
}

// What a call has of the request is its own: it may be read when that is gone, though
// the context is done.
func TestTheContextOutlivesTheRequest(t *testing.T) {
	var kept []context.Context
	g := gateway(one("s", "f", func(ctx context.Context) { kept = append(kept, ctx) }))
	w := inTree(&guard.Basic{Resource: g, Check: func(string, string) bool { return true }})
	for range 3 {
		w.get(t, "/s/f/plain", eva)
		w.get(t, "/s/f/plain", "Authorization: Basic YWRhbTp4eHh4eHg=")
	}
	require.Len(t, kept, 6)
	for i, ctx := range kept {
		require.Equal(t, []string{"eva", "adam"}[i%2], guard.User(ctx))
		require.ErrorIs(t, ctx.Err(), context.Canceled)
	}
}
