package guard_test

import (
	"fmt"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/guard"
	"github.com/valyala/fasthttp"
)

func Example() {
	admin := resource.GET(func(req *resource.Request) { fmt.Fprintf(req, "hello, %s", guard.User(req)) })
	root := new(resource.Branch)
	root.PutChild("admin", &guard.Basic{
		Realm:    "administration",
		Check:    guard.Users(map[string]string{"eva": "secret"}),
		Resource: admin,
	})
	tree := &resource.Tree{Root: root}

	ask := func(credentials string) {
		var ctx fasthttp.RequestCtx
		var req fasthttp.Request
		req.SetRequestURI("/admin")
		if credentials != "" {
			req.Header.Set("Authorization", credentials)
		}
		ctx.Init(&req, nil, nil)
		tree.Handler(&ctx)
		fmt.Printf("%d %s\n", ctx.Response.StatusCode(), ctx.Response.Body())
	}
	ask("")
	ask("Basic ZXZhOnNlY3JldA==") // eva:secret, as curl -u sends it
	// Output:
	// 401 401 Unauthorized
	//
	// 200 hello, eva
}
