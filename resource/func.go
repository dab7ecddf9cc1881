package resource

import "github.com/valyala/fasthttp"

// GET returns a resource without children that f answers GET and HEAD for.
func GET(f func(*Request)) Resource { return &get{f: f} }

type get struct {
	Branch
	f func(*Request)
}

func (g *get) RenderGET(req *Request) { g.f(req) }

// Func returns a leaf that f answers all methods for.
func Func(f func(*Request)) Resource { return all{f: f} }

type all struct {
	Leaf
	f func(*Request)
}

func (a all) Render(req *Request) { a.f(req) }

// Handler returns a leaf that h answers for, with the whole path of the URL.
// Panics of h are caught, but not those of a stream writer or a hijack handler
// that h sets on its RequestCtx: fasthttp starts these itself and does not
// recover. A Request's own methods for these do.
func Handler(h fasthttp.RequestHandler) Resource {
	return Func(func(req *Request) { h(req.RequestCtx) })
}
