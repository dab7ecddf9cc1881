package session

import (
	"bytes"
	"strconv"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// Cookie carries uids in a cookie. The zero value is what most sites want:
// HttpOnly, SameSite=Lax, for all paths of this host alone, gone when the
// browser closes, and Secure where the connection is. Over TLS the cookie has
// another name than without, with the prefix __Secure-, so that who can read or
// write what travels in the clear has no part in the other (RFC 6265bis 4.1.3).
//
// A Cookie must not be changed or copied after its first use.
type Cookie struct {
	// Name of the cookie; it says nothing about what it is for, as OWASP
	// advises. Default "sid".
	Name string

	// Path under which the browser sends the cookie. Default "/".
	Path string

	// SameSite tells on which requests from other sites the browser sends the
	// cookie. Default Lax: only on following a link. Browsers take None only
	// where the cookie is Secure.
	SameSite fasthttp.CookieSameSite

	// MaxAge is for how long the browser keeps the cookie, in whole seconds.
	// It does not grow with activity. Default 0: until the browser closes.
	MaxAge time.Duration

	// Secure marks the cookie Secure even if the connection is not, for a site
	// behind a proxy that speaks TLS for it. Default false.
	Secure bool

	// Host makes the prefix of the secure cookie __Host-, which binds it to
	// Path "/" and lets no sister domain set it. Default false.
	Host bool

	setup         sync.Once
	clear, secret cookieText
}

// cookieText is the cookie's name and the text around its value.
type cookieText struct {
	name   []byte // with the equals sign
	attr   string
	forget string
}

// atMost is how many cookies of our name are looked at: more than a browser
// ever has, few enough that a forged header costs nothing.
const atMost = 16

var cookieHeader = []byte(fasthttp.HeaderCookie)

func (c *Cookie) text(ctx *fasthttp.RequestCtx) *cookieText {
	c.setup.Do(c.init)
	if c.clear.name == nil {
		c.init() // which panicked the first time
	}
	if c.Secure || ctx.IsTLS() {
		return &c.secret
	}
	return &c.clear
}

func (c *Cookie) init() {
	name, path := c.Name, c.Path
	if name == "" {
		name = "sid"
	}
	for _, b := range []byte(name) {
		if !tokenByte(b) {
			panic("session: Cookie.Name " + strconv.Quote(name) + " is not a token (RFC 6265 4.1.1)")
		}
	}
	if path == "" {
		path = "/"
	}
	if path[0] != '/' {
		panic("session: Cookie.Path " + strconv.Quote(path) + " does not begin with a slash")
	}
	for _, b := range []byte(path) {
		if b < ' ' || b == ';' || b > '~' {
			panic("session: Cookie.Path " + strconv.Quote(path) + " has a byte that no path can have (RFC 6265 4.1.1)")
		}
	}
	prefix := "__Secure-"
	if c.Host {
		prefix = "__Host-"
		if path != "/" {
			panic("session: a Cookie with Host needs the Path /")
		}
	}
	sameSite := "; SameSite=Lax"
	switch c.SameSite {
	case fasthttp.CookieSameSiteStrictMode:
		sameSite = "; SameSite=Strict"
	case fasthttp.CookieSameSiteNoneMode:
		sameSite = "; SameSite=None"
	}
	where := "; Path=" + path
	attr := where + "; HttpOnly" + sameSite
	if s := c.MaxAge / time.Second; s > 0 {
		attr = "; Max-Age=" + strconv.FormatInt(int64(s), 10) + attr
	}
	forget := "; Max-Age=0" + where + "; HttpOnly" + sameSite
	c.clear = cookieText{[]byte(name + "="), attr, forget}
	c.secret = cookieText{[]byte(prefix + name + "="), attr + "; Secure", forget + "; Secure"}
}

// UID returns the n-th value of the cookies with the name. It reads the raw
// header, as having fasthttp take all cookies apart costs more than all else
// that is done with a session.
func (c *Cookie) UID(ctx *fasthttp.RequestCtx, n int) []byte {
	if n >= atMost {
		return nil
	}
	name := c.text(ctx).name
	line := ctx.Request.Header.PeekCanonical(cookieHeader)
	if line == nil {
		return nil
	}
	v, n := nthCookie(line, name, n)
	if v != nil {
		return v
	}
	// A proxy may have split the cookies into several headers.
	lines := ctx.Request.Header.PeekAll(fasthttp.HeaderCookie)
	for _, line := range lines[min(1, len(lines)):] {
		if v, n = nthCookie(line, name, n); v != nil {
			return v
		}
	}
	return nil
}

// nthCookie returns the n-th value of the name in a Cookie header, or nil and
// how many are still to be passed over.
func nthCookie(line, name []byte, n int) ([]byte, int) {
	for from := 0; ; {
		i := from
		if from > 0 || !bytes.HasPrefix(line, name) { // most often it is the only one
			if i = bytes.Index(line[from:], name); i < 0 {
				return nil, n
			}
			i += from
		}
		from = i + len(name)
		if !begins(line[:i]) {
			continue // the end of another name, or in a value
		}
		if n > 0 {
			n--
			continue
		}
		v := line[from:]
		if end := bytes.IndexByte(v, ';'); end >= 0 {
			v = v[:end]
		}
		return unquote(trim(v)), 0
	}
}

// begins reports whether a cookie can begin after what is before it.
func begins(before []byte) bool {
	before = trimRight(before)
	return len(before) == 0 || before[len(before)-1] == ';'
}

func trim(v []byte) []byte {
	for len(v) > 0 && (v[0] == ' ' || v[0] == '\t') {
		v = v[1:]
	}
	return trimRight(v)
}

func trimRight(v []byte) []byte {
	for len(v) > 0 && (v[len(v)-1] == ' ' || v[len(v)-1] == '\t') {
		v = v[:len(v)-1]
	}
	return v
}

func unquote(v []byte) []byte {
	if len(v) > 1 && v[0] == '"' && v[len(v)-1] == '"' {
		return v[1 : len(v)-1]
	}
	return v
}

// Send sets the cookie.
func (c *Cookie) Send(ctx *fasthttp.RequestCtx, uid string) {
	t := c.text(ctx)
	c.put(ctx, t, uid, t.attr)
}

// Clear has the browser forget the cookie.
func (c *Cookie) Clear(ctx *fasthttp.RequestCtx) {
	t := c.text(ctx)
	c.put(ctx, t, "", t.forget)
}

func (c *Cookie) put(ctx *fasthttp.RequestCtx, t *cookieText, uid, attr string) {
	var space [160]byte
	b := append(space[:0], t.name...)
	b = append(b, uid...)
	b = append(b, attr...)
	h := &ctx.Response.Header
	h.DelCookieBytes(t.name[:len(t.name)-1])
	h.AddBytesV(fasthttp.HeaderSetCookie, b)
}

// tokenByte reports whether a name may have b in it (RFC 9110 5.6.2).
func tokenByte(b byte) bool {
	return b > ' ' && b < 0x7f && bytes.IndexByte([]byte(`()<>@,;:\"/[]?={}`), b) < 0
}
