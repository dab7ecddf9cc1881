package rpc

import (
	"context"

	"github.com/spindleweb/spindle/resource"
	"github.com/valyala/fasthttp"
)

// A language is one that programs speak: XML-RPC or JSON-RPC.
type language interface {
	// answer has c make the calls of a request and returns the text of the response,
	// nil if none is wanted.
	answer(ctx context.Context, c *caller, text []byte) []byte

	// fault and result return what the language has for the members of a multicall,
	// and writes whether it can write such a result.
	fault(f *Fault) (code int, text string)
	result(v any) any
	writes(v any) error

	converter() converter
}

// The languages by the type of what they answer with.
const (
	inXML  = "text/xml"
	inJSON = "application/json"
)

// languages has them by the Content-Type of requests. A page of another site
// cannot send any of these without the browser asking first, which gets no leave
// here.
var languages = map[string]string{
	"text/xml":                inXML,
	"application/xml":         inXML,
	"application/json":        inJSON,
	"application/json-rpc":    inJSON,
	"application/jsonrequest": inJSON,
}

// faces are the children of a gateway that speak one language alone.
var faces = map[string]string{
	"xmlrpc":  inXML,
	"RPC2":    inXML,
	"jsonrpc": inJSON,
}

func (g *Gateway) speak(lang string) language {
	if lang == inXML {
		return newXML(g)
	}
	return inJSONRPC{g}
}

// face answers calls at a place.
type face struct {
	at   place
	only string // the language it speaks, if not all
}

// IsLeaf returns false.
func (f *face) IsLeaf() bool { return false }

// GetChild returns nil.
func (f *face) GetChild([]byte, *resource.Request) resource.Resource { return nil }

// RenderPOST makes calls in the language that the Content-Type says.
func (f *face) RenderPOST(req *resource.Request) {
	accept := f.only
	if accept == "" {
		accept = inXML + ", " + inJSON
	}
	lang := languages[req.MediaType()]
	if f.only != "" && lang != f.only {
		lang = ""
	}
	f.at.g.check(req, lang != "", accept)
	l := f.at.g.speak(lang)
	answer := l.answer(f.at.g.context(req), newCaller(f.at, l), req.PostBody())
	if answer == nil {
		req.SetStatusCode(fasthttp.StatusNoContent)
		return
	}
	req.Response.Header.Set(fasthttp.HeaderXContentTypeOptions, "nosniff")
	req.SetContentType(lang + "; charset=utf-8")
	req.SetBody(answer)
}

// check ends a request whose body is not of a type that is accepted, is compressed
// or too large, or that a page of another site has made.
func (g *Gateway) check(req *resource.Request, accepted bool, accept string) {
	h := &req.Response.Header
	if !accepted {
		h.Set(fasthttp.HeaderAccept, accept)
		req.Abort(fasthttp.StatusUnsupportedMediaType, "Calls are sent as "+accept+".")
	}
	if coding := string(req.Request.Header.ContentEncoding()); coding != "" && coding != "identity" {
		h.Set(fasthttp.HeaderAcceptEncoding, "identity")
		req.Abort(fasthttp.StatusUnsupportedMediaType, "Calls are sent as they are, not compressed.")
	}
	if len(req.PostBody()) > orDefault(g.MaxSize, mostBytes) {
		req.Abort(fasthttp.StatusRequestEntityTooLarge)
	}
	if req.CrossSite() {
		req.Abort(fasthttp.StatusForbidden, "A page of another site may not call functions.")
	}
}
