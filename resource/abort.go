package resource

import (
	"fmt"

	"github.com/valyala/fasthttp"
)

// abort is what Abort panics with.
type abort struct {
	code int
	text string
}

// Abort ends the request here, from however deep: it answers with the status
// code and a page that says so, and with the lines of text. Headers that were
// set stay. It does not return (it panics, and the Tree recovers).
func (r *Request) Abort(code int, lines ...string) {
	text := ""
	for _, line := range lines {
		text += line + "\n"
	}
	panic(abort{code, text})
}

// page answers with a status and, as plain text, its name and more. Plain text
// needs no escaping; nosniff keeps browsers from guessing at markup.
func (r *Request) page(code int, more string) {
	if code < 200 || code > 599 {
		r.tree.report("resource: no such status", "code", code)
		code, more = fasthttp.StatusInternalServerError, ""
	}
	r.dropBody()
	r.Response.ResetBody()
	h := &r.Response.Header
	h.Del(fasthttp.HeaderContentEncoding)
	h.SetContentType("text/plain; charset=utf-8")
	h.Set(fasthttp.HeaderXContentTypeOptions, "nosniff")
	r.SetStatusCode(code)
	r.Response.AppendBodyString(statusLine(code))
	if more != "" {
		r.Response.AppendBodyString("\n" + more)
	}
}

// dropBody takes a body stream out of the response. Closing it may panic where
// it was set on the plain RequestCtx; there is then no way to be rid of it but
// with the whole response.
func (r *Request) dropBody() {
	if !r.Response.IsBodyStream() {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			r.tree.report("resource: closing a body stream panicked", "panic", describe(v))
			r.Response = fasthttp.Response{}
			r.Response.SkipBody = r.IsHead()
		}
	}()
	_ = r.Response.CloseBodyStream()
}

func statusLine(code int) string {
	return fmt.Sprintf("%d %s\n", code, fasthttp.StatusMessage(code))
}

// describe puts a panic's value into words, whatever its own methods do.
func describe(v any) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("%T", v)
		}
	}()
	return fmt.Sprint(v)
}

// Redirect answers with a status of 301 to 308 and the Location exactly as
// given: a path of this site, or a full URL. It is written here because the one
// of fasthttp builds a URL from the Host header, which is the client's word.
func (r *Request) Redirect(url string, code int) {
	r.page(code, "")
	r.Response.Header.Set(fasthttp.HeaderLocation, url)
}

// RedirectBytes is Redirect for bytes.
func (r *Request) RedirectBytes(url []byte, code int) { r.Redirect(string(url), code) }

// Status returns a resource that answers everything at and below it with the
// status code and a page that says so.
func Status(code int) Resource { return status{code: code} }

type status struct {
	Leaf
	code int
}

func (s status) Render(req *Request) { req.page(s.code, "") }

// Redirect returns a resource that sends everything at and below it to url,
// which is written as it is: with 302 what asks by GET or HEAD, with 307 the
// rest, which then comes with its method and body.
func Redirect(url string) Resource { return redirect{url: url} }

type redirect struct {
	Leaf
	url string
}

func (r redirect) Render(req *Request) {
	if req.IsGet() || req.IsHead() {
		req.Redirect(r.url, fasthttp.StatusFound)
		return
	}
	req.Redirect(r.url, fasthttp.StatusTemporaryRedirect)
}
