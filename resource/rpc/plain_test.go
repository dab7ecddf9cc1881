package rpc_test

import (
	"context"
	"html"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/persession"
	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/spindleweb/spindle/session"
	"github.com/stretchr/testify/require"
)

func TestPagesOfOtherSites(t *testing.T) {
	calls := 0
	w := serving(one("s", "f", func() { calls++ }))
	for _, c := range []struct {
		name    string
		headers []string
		ok      bool
	}{
		{"a program", nil, true},
		{"an address typed in", []string{"Sec-Fetch-Site: none"}, true},
		{"our page", []string{"Sec-Fetch-Site: same-origin"}, true},
		{"our page's form", []string{"Sec-Fetch-Site: same-origin", "Origin: http://example.org"}, true},
		{"a sibling", []string{"Sec-Fetch-Site: same-site"}, false},
		{"another site", []string{"Sec-Fetch-Site: cross-site"}, false},
		{"another site's form", []string{"Sec-Fetch-Site: cross-site", "Origin: http://evil.example"}, false},
		{"whatever comes later", []string{"Sec-Fetch-Site: somewhere"}, false},
		{"an old browser", []string{"Origin: http://example.org"}, true},
		{"an old browser over TLS", []string{"Origin: https://example.org"}, true},
		{"an old browser, another site", []string{"Origin: http://evil.example"}, false},
		{"another port", []string{"Origin: http://example.org:8080"}, false},
		{"a name that begins the same", []string{"Origin: http://example.org.evil.example"}, false},
		{"a name that ends the same", []string{"Origin: http://evil-example.org"}, false},
		{"a file or a frame", []string{"Origin: null"}, false},
		{"no scheme", []string{"Origin: example.org"}, false},
	} {
		for _, how := range []string{"plain", "html"} {
			t.Run(c.name+" "+how, func(t *testing.T) {
				calls = 0
				for _, method := range []string{"GET", "POST"} {
					want := 403
					if c.ok {
						want = 200
					}
					require.Equal(t, want, w.ask(t, method, "/rpc/s/f/"+how, "", c.headers...).StatusCode(), method)
				}
				if c.ok {
					require.Equal(t, 2, calls)
				} else {
					require.Zero(t, calls)
				}
				calls = 0
				w.ask(t, "HEAD", "/rpc/s/f/"+how, "", c.headers...)
				require.Zero(t, calls)
			})
		}
	}
}

// A browser asks before it sends these, but if it says that it has not, they are
// refused as well.
func TestPagesOfOtherSitesMakeNoCallsElsewhere(t *testing.T) {
	calls := 0
	w := serving(one("s", "f", func() { calls++ }))
	for _, header := range []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site", "Origin: http://evil.example", "Origin: null"} {
		for _, path := range []string{"/rpc", "/rpc/jsonrpc"} {
			require.Equal(t, 403, w.ask(t, "POST", path, jsonCall, "Content-Type: application/json", header).StatusCode())
		}
	}
	require.Zero(t, calls)
	for _, header := range []string{"Sec-Fetch-Site: same-origin", "Origin: http://example.org"} {
		require.Equal(t, 200, w.ask(t, "POST", "/rpc", jsonCall, "Content-Type: application/json", header).StatusCode())
	}
	require.Equal(t, 2, calls)
	// To look is allowed to those who come from elsewhere.
	code, _ := w.get(t, "/rpc/s/f", "Sec-Fetch-Site: cross-site")
	require.Equal(t, 200, code)
}

// Whose URL is a secret is one that another site's page does not know; what the
// browser says of such requests is of no use either, as it sends no Referer.
func TestPagesBelowASecret(t *testing.T) {
	space := &persession.Space{}
	calls := 0
	s := one("s", "f", func() { calls++ })
	root := new(resource.Branch)
	root.PutChild("at", space)
	w := inTree(root)
	space.New = perSession(gateway(s))
	space.Sessions.Log = slog.New(w.log)
	address := string(w.ask(t, "POST", "/at", "").Header.Peek("Location"))
	require.Equal(t, 200, w.ask(t, "POST", address+"/s/f/html", "", "Origin: null").StatusCode())
	require.Equal(t, 1, calls)
}

