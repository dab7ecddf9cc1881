package rpc

import (
	"context"

	"github.com/spindleweb/spindle/resource"
	"github.com/valyala/fasthttp"
)

// A language is one that programs speak: XML-RPC or JSON-RPC.
type language interface {
	// answer makes the calls of a request and returns the text of the response, nil
	// if none is wanted.
	answer(ctx context.Context, p place, text []byte) []byte

	// fault and result return what the language has for the members of a multicall.
	fault(f *Fault) (code int, text string)
	result(v any) any

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
	resource.Branch
	place
	only string // the language it speaks, if not all
}

// IsLeaf returns false.
func (f *face) IsLeaf() bool { return false }

// GetChild returns nil.
func (f *face) GetChild([]byte, *resource.Request) resource.Resource { return nil }

// RenderPOST makes calls in the language that the Content-Type says.
func (f *face) RenderPOST(req *resource.Request) {
	lang := languages[mediaType(req)]
	if lang == "" || f.only != "" && lang != f.only {
		accept := f.only
		if accept == "" {
			accept = inXML + ", " + inJSON
		}
		req.Response.Header.Set(fasthttp.HeaderAccept, accept)
		req.Abort(fasthttp.StatusUnsupportedMediaType, "Calls are sent as "+accept+".")
	}
	if coding := string(req.Request.Header.ContentEncoding()); coding != "" && coding != "identity" {
		req.Response.Header.Set(fasthttp.HeaderAcceptEncoding, "identity")
		req.Abort(fasthttp.StatusUnsupportedMediaType, "Calls are sent as they are, not compressed.")
	}
	body := req.PostBody()
	if len(body) > f.g.maxSize() {
		req.Abort(fasthttp.StatusRequestEntityTooLarge)
	}
	answer := f.g.speak(lang).answer(f.g.context(req), f.place, body)
	if answer == nil {
		req.SetStatusCode(fasthttp.StatusNoContent)
		return
	}
	req.Response.Header.Set(fasthttp.HeaderXContentTypeOptions, "nosniff")
	req.SetContentType(lang + "; charset=utf-8")
	req.SetBody(answer)
}
