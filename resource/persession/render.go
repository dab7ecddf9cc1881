package persession

import (
	"encoding/json"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/valyala/fasthttp"
)

// IsLeaf returns false.
func (sp *Space) IsLeaf() bool { return false }

// GetChild returns the resource of the session whose id is the name, and makes
// that session the one of the request.
func (sp *Space) GetChild(name []byte, req *resource.Request) resource.Resource {
	if len(name) == 0 {
		return nil
	}
	req.Secret()
	s, err := sp.Sessions.Get(req, string(name))
	if err != nil {
		req.Refuse(err)
	}
	if s == nil || !req.Bind(s) {
		return resource.Status(sp.gone())
	}
	res, err := sp.resource(req, s)
	if s.Reason() != session.Alive {
		return resource.Status(sp.gone())
	}
	if err != nil {
		req.Refuse(err)
	}
	return &address{res: res}
}

func (sp *Space) gone() int {
	if sp.Gone == 0 {
		return fasthttp.StatusNotFound
	}
	return sp.Gone
}

// RenderPOST opens a session. The client may choose its timeout, in seconds, by a
// "timeout" in the query, in a form (urlencoded) or in a JSON object; a body of
// another kind is answered with 415. The answer has the address as its Location and
// as text, or if JSON is asked for as the member "address" of an object, with
// "timeout" telling what it is.
func (sp *Space) RenderPOST(req *resource.Request) {
	if req.CrossSite() {
		req.Abort(fasthttp.StatusForbidden, "A page of another site may not open sessions.")
	}
	s, err := sp.Open(req, chosen(req))
	if err != nil {
		req.Refuse(err)
	}
	where := sp.URL
	if where == "" {
		where = strings.TrimSuffix(string(req.PrepathRaw()), "/")
	}
	where += "/" + s.UID()
	h := &req.Response.Header
	h.Set(fasthttp.HeaderLocation, where)
	h.Set(fasthttp.HeaderCacheControl, "no-store")
	h.Set(fasthttp.HeaderReferrerPolicy, "no-referrer")
	h.Set(fasthttp.HeaderXContentTypeOptions, "nosniff")
	req.SetStatusCode(fasthttp.StatusCreated)
	if !strings.Contains(string(req.Request.Header.Peek(fasthttp.HeaderAccept)), "application/json") {
		req.SetContentType("text/plain; charset=utf-8")
		req.WriteString(where + "\n")
		return
	}
	req.SetContentType("application/json")
	_ = json.NewEncoder(req).Encode(struct {
		Address string  `json:"address"`
		Timeout float64 `json:"timeout"`
	}{where, s.Timeout().Seconds()})
}

// The types of bodies that may have a timeout.
const (
	inForm = "application/x-www-form-urlencoded"
	inJSON = "application/json"
)

// chosen returns the timeout that the client has chosen, 0 for none.
func chosen(req *resource.Request) (timeout time.Duration) {
	var texts []string
	add := func(args *fasthttp.Args) {
		for _, text := range args.PeekMulti("timeout") {
			texts = append(texts, string(text))
		}
	}
	add(req.QueryArgs())
	switch body := req.PostBody(); {
	case len(body) == 0:
	case req.MediaType() == inForm:
		var form fasthttp.Args // PostArgs knows the type in lower case only
		form.ParseBytes(body)
		add(&form)
	case req.MediaType() == inJSON:
		var object *struct{ Timeout *json.Number }
		if err := json.Unmarshal(body, &object); err != nil || object == nil {
			req.Abort(fasthttp.StatusBadRequest, "The timeout is a number in a JSON object.")
		}
		if object.Timeout != nil {
			texts = append(texts, object.Timeout.String())
		}
	default: // what it may say is not to be lost
		req.Response.Header.Set(fasthttp.HeaderAccept, inForm+", "+inJSON)
		req.Abort(fasthttp.StatusUnsupportedMediaType, "A timeout is sent as a form (urlencoded) or as JSON.")
	}
	if len(texts) == 0 {
		return 0
	}
	seconds, err := strconv.ParseFloat(texts[0], 64)
	if err == nil {
		timeout, err = Span(seconds, time.Second)
	}
	if err != nil || len(texts) > 1 {
		req.Abort(fasthttp.StatusBadRequest, "The timeout is a number of seconds, above 0.")
	}
	return timeout
}

func (sp *Space) report(msg string, args ...any) {
	defer func() { _ = recover() }() // the logger is the user's
	log := sp.Sessions.Log
	if log == nil {
		log = slog.Default()
	}
	log.Error(msg, args...)
}

// address is where a session is: all there is for its resource, but for DELETE,
// which ends it.
type address struct {
	resource.Leaf
	res resource.Resource
}

// Render has the session's resource answer.
func (a *address) Render(req *resource.Request) {
	rest := req.Postpath()
	if len(rest) > 1 || len(rest) == 1 && len(rest[0]) > 0 {
		resource.Serve(a.res, req)
		return
	}
	if req.IsDelete() {
		end{}.RenderDELETE(req)
		return
	}
	switch a.res.(type) {
	case resource.Getter, resource.Poster, resource.Putter, resource.Patcher, resource.Optioner, resource.Renderer:
		resource.Serve(a.res, req)
	default:
		if len(rest) > 0 { // there may be a child of that name, ""
			if resource.Serve(a.res, req); req.Response.StatusCode() != fasthttp.StatusNotFound {
				return
			}
			req.Response.ResetBody()
		}
		resource.Serve(end{}, req) // so that nobody takes it for gone
		return
	}
	h := &req.Response.Header
	if allow := string(h.Peek(fasthttp.HeaderAllow)); allow != "" && !strings.Contains(allow, fasthttp.MethodDelete) {
		h.Set(fasthttp.HeaderAllow, allow+", "+fasthttp.MethodDelete)
	}
}

// end is a resource that ends the session of the request.
type end struct{ resource.Leaf }

// RenderDELETE answers when all that the session owned has been released, unless
// it is another that has just ended it.
func (end) RenderDELETE(req *resource.Request) {
	req.ExpireSession()
	req.SetStatusCode(fasthttp.StatusNoContent)
}
