package resource_test

import (
	"fmt"

	"github.com/spindleweb/spindle/resource"
	"github.com/valyala/fasthttp"
)

// show asks a tree for a path and prints the answer.
func show(root resource.Resource, path string) {
	tree := &resource.Tree{Root: root}
	var ctx fasthttp.RequestCtx
	var req fasthttp.Request
	req.SetRequestURI(path)
	ctx.Init(&req, nil, nil)
	tree.Handler(&ctx)
	fmt.Printf("%d %s\n", ctx.Response.StatusCode(), ctx.Response.Body())
}

// Greeting greets who the path names.
type Greeting struct{ resource.Branch }

func (g *Greeting) GetChild(name []byte, req *resource.Request) resource.Resource {
	text := "hello, " + string(name)
	return resource.GET(func(req *resource.Request) { req.WriteString(text) })
}

func (g *Greeting) RenderGET(req *resource.Request) { req.WriteString("hello") }

var _ resource.Getter = (*Greeting)(nil)

func ExampleBranch() {
	root := new(resource.Branch)
	root.PutChild("hello", new(Greeting))
	show(root, "/hello")
	show(root, "/hello/Anne%2FMarie")
	show(root, "/hello/")
	// Output:
	// 200 hello
	// 200 hello, Anne/Marie
	// 200 hello,
}

func ExampleRequest_Abort() {
	root := resource.Func(func(req *resource.Request) {
		if len(req.Postpath()) > 1 {
			req.Abort(fasthttp.StatusForbidden, "not so deep")
		}
		fmt.Fprintf(req, "%s", req.Postpath()[0])
	})
	show(root, "/a")
	show(root, "/a/b")
	// Output:
	// 200 a
	// 403 403 Forbidden
	//
	// not so deep
}
