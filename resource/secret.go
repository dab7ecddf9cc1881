package resource

import (
	"bytes"

	"github.com/valyala/fasthttp"
)

// secrets is what a request's URL has that nobody else is to see. It is a user
// value of the RequestCtx, since the Request is gone when the access log is
// written.
type secrets struct {
	segments [][]byte // as they were sent
	query    bool
}

type secretsKey struct{}

func (r *Request) secrets() *secrets {
	if s, ok := r.UserValue(secretsKey{}).(*secrets); ok {
		return s
	}
	s := new(secrets)
	r.SetUserValue(secretsKey{}, s)
	r.secret = true
	return s
}

// Secret says that the segment of the path that was walked last is a secret:
// whoever knows it may do what the client may. Logs show it as "*", and the
// answer, whatever becomes of it, carries Referrer-Policy: no-referrer and
// Cache-Control: no-store, so that it is in no other site's logs and no cache.
// A resource calls it for whatever its GetChild is asked for, right or wrong.
func (r *Request) Secret() {
	raw := r.target()
	for range r.at {
		_, raw, _ = bytes.Cut(raw, []byte("/"))
	}
	raw, _, _ = bytes.Cut(raw, []byte("/"))
	s := r.secrets()
	s.segments = append(s.segments, bytes.Clone(raw))
}

// HasSecret reports whether Secret has been called: nobody then has made the
// request who was not told the URL, and so no page of another site.
func (r *Request) HasSecret() bool {
	s, ok := r.UserValue(secretsKey{}).(*secrets)
	return ok && len(s.segments) > 0
}

// SecretQuery is Secret for the query, such as one with a password.
func (r *Request) SecretQuery() { r.secrets().query = true }

// conceal has neither caches nor other sites learn of the URL.
func (r *Request) conceal() {
	h := &r.Response.Header
	h.Set(fasthttp.HeaderReferrerPolicy, "no-referrer")
	h.Set(fasthttp.HeaderCacheControl, "no-store")
}

// Redacted returns the URL, that of the request or a Referer, as logs are to show
// it: without what Secret and SecretQuery have been called for.
func Redacted(ctx *fasthttp.RequestCtx, url []byte) []byte {
	s, ok := ctx.UserValue(secretsKey{}).(*secrets)
	if !ok {
		return url
	}
	path, rest := url, []byte(nil)
	if end := bytes.IndexAny(url, "?#"); end >= 0 {
		path, rest = url[:end], url[end:]
	}
	segments := bytes.Split(path, []byte("/"))
	for i, segment := range segments {
		for _, secret := range s.segments {
			if len(secret) > 0 && bytes.Equal(segment, secret) {
				segments[i] = []byte("*")
			}
		}
	}
	if s.query && len(rest) > 0 {
		rest = []byte("?*")
	}
	return append(bytes.Join(segments, []byte("/")), rest...)
}
