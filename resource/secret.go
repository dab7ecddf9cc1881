package resource

import (
	"bytes"
	"encoding/base64"

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
	raw := r.PrepathRaw()
	s := r.secrets()
	s.segments = append(s.segments, bytes.Clone(raw[bytes.LastIndexByte(raw, '/')+1:]))
}

// SecretQuery is Secret for the query, such as one with a password. The log has the
// query of a request that is refused before it comes to the resource that calls it.
func (r *Request) SecretQuery() { r.secrets().query = true }

// conceal has neither caches nor other sites learn of the URL.
func (r *Request) conceal() {
	for _, resp := range []*fasthttp.Response{&r.Response, r.LastTimeoutErrorResponse()} {
		if resp == nil {
			continue
		}
		h := &resp.Header
		h.Del(fasthttp.HeaderReferrerPolicy) // Set would replace one of several
		h.Del(fasthttp.HeaderCacheControl)
		h.Set(fasthttp.HeaderReferrerPolicy, "no-referrer")
		h.Set(fasthttp.HeaderCacheControl, "no-store")
	}
}

// Redacted returns the URL, that of the request or a Referer, as logs are to show
// it: without what Secret and SecretQuery have been called for. The request may not
// have come to the resource that calls them, if it is answered with an error or a
// redirect, and a Referer is of another request: there what looks like the id of a
// session counts as a secret.
func Redacted(ctx *fasthttp.RequestCtx, url []byte) []byte {
	s, ok := ctx.UserValue(secretsKey{}).(*secrets)
	if !ok {
		s = new(secrets)
	}
	guess := ctx.Response.StatusCode() >= 300 || !bytes.HasPrefix(url, []byte("/"))
	guess = guess && mayHaveID(url)
	if !ok && !guess {
		return url // as it nearly always is, so it costs next to nothing
	}
	path, rest := url, []byte(nil)
	if end := bytes.IndexAny(url, "?#"); end >= 0 {
		path, rest = url[:end], url[end:]
	}
	segments := bytes.Split(path, []byte("/"))
	for i, segment := range segments {
		if s.has(segment) || guess && likeID(segment) {
			segments[i] = []byte("*")
		}
	}
	switch {
	case s.query && len(rest) > 0:
		rest = []byte("?*")
	case guess:
		rest = redactedQuery(rest)
	}
	return append(bytes.Join(segments, []byte("/")), rest...)
}

// redactedQuery returns a query without the values that look like ids.
func redactedQuery(query []byte) []byte {
	pairs := bytes.Split(query, []byte("&"))
	for i, pair := range pairs {
		if name, value, ok := bytes.Cut(pair, []byte("=")); ok && likeID(value) {
			pairs[i] = append(bytes.Clone(name), "=*"...)
		}
	}
	return bytes.Join(pairs, []byte("&"))
}

func (s *secrets) has(segment []byte) bool {
	for _, secret := range s.segments {
		if len(secret) > 0 && bytes.Equal(segment, secret) {
			return true
		}
	}
	return false
}

// shortestID is how many letters 16 bytes have in base64.
const shortestID = 22

// mayHaveID reports whether there are as many letters in a row as an id has.
func mayHaveID(url []byte) bool {
	row := 0
	for _, c := range url {
		if c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
			if row++; row == shortestID {
				return true
			}
		} else {
			row = 0
		}
	}
	return false
}

// likeID reports whether a segment could be the text of a session's id, 16 bytes or
// more in base64, perhaps with a bad escape after it. Names that people have given
// rarely have both capitals and small letters; of ids one in 48,000 has not, and is
// overlooked.
func likeID(segment []byte) bool {
	segment, _, _ = bytes.Cut(segment, []byte("%"))
	var id [64]byte
	if len(segment) < shortestID || len(segment) > base64.RawURLEncoding.EncodedLen(len(id)) {
		return false
	}
	if bytes.Equal(segment, bytes.ToLower(segment)) || bytes.Equal(segment, bytes.ToUpper(segment)) {
		return false
	}
	_, err := base64.RawURLEncoding.Strict().Decode(id[:], segment)
	return err == nil
}

// CrossSite reports whether a page of another site has made the request, as far as
// the browser tells: by Sec-Fetch-Site (https://www.w3.org/TR/fetch-metadata/),
// which it sends to https and localhost alone, or else by an Origin or Referer that
// is another than the Host, which a proxy has to pass on. Programs send none of
// these. Where Secret has been called it reports false: such a page does not know
// the URL.
func (r *Request) CrossSite() bool {
	if s, ok := r.UserValue(secretsKey{}).(*secrets); ok && len(s.segments) > 0 {
		return false
	}
	h := &r.Request.Header
	switch string(h.Peek("Sec-Fetch-Site")) {
	case "same-origin", "none":
		return false
	case "":
	default:
		return true
	}
	from := h.Peek(fasthttp.HeaderOrigin)
	if len(from) == 0 {
		from = h.Referer()
	}
	_, host, _ := bytes.Cut(from, []byte("://"))
	host, _, _ = bytes.Cut(host, []byte("/"))
	return len(from) > 0 && !bytes.EqualFold(host, h.Host())
}