func TestStatusOfPlainHTTP(t *testing.T) {
	s := &rpc.Service{Name: "s"}
	s.Export("fail", func(name string) error {
		return &rpc.Fault{Name: name, Code: 7, Origin: "o", Description: "d", Details: "more"}
	}, "name=")
	for name, want := range map[string]int{
		"InvalidArgumentException": 400, "SecurityException": 403, "NotFoundException": 404, "NotApplicableException": 501,
		"ServiceException": 500, "OddException": 500, "": 500,
	} {
		w := serving(s)
		code, said := w.get(t, "/rpc/s/fail/plain?name="+name)
		require.Equal(t, want, code)
		require.Equal(t, "o -- d\n\nmore", said)
		code, said = w.form(t, "/rpc/s/fail/html", "name="+name)
		require.Equal(t, want, code)
		require.Contains(t, said, "o -- d\n\nmore")

		g := gateway(s)
		g.Dialect = rpc.AstroGrid
		code, said = around(g).get(t, "/rpc/s/fail/plain?name="+name)
		require.Equal(t, want, code)
		if name == "" {
			name = "ServiceException"
		}
		require.Equal(t, name+": d\n\nmore", said)
	}
}

// A query may have a password: it is in no log, no cache and no Referer.
func TestQueriesAreSecrets(t *testing.T) {
	w := serving(one("s", "login", func(password string) error {
		if password != "secret" {
			panic("no")
		}
		return nil
	}, "password"))
	for _, c := range []struct {
		method, path string
		headers      []string
	}{
		{"GET", "/rpc/s/login/plain?password=secret", nil},
		{"GET", "/rpc/s/login/html?password=secret", nil},
		{"POST", "/rpc/s/login/plain?password=secret", nil},
		{"HEAD", "/rpc/s/login/plain?password=secret", nil},
		{"GET", "/rpc/s/login/plain?password=secret&x=1", nil},
		{"GET", "/rpc/s/login/plain?password=secret&password=secret", nil},
		{"GET", "/rpc/s/login/plain?password=secret", []string{"Sec-Fetch-Site: cross-site"}},
		{"POST", "/rpc/s/login/plain?password=secret", []string{"Content-Type: text/plain"}},
	} {
		ctx := w.asked(t, c.method, c.path, "", c.headers...)
		path, _, _ := strings.Cut(c.path, "?")
		require.Equal(t, path+"?*", string(resource.Redacted(ctx, []byte(c.path))))
		require.Equal(t, "no-store", string(ctx.Response.Header.Peek("Cache-Control")))
		require.Equal(t, "no-referrer", string(ctx.Response.Header.Peek("Referrer-Policy")))
	}
	w.get(t, "/rpc/s/login/plain?password=hunter2")
	require.Len(t, w.log.heard(), 1)
	require.NotContains(t, w.log.heard()[0], "hunter2")
}

