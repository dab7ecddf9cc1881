package rpc_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/spindleweb/spindle/session"
	"github.com/valyala/fasthttp"
)

// BenchmarkCall makes a call of two numbers through each face, by itself and for a
// session, beside a handler that reads and writes the same JSON by hand.
func BenchmarkCall(b *testing.B) {
	add := func(x, y int) int { return x + y }
	service := &rpc.Service{Name: "math"}
	service.Export("add", add, "x", "y")
	var registry rpc.Registry
	registry.Add(service)
	var sessions session.Manager
	defer sessions.Close(b.Context())
	s, err := sessions.Create(nil)
	if err != nil {
		b.Fatal(err)
	}
	root := new(resource.Branch)
	root.PutChild("rpc", &rpc.Gateway{Registry: &registry})
	root.PutChild("session", &rpc.Gateway{Registry: &registry, Session: s})
	root.PutChild("bare", resource.Func(func(req *resource.Request) {
		var in struct {
			Params []int           `json:"params"`
			ID     json.RawMessage `json:"id"`
		}
		if json.Unmarshal(req.PostBody(), &in) != nil || len(in.Params) != 2 {
			req.Abort(fasthttp.StatusBadRequest)
		}
		_ = json.NewEncoder(req).Encode(map[string]any{"jsonrpc": "2.0", "result": add(in.Params[0], in.Params[1]), "id": in.ID})
	}))
	tree := &resource.Tree{Root: root}

	const asJSON = `{"jsonrpc":"2.0","id":1,"method":"math.add","params":[1,2]}`
	const asXML = `<?xml version="1.0"?><methodCall><methodName>math.add</methodName><params>` +
		`<param><value><int>1</int></value></param><param><value><int>2</int></value></param></params></methodCall>`
	for _, c := range []struct{ name, path, mediaType, body string }{
		{"bare JSON", "/bare", "application/json", asJSON},
		{"JSON-RPC", "/rpc", "application/json", asJSON},
		{"JSON-RPC, session", "/session", "application/json", asJSON},
		{"XML-RPC", "/rpc", "text/xml", asXML},
		{"XML-RPC, session", "/session", "text/xml", asXML},
		{"plain", "/rpc/math/add/plain?x=1&y=2", "", ""},
	} {
		b.Run(c.name, func(b *testing.B) {
			var ctx fasthttp.RequestCtx
			var req fasthttp.Request
			req.SetRequestURI(c.path)
			if c.body != "" {
				req.Header.SetMethod("POST")
				req.Header.SetContentType(c.mediaType)
				req.SetBodyString(c.body)
			}
			b.ReportAllocs()
			for b.Loop() {
				ctx.Init(&req, nil, nil)
				ctx.Response.Reset()
				tree.Handler(&ctx)
			}
			if !bytes.Contains(ctx.Response.Body(), []byte("3")) {
				b.Fatalf("%s", ctx.Response.Body())
			}
		})
	}
}
