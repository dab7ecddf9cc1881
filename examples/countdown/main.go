// Countdown is a page that shows how long the visitor's session has left, warns
// before it ends, and keeps it alive by a button. The page asks for the time
// left with PeekSession, so that asking does not keep the session alive.
package main

import (
	_ "embed"
	"flag"
	"fmt"
	"time"

	"github.com/spindleweb/spindle/examples/internal/serve"
	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/site"
)

//go:embed page.html
var page string

type home struct{ resource.Branch }

var _ resource.Getter = (*home)(nil)

func (*home) RenderGET(req *resource.Request) {
	req.GetSession()
	req.SetContentType("text/html; charset=utf-8")
	req.WriteString(page)
}

// left answers with the milliseconds that the session has left, 0 without one.
func left(req *resource.Request) {
	var d time.Duration
	if s := req.PeekSession(); s != nil {
		d = s.Remaining()
	}
	req.Response.Header.Set("Cache-Control", "no-store")
	fmt.Fprint(req, d.Milliseconds())
}

type stay struct{ resource.Branch }

var _ resource.Poster = (*stay)(nil)

// RenderPOST touches the session, if it is still there.
func (*stay) RenderPOST(req *resource.Request) {
	if req.PeekSession() == nil {
		req.Abort(410)
	}
	req.GetSession()
	req.SetStatusCode(204)
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	timeout := flag.Duration("timeout", 30*time.Second, "how long a session lasts without a visit")
	flag.Parse()
	root := new(home)
	root.PutChild("left", resource.GET(left))
	root.PutChild("stay", new(stay))
	s := site.New(root)
	s.SessionFactory = session.Lasting(*timeout)
	serve.Sites(serve.At{Addr: *addr, Site: s})
}
