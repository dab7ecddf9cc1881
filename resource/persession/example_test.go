package persession_test

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/persession"
	"github.com/spindleweb/spindle/session"
	"github.com/valyala/fasthttp"
)

// Cursor counts, and would keep a database busy until it is closed.
type Cursor struct {
	resource.Leaf
	at atomic.Int64 // requests may come at once
}

func (c *Cursor) RenderGET(req *resource.Request) {
	fmt.Fprintf(req, "row %d", c.at.Add(1))
}

func (c *Cursor) Close() error {
	fmt.Println("closed")
	return nil
}

func Example() {
	cursors := &persession.Space{
		New: func(_ context.Context, s *session.Session) (resource.Resource, error) {
			c := new(Cursor)
			s.Own(c) // closed when the session ends
			return c, nil
		},
	}
	defer cursors.Sessions.Close(context.Background())
	root := new(resource.Branch)
	root.PutChild("cursors", cursors)
	tree := &resource.Tree{Root: root}

	ask := func(method, path string) *fasthttp.Response {
		var ctx fasthttp.RequestCtx
		var req fasthttp.Request
		req.Header.SetMethod(method)
		req.SetRequestURI(path)
		ctx.Init(&req, nil, nil)
		tree.Handler(&ctx)
		fmt.Println(ctx.Response.StatusCode())
		return &ctx.Response
	}
	mine := string(ask("POST", "/cursors").Header.Peek("Location"))
	another := string(ask("POST", "/cursors").Header.Peek("Location"))
	fmt.Printf("%s\n", ask("GET", mine).Body())
	fmt.Printf("%s\n", ask("GET", mine).Body())
	fmt.Printf("%s\n", ask("GET", another).Body())
	ask("DELETE", mine)
	ask("GET", mine)
	// Output:
	// 201
	// 201
	// 200
	// row 1
	// 200
	// row 2
	// 200
	// row 1
	// closed
	// 204
	// 404
	// closed
}
