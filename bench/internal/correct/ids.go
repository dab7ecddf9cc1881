package correct

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/gorilla/sessions"
	"github.com/spindleweb/spindle/bench/internal/peer"
	"github.com/valyala/fasthttp"
)

// madeUp is session fixation: an attacker has a victim send an id that the
// attacker knows. If the server takes it, they share a session.
var madeUp = check{
	name: "an id that a client made up, in the library's own format",
	see: func(p *peer.Peer) (verdict, error) {
		v, err := visit(p, peer.Options{})
		if err != nil {
			return verdict{}, err
		}
		if _, err := v.value(); err != nil {
			return verdict{}, err
		}
		fake := another(v.cookie())
		if fake == v.cookie() {
			return verdict{}, fmt.Errorf("no other id could be made of %q", fake)
		}
		if n, err := newVisitor(v.app, fake).value(); err != nil {
			return verdict{}, err
		} else if n != 1 {
			return bad("leads to another visitor's session")
		}
		n, err := newVisitor(v.app, fake).value()
		switch {
		case err != nil:
			return verdict{}, err
		case n != 1:
			return bad("adopted: whoever sends it too has the same session")
		}
		return good("replaced by a new one")
	},
}

// another returns a cookie like this one that was never issued: of the last
// letters and digits of its value each is the next of its kind.
func another(cookie string) string {
	b := []byte(cookie)
	first := strings.IndexByte(cookie, '=') + 1
	for i, changed := len(b)-1, 0; i >= first && changed < 8; i-- {
		c := next(b[i])
		if c != b[i] {
			b[i] = c
			changed++
		}
	}
	return string(b)
}

// next keeps digits digits and hexadecimal ones hexadecimal.
func next(c byte) byte {
	for _, kind := range []string{"0123456789", "abcdef", "ghijklmnopqrstuvwxyz", "ABCDEF", "GHIJKLMNOPQRSTUVWXYZ"} {
		if i := strings.IndexByte(kind, c); i >= 0 {
			return kind[(i+1)%len(kind)]
		}
	}
	return c
}

// stale is what a browser sends that has an old cookie of the same name from
// another path or a parent domain: both, in an order that the server cannot
// choose.
var stale = check{
	name: "two cookies of the name, of which the second is good",
	see: func(p *peer.Peer) (verdict, error) {
		v, err := visit(p, peer.Options{})
		if err != nil {
			return verdict{}, err
		}
		if _, err := v.value(); err != nil {
			return verdict{}, err
		}
		n, err := newVisitor(v.app, another(v.cookie())+"; "+v.cookie()).value()
		switch {
		case err != nil:
			return verdict{}, err
		case n != 2:
			return bad("the visitor's session is not found")
		}
		return good("the visitor's session is found")
	},
}

// markings are what keeps scripts from the cookie, and it from requests that
// other sites have the browser make.
var markings = check{
	name: "the cookie is HttpOnly and SameSite by default",
	see: func(p *peer.Peer) (verdict, error) {
		line, err := cookieOf(p)
		if err != nil {
			return verdict{}, err
		}
		c, err := http.ParseSetCookie(line)
		if err != nil {
			return verdict{}, err
		}
		says := "no HttpOnly"
		if c.HttpOnly {
			says = "HttpOnly"
		}
		switch c.SameSite {
		case http.SameSiteLaxMode:
			says += ", SameSite=Lax"
		case http.SameSiteStrictMode:
			says += ", SameSite=Strict"
		case http.SameSiteNoneMode:
			says += ", SameSite=None"
		default:
			says += ", no SameSite"
		}
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode && c.SameSite != http.SameSiteStrictMode {
			return bad("%s", says)
		}
		return good("%s", says)
	},
}

// cookieOf returns the Set-Cookie header with which a library answers a new
// visitor.
func cookieOf(p *peer.Peer) (string, error) {
	app, err := p.New(peer.Options{})
	if err != nil {
		return "", err
	}
	if p.Name == "gorilla/sessions" {
		// The program sets what a cookie needs that travels without TLS; this
		// is what the library does by itself.
		o := *sessions.NewCookieStore(make([]byte, 32)).Options
		return sessions.NewCookie(app.Cookie, "value", &o).String(), nil
	}
	var lines []string
	if app.Fast != nil {
		ctx := new(fasthttp.RequestCtx)
		ctx.Init2(nil, nil, false)
		request := "GET " + peer.Value + " HTTP/1.1\r\nHost: localhost\r\n\r\n"
		if err := ctx.Request.Read(bufio.NewReader(strings.NewReader(request))); err != nil {
			return "", err
		}
		app.Fast(ctx)
		for _, line := range ctx.Response.Header.PeekAll(fasthttp.HeaderSetCookie) {
			lines = append(lines, string(line))
		}
	} else {
		rec := httptest.NewRecorder()
		app.Std.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, peer.Value, nil))
		lines = rec.Header()["Set-Cookie"]
	}
	for _, line := range lines {
		if strings.HasPrefix(line, app.Cookie+"=") {
			return line, nil
		}
	}
	return "", fmt.Errorf("no cookie %q comes back", app.Cookie)
}
