package resource

import "github.com/valyala/fasthttp"

// A resource answers a method by having the method for it, on the goroutine of
// the request. The compiler does not know that RenderGet, or RenderGET without
// its parameter, was meant to be one of these. Have it check:
//
//	var _ resource.Getter = (*Page)(nil)
type (
	// A Getter answers GET, and HEAD, which is GET without the body.
	Getter interface{ RenderGET(req *Request) }
	// A Poster answers POST.
	Poster interface{ RenderPOST(req *Request) }
	// A Putter answers PUT.
	Putter interface{ RenderPUT(req *Request) }
	// A Patcher answers PATCH.
	Patcher interface{ RenderPATCH(req *Request) }
	// A Deleter answers DELETE.
	Deleter interface{ RenderDELETE(req *Request) }
	// An Optioner answers OPTIONS in place of the answer that is made of what
	// the resource has.
	Optioner interface{ RenderOPTIONS(req *Request) }
	// A Renderer answers every method that it has no other of these for, those
	// that nobody has heard of included.
	Renderer interface{ Render(req *Request) }
)

// render has res answer.
func render(res Resource, req *Request) {
	switch string(req.Method()) {
	case fasthttp.MethodGet, fasthttp.MethodHead:
		if r, ok := res.(Getter); ok {
			r.RenderGET(req)
			return
		}
	case fasthttp.MethodPost:
		if r, ok := res.(Poster); ok {
			r.RenderPOST(req)
			return
		}
	case fasthttp.MethodPut:
		if r, ok := res.(Putter); ok {
			r.RenderPUT(req)
			return
		}
	case fasthttp.MethodPatch:
		if r, ok := res.(Patcher); ok {
			r.RenderPATCH(req)
			return
		}
	case fasthttp.MethodDelete:
		if r, ok := res.(Deleter); ok {
			r.RenderDELETE(req)
			return
		}
	case fasthttp.MethodOptions:
		if r, ok := res.(Optioner); ok {
			r.RenderOPTIONS(req)
			return
		}
	}
	if r, ok := res.(Renderer); ok {
		r.Render(req)
		return
	}
	refuse(res, req)
}

// refuse answers a method that res does not have (RFC 9110 9.1, 15.5.6).
func refuse(res Resource, req *Request) {
	allow := allowed(res)
	if allow == "" {
		req.page(fasthttp.StatusNotFound, "")
		return
	}
	switch string(req.Method()) {
	case fasthttp.MethodOptions:
		req.Response.Header.Set(fasthttp.HeaderAllow, allow)
		req.SetStatusCode(fasthttp.StatusNoContent)
	case fasthttp.MethodGet, fasthttp.MethodHead, fasthttp.MethodPost, fasthttp.MethodPut,
		fasthttp.MethodPatch, fasthttp.MethodDelete, fasthttp.MethodTrace:
		req.Response.Header.Set(fasthttp.HeaderAllow, allow)
		req.page(fasthttp.StatusMethodNotAllowed, "")
	default:
		req.page(fasthttp.StatusNotImplemented, "")
	}
}

// allowed lists the methods of a resource that is no Renderer.
func allowed(res Resource) string {
	var list string
	add := func(ok bool, methods string) {
		if ok {
			list += methods + ", "
		}
	}
	_, ok := res.(Getter)
	add(ok, "GET, HEAD")
	_, ok = res.(Poster)
	add(ok, "POST")
	_, ok = res.(Putter)
	add(ok, "PUT")
	_, ok = res.(Patcher)
	add(ok, "PATCH")
	_, ok = res.(Deleter)
	add(ok, "DELETE")
	if _, ok = res.(Optioner); list == "" && !ok {
		return ""
	}
	return list + "OPTIONS"
}
