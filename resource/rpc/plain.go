package rpc

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spindleweb/spindle/resource"
	"github.com/valyala/fasthttp"
)

// functionPage is a function in plain HTTP: a form to try it, and below that the
// two ways to call it.
type functionPage struct {
	resource.Branch
	g *Gateway
	s *Service
	f *Function
}

// GetChild returns what calls the function and answers in one way or the other.
func (p *functionPage) GetChild(name []byte, _ *resource.Request) resource.Resource {
	switch string(name) {
	case "plain":
		return &plainCall{p: p}
	case "html":
		return &plainCall{p: p, html: true}
	}
	return nil
}

// inForm is how parameters are sent.
const inForm = "application/x-www-form-urlencoded"

// plainCall calls a function with the parameters of the query or of a form.
type plainCall struct {
	resource.Branch
	p    *functionPage
	html bool
}

// RenderGET makes the call, unless only the head of its answer is wanted.
func (c *plainCall) RenderGET(req *resource.Request) {
	req.SecretQuery() // it may have a password
	if req.IsHead() {
		return
	}
	c.call(req)
}

// RenderPOST makes the call.
func (c *plainCall) RenderPOST(req *resource.Request) {
	req.SecretQuery()
	c.call(req)
}

func (c *plainCall) call(req *resource.Request) {
	c.p.g.check(req, len(req.PostBody()) == 0 || req.MediaType() == inForm, inForm)
	params := make(map[string]any)
	limits := c.p.g.limits()
	var form fasthttp.Args // PostArgs knows the type in lower case only
	form.ParseBytes(req.PostBody())
	for _, args := range []*fasthttp.Args{req.QueryArgs(), &form} {
		for name, value := range args.All() {
			if limits.take() != nil {
				req.Abort(fasthttp.StatusRequestEntityTooLarge)
			}
			add(params, string(name), strings.ToValidUTF8(string(value), "\uFFFD"))
		}
	}
	if c.html {
		c.leaveOut(params)
	}
	as := converter{texts: true, lenient: true, limits: limits}
	v, f := c.p.g.callFunction(c.p.g.context(req), c.p.s, c.p.f, as, nil, params)
	text := ""
	if f == nil {
		var err error
		if text, err = plainText(v); err != nil {
			f = newFault(ofResponse, "%v.", err)
		}
	}
	if f != nil {
		text = c.p.g.refusal(req, f)
	}
	if c.html {
		c.p.result(req, text, f != nil)
		return
	}
	answerPlain(req, text)
}

// refusal gives the response the status of the fault, and returns its words.
func (g *Gateway) refusal(req *resource.Request, f *Fault) string {
	req.SetStatusCode(f.status())
	if f.kind == ofCrowd {
		req.Response.Header.Set(fasthttp.HeaderRetryAfter, "10")
	}
	_, text := g.Dialect.fault(f)
	return text
}

func answerPlain(req *resource.Request, text string) {
	req.Response.Header.Set(fasthttp.HeaderXContentTypeOptions, "nosniff")
	req.SetContentType("text/plain; charset=utf-8")
	req.SetBodyString(text)
}

// add has a parameter that is given several times be a list.
func add(params map[string]any, name, value string) {
	switch before := params[name].(type) {
	case nil:
		params[name] = value
	case []any:
		params[name] = append(before, value)
	default:
		params[name] = []any{before, value}
	}
}

// leaveOut takes out what a form has sent empty and need not be there.
func (c *plainCall) leaveOut(params map[string]any) {
	for _, p := range c.p.f.params[c.p.f.required:] {
		if params[p.name] == "" {
			delete(params, p.name)
		}
	}
}

// plainText writes a result for people and simple programs: what is one value as
// it is, all else as JSON.
func plainText(v any) (string, error) {
	switch v := v.(type) {
	case void:
		return "OK", nil
	case nil:
		return "null", nil
	case string:
		return v, nil
	case bool, int64:
		return fmt.Sprint(v), nil
	}
	var text strings.Builder
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false) // it is no page
	err := e.Encode(v)
	return strings.Trim(text.String(), "\"\n"), err // a date, or bytes, is a string by itself
}
