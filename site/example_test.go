package site_test

import (
	"fmt"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/site"
	"github.com/valyala/fasthttp"
)

// visit asks the site for its root and prints the answer.
func visit(s *site.Site) {
	var ctx fasthttp.RequestCtx
	ctx.Init(new(fasthttp.Request), nil, nil)
	s.Handler(&ctx)
	fmt.Printf("%s\n", ctx.Response.Body())
}

var timeout = resource.GET(func(req *resource.Request) { fmt.Fprint(req, req.GetSession().Timeout()) })

func ExampleSite() {
	s := site.New(timeout)
	s.SessionFactory = func(uid string) *session.Session {
		s := session.New(uid)
		s.SetTimeout(5 * time.Second)
		return s
	}
	visit(s)
	// Output: 5s
}

func ExampleSite_Sessions() {
	s := site.New(timeout)
	visit(s)
	s.Sessions().SetFactory(session.Lasting(time.Minute))
	visit(s)
	// Output:
	// 15m0s
	// 1m0s
}