func TestBodiesOfPlainHTTP(t *testing.T) {
	var got any
	calls := 0
	w := serving(one("s", "f", func(v string) { calls++; got = v }, "v=default"))
	for _, c := range []struct {
		contentType, body string
		want              any
	}{
		{"application/x-www-form-urlencoded", "v=1", "1"},
		{"application/x-www-form-urlencoded; charset=utf-8", "v=1", "1"},
		{"Application/X-WWW-Form-Urlencoded", "v=1", "1"},
		{"application/x-www-form-urlencoded ;charset=utf-8", "v=1", "1"},
		{"application/x-www-form-urlencoded", "", "default"},
		{"", "", "default"},
		{"", "v=1", nil},
		{"text/plain", "v=1", nil},
		{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=v\r\n\r\n1\r\n--x--\r\n", nil},
		{"application/json", `{"v":"1"}`, nil},
		{"application/x-www-form-urlencodedx", "v=1", nil},
	} {
		for _, how := range []string{"plain", "html"} {
			t.Run(c.contentType+" "+how, func(t *testing.T) {
				got, calls = nil, 0
				var headers []string
				if c.contentType != "" {
					headers = append(headers, "Content-Type: "+c.contentType)
				}
				code := w.ask(t, "POST", "/rpc/s/f/"+how, c.body, headers...).StatusCode()
				if c.want == nil {
					require.Equal(t, 415, code)
					require.Zero(t, calls)
					return
				}
				require.Equal(t, 200, code)
				require.Equal(t, c.want, got)
			})
		}
	}
}

const bad = `<script>alert("x")</script>'`

func TestPagesEscape(t *testing.T) {
	s := &rpc.Service{Name: "s", Help: bad}
	s.Export("echo", func(v string) string { return v }, "v="+bad).Help = bad
	s.Export("fail", func(v string) error { return &rpc.Fault{Description: v, Origin: v, Details: v, Name: v} }, "v="+bad)
	w := serving(s)
	const query = "?v=%3Cscript%3Ealert(%22x%22)%3C%2Fscript%3E'"
	for _, path := range []string{
		"/rpc", "/rpc/s", "/rpc/s/echo", "/rpc/s/echo" + query, "/rpc/s/echo/html", "/rpc/s/echo/html" + query, "/rpc/s/fail/html", "/rpc/s/fail/html" + query,
		"/rpc/s/echo/html?%3Cscript%3E=1", "/rpc/system", "/rpc/system/methodHelp/html?name=%3Cscript%3E", "/rpc/system/methodHelp/html?name=s.echo",
	} {
		t.Run(path, func(t *testing.T) {
			r := w.ask(t, "GET", path, "")
			text := string(r.Body())
			require.NotContains(t, text, "<script")
			require.Equal(t, "text/html; charset=utf-8", string(r.Header.ContentType()))
			require.Equal(t, "nosniff", string(r.Header.Peek("X-Content-Type-Options")))
			policy := string(r.Header.Peek("Content-Security-Policy"))
			require.Contains(t, policy, "default-src 'none'")
			require.Contains(t, policy, "frame-ancestors 'none'")
			require.NotContains(t, policy, "script-src")
			require.NotEmpty(t, r.Header.Peek("Referrer-Policy"))
		})
	}
	_, text := w.get(t, "/rpc/s/echo/html"+query)
	result := regexp.MustCompile(`(?s)<pre[^>]*>(.*)</pre>`).FindStringSubmatch(text)
	require.NotNil(t, result)
	require.Equal(t, bad, html.UnescapeString(result[1]))
	r := w.ask(t, "GET", "/rpc/s/echo/plain"+query, "")
	require.Equal(t, bad, string(r.Body()))
	require.Equal(t, "text/plain; charset=utf-8", string(r.Header.ContentType()))
	require.Equal(t, "nosniff", string(r.Header.Peek("X-Content-Type-Options")))
}

// The form has a field for each parameter, which sends what the function takes.
func TestForms(t *testing.T) {
	s := one("s", "f", func(user, password string, n int) string { return user + password }, "user", "password", "n=60")
	w := serving(s)
	_, text := w.get(t, "/rpc/s/f")
	require.Contains(t, text, `method="post"`)
	for _, name := range []string{"user", "password", "n"} {
		require.Contains(t, text, `<input name="`+name+`"`)
	}
	require.Regexp(t, `<input name="password"[^>]* type="password"`, text)
	require.Contains(t, text, "60")
	require.NotContains(t, text, `type="text" name="password"`)
}

// perSession has every session served by a copy of the gateway.
func perSession(g *rpc.Gateway) func(context.Context, *session.Session) (resource.Resource, error) {
	return func(_ context.Context, s *session.Session) (resource.Resource, error) {
		own := *g
		own.Session = s
		return &own, nil
	}
}
