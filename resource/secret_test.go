package resource_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

// A secretive resource takes its child's name for a secret, and has f answer for
// all at and below it.
type secretive struct {
	resource.Branch
	f func(*resource.Request)
}

func (s *secretive) GetChild(_ []byte, req *resource.Request) resource.Resource {
	req.Secret()
	return resource.Func(s.f)
}

// concealed requires what every answer has whose URL has a secret.
func concealed(t testing.TB, r *fasthttp.Response) {
	t.Helper()
	for name, want := range map[string]string{"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"} {
		var got []string
		for line := range strings.Lines(r.Header.String()) {
			if n, v, _ := strings.Cut(strings.TrimSpace(line), ": "); strings.EqualFold(n, name) {
				got = append(got, v)
			}
		}
		require.Equal(t, []string{want}, got, name)
	}
}

// logged has the tree answer, and returns what a log shows of the URL and the
// Referer.
func logged(t testing.TB, tree *resource.Tree, path string, headers ...string) (url, referer string) {
	t.Helper()
	ctx := get(t, path, headers...)
	tree.Handler(ctx)
	h := &ctx.Request.Header
	return string(resource.Redacted(ctx, h.RequestURI())), string(resource.Redacted(ctx, h.Referer()))
}

func TestRedacted(t *testing.T) {
	const site = "http://example.org"
	answer := func(req *resource.Request) {
		if req.QueryArgs().Has("hide") {
			req.SecretQuery()
		}
	}
	root := branch(map[string]resource.Resource{
		"s": &secretive{f: answer},
		"q": resource.Func(answer),
		"two": resource.Func(func(req *resource.Request) {
			req.Shift()
			req.Secret()
			req.Shift()
			req.Shift()
			req.Secret()
			answer(req)
		}),
		"top": resource.Func(func(req *resource.Request) { req.Secret() }),
	})
	for name, test := range map[string]struct{ path, url, referer, shown string }{
		"nothing":             {"/q/x", "/q/x", site + "/q/x", site + "/q/x"},
		"a secret":            {"/s/x", "/s/*", site + "/s/x", site + "/s/*"},
		"and below it":        {"/s/x/a/b", "/s/*/a/b", site + "/s/x/c?d=1", site + "/s/*/c?d=1"},
		"trailing slash":      {"/s/x/", "/s/*/", site + "/s/x/", site + "/s/*/"},
		"with a query":        {"/s/x?a=/x/y", "/s/*?a=/x/y", site + "/?q", site + "/?q"},
		"with a fragment":     {"/s/x", "/s/*", site + "/s/x#f", site + "/s/*#f"},
		"another's":           {"/s/x", "/s/*", "http://elsewhere.example/x/y", "http://elsewhere.example/*/y"},
		"twice":               {"/s/x/x/xx", "/s/*/*/xx", "", ""},
		"an escape":           {"/s/%78", "/s/*", site + "/s/%78", site + "/s/*"},
		"escapes":             {"/s/a%2Fb/c", "/s/*/c", site + "/s/a%2Fb", site + "/s/*"},
		"escapes below":       {"/s/x/a%2Fb", "/s/*/a%2Fb", "", ""},
		"a full URL":          {site + "/s/x/y", site + "/s/*/y", "", ""},
		"an empty segment":    {"/s//x", "/s//x", site + "//", site + "//"},
		"nothing of it":       {"/s/", "/s/", "", ""},
		"two":                 {"/two/x/y/z", "/two/*/y/*", site + "/two/x/y/z/", site + "/two/*/y/*/"},
		"two of one":          {"/two/x/y/x", "/two/*/y/*", "", ""},
		"a star":              {"/s/*", "/s/*", "", ""},
		"a query":             {"/q/x?hide=1&password=y", "/q/x?*", site + "/q?password=y", site + "/q?*"},
		"a query, a fragment": {"/q?hide", "/q?*", site + "/q#password", site + "/q?*"},
		"a query, no other":   {"/q?hide", "/q?*", site + "/q", site + "/q"},
		"both":                {"/s/x/y?hide&p=x", "/s/*/y?*", site + "/s/x?p=x", site + "/s/*?*"},
		"the last walked":     {"/top/x", "/*/x", "", ""},
		"a bare question":     {"/s/x?", "/s/*?", "", ""},
		"bytes":               {"/s/\xff\xfe/y", "/s/*/y", "", ""},
		"ten thousand":        {"/s/" + strings.Repeat("x", 10000) + "/y", "/s/*/y", site + "/" + strings.Repeat("x", 10000), site + "/*"},
	} {
		t.Run(name, func(t *testing.T) {
			tree, _ := newTree(root)
			url, referer := logged(t, tree, test.path, "Referer: "+test.referer)
			require.Equal(t, test.url, url)
			require.Equal(t, test.shown, referer)
		})
	}
}

// What looks like the id of a session counts as one in a Referer and where a
// request has come to an error.
func TestRedactedGuesses(t *testing.T) {
	a := func(n int) string { return "a" + strings.Repeat("A", n-1) }
	for segment, is := range map[string]bool{
		a(22): true, a(86): true, a(43): true, a(32): true,
		a(21): false, a(87): false, a(10000): false, a(21) + "B": false,
		strings.Repeat("A", 22): false, "session-management-in-AAA": false, "how-to-write-a-good-slug": false, "d41d8cd98f00b204e9800998ecf8427e": false, a(21) + ".": false, a(22) + "==": false,
		"x": false, "": false, "*": false,
	} {
		shown := segment
		if is {
			shown = "*"
		}
		tree, _ := newTree(branch(map[string]resource.Resource{
			"200": resource.Func(func(*resource.Request) {}),
			"404": resource.Status(404),
			"500": resource.Func(func(*resource.Request) { panic("x") }),
		}))
		referer := "http://example.org/a/" + segment + "/b?x=1&id=" + segment
		for path, want := range map[string]string{
			"/200/" + segment + "?x": "/200/" + segment + "?x",
			"/404/" + segment + "?x": "/404/" + shown + "?x",
			"/200/x?id=" + segment:   "/200/x?id=" + segment,
			"/404/x?id=" + segment:   "/404/x?id=" + shown,
			"/500/" + segment + "/b": "/500/" + shown + "/b",
			"/no/%zz/" + segment:     "/no/%zz/" + shown,
		} {
			url, from := logged(t, tree, path, "Referer: "+referer)
			require.Equal(t, want, url)
			require.Equal(t, "http://example.org/a/"+shown+"/b?x=1&id="+shown, from)
		}
	}
}

func TestCrossSite(t *testing.T) {
	const fetch = "Sec-Fetch-Site: "
	for name, test := range map[string]struct {
		headers []string
		is      bool
	}{
		"a program":                          {nil, false},
		"the same origin":                    {[]string{fetch + "same-origin"}, false},
		"typed":                              {[]string{fetch + "none"}, false},
		"another site":                       {[]string{fetch + "cross-site"}, true},
		"a sister":                           {[]string{fetch + "same-site"}, true},
		"what nobody has heard of":           {[]string{fetch + "x"}, true},
		"it comes before Origin":             {[]string{fetch + "same-origin", "Origin: http://evil.example"}, false},
		"and the other way":                  {[]string{fetch + "cross-site", "Origin: http://example.org"}, true},
		"Origin":                             {[]string{"Origin: http://example.org"}, false},
		"Origin of https":                    {[]string{"Origin: https://example.org"}, false},
		"Origin in capitals":                 {[]string{"Origin: HTTP://EXAMPLE.ORG"}, false},
		"Origin of another":                  {[]string{"Origin: http://evil.example"}, true},
		"Origin of another port":             {[]string{"Origin: http://example.org:8080"}, true},
		"Origin of none":                     {[]string{"Origin: null"}, true},
		"Origin of a longer name":            {[]string{"Origin: http://example.org.evil.example"}, true},
		"Origin of a name that ends so":      {[]string{"Origin: http://evilexample.org"}, true},
		"Origin with a user":                 {[]string{"Origin: http://example.org@evil.example"}, true},
		"Origin, no URL":                     {[]string{"Origin: example.org"}, true},
		"Referer":                            {[]string{"Referer: http://example.org/x/y?z"}, false},
		"Referer of another":                 {[]string{"Referer: http://evil.example/example.org"}, true},
		"Referer that mentions it":           {[]string{"Referer: http://evil.example/?://example.org/"}, true},
		"Referer with a user":                {[]string{"Referer: http://example.org@evil.example/"}, true},
		"Referer, a backslash":               {[]string{`Referer: http://evil.example\://example.org/`}, true},
		"Origin comes before Referer":        {[]string{"Origin: http://evil.example", "Referer: http://example.org/"}, true},
		"Origin comes before Referer, right": {[]string{"Origin: http://example.org", "Referer: http://evil.example/"}, false},
	} {
		tree, _ := newTree(resource.Func(func(req *resource.Request) { fmt.Fprint(req, req.CrossSite()) }))
		for _, method := range []string{"GET", "POST"} {
			r := answer(t, tree, parse(t, raw(method, "/", test.headers...)))
			require.Equal(t, fmt.Sprint(test.is), string(r.Body()), name)
		}
	}
}

// Redacted changes nothing of what it is given, and takes anything.
func TestRedactedIsACopy(t *testing.T) {
	tree, _ := newTree(branch(map[string]resource.Resource{"s": &secretive{f: func(req *resource.Request) { req.SecretQuery() }}}))
	ctx := get(t, "/s/x?y")
	tree.Handler(ctx)
	for range 2 {
		require.Equal(t, "/s/*?*", string(resource.Redacted(ctx, ctx.RequestURI())))
		require.Equal(t, "/s/x?y", string(ctx.RequestURI()))
	}
	for in, out := range map[string]string{"": "", "/": "/", "x": "*", "?": "?*", "#": "?*", "x?x": "*?*", "//x//": "//*//", "-": "-"} {
		require.Equal(t, out, string(resource.Redacted(ctx, []byte(in))), in)
	}
	require.Empty(t, resource.Redacted(ctx, nil))
	fresh := get(t, "/s/x?y")
	require.Equal(t, "/s/x?y", string(resource.Redacted(fresh, fresh.RequestURI())), "of another request nothing is known")
}

// The access log asks for each request.
func TestRedactedCostsNothingWhereNothingIsSecret(t *testing.T) {
	ctx := get(t, "/docs/a-page?of=this&and=that")
	referer := []byte("http://example.org/docs/another-page?of=this")
	require.Zero(t, testing.AllocsPerRun(100, func() {
		resource.Redacted(ctx, ctx.RequestURI())
		resource.Redacted(ctx, referer)
	}))
}

// A page of another site does not know a URL with a secret.
func TestASecretIsNotCrossSite(t *testing.T) {
	for path, want := range map[string]string{"/s/x": "false", "/s/x/y": "false", "/q": "true", "/query?x": "true"} {
		has := func(req *resource.Request) { fmt.Fprint(req, req.CrossSite()) }
		tree, _ := newTree(branch(map[string]resource.Resource{
			"s":     &secretive{f: has},
			"q":     resource.Func(has),
			"query": resource.Func(func(req *resource.Request) { req.SecretQuery(); has(req) }),
		}))
		require.Equal(t, want, string(answer(t, tree, get(t, path, "Sec-Fetch-Site: cross-site")).Body()), path)
	}
}

func TestASecretConcealsEveryAnswer(t *testing.T) {
	ends := map[string]struct {
		code int
		end  func(*resource.Request)
	}{
		"200":        {200, func(req *resource.Request) { _, _ = req.WriteString("x") }},
		"304":        {304, func(req *resource.Request) { req.NotModified() }},
		"404":        {404, func(req *resource.Request) { req.NotFound() }},
		"abort":      {418, func(req *resource.Request) { req.Abort(418) }},
		"bad abort":  {500, func(req *resource.Request) { req.Abort(1000) }},
		"error":      {500, func(req *resource.Request) { req.Error("x", 500) }},
		"panic":      {500, func(*resource.Request) { panic("x") }},
		"redirect":   {307, func(req *resource.Request) { req.Redirect("/x", 307) }},
		"reset":      {200, func(req *resource.Request) { req.Response.Reset() }},
		"reset all":  {200, func(req *resource.Request) { req.Response.Header.Reset() }},
		"its own":    {200, func(req *resource.Request) { req.Response.Header.Set("Cache-Control", "public") }},
		"stream":     {200, func(req *resource.Request) { req.SetBodyStream(strings.NewReader("x"), 1) }},
		"bad stream": {200, func(req *resource.Request) { req.SetBodyStream(errReader{}, -1) }},
		"bad close":  {500, func(req *resource.Request) { req.RequestCtx.SetBodyStream(closesBadly{}, -1); panic("x") }},
		"several of its own": {200, func(req *resource.Request) {
			for range 3 {
				req.Response.Header.Add("Cache-Control", "public")
				req.Response.Header.Add("Referrer-Policy", "unsafe-url")
			}
		}},
	}
	for name, test := range ends {
		for _, path := range []string{"/s/x", "/s/x/y/z", "/q?x"} {
			t.Run(name+" "+path, func(t *testing.T) {
				end := func(req *resource.Request) {
					if strings.HasPrefix(path, "/q") {
						req.SecretQuery()
					}
					test.end(req)
				}
				tree, _ := newTree(branch(map[string]resource.Resource{"s": &secretive{f: end}, "q": resource.Func(end)}))
				for _, method := range []string{"GET", "HEAD", "POST"} {
					r := answer(t, tree, parse(t, raw(method, path)))
					require.Equal(t, test.code, r.StatusCode())
					concealed(t, r)
				}
			})
		}
	}
	t.Run("no secret, no headers", func(t *testing.T) {
		tree, _ := newTree(branch(map[string]resource.Resource{"s": &secretive{f: func(*resource.Request) {}}, "q": say("x")}))
		concealed(t, answer(t, tree, get(t, "/s/x")))
		for range 3 { // whoever had the Request before
			r := answer(t, tree, get(t, "/q"))
			require.Empty(t, r.Header.Peek("Cache-Control"))
			require.Empty(t, r.Header.Peek("Referrer-Policy"))
		}
	})
	t.Run("404 by a GetChild", func(t *testing.T) {
		tree, _ := newTree(branch(map[string]resource.Resource{"s": new(nothing)}))
		for _, path := range []string{"/s/x", "/s/x/y"} {
			r := answer(t, tree, get(t, path))
			require.Equal(t, 404, r.StatusCode())
			concealed(t, r)
		}
	})
}

type closesBadly struct{ errReader }

func (closesBadly) Close() error { panic(errors.New("cannot be closed")) }

// nothing has no child, whose name is a secret for that.
type nothing struct{ resource.Branch }

func (*nothing) GetChild(_ []byte, req *resource.Request) resource.Resource {
	req.Secret()
	return nil
}

// On the wire: answers that are made apart from the response, and the next
// request of the connection, which has no secret.
func TestASecretOnTheWire(t *testing.T) {
	tree, _ := newTree(branch(map[string]resource.Resource{
		"s": &secretive{f: func(req *resource.Request) {
			switch string(req.QueryArgs().Peek("do")) {
			case "late":
				req.TimeoutError("too late")
			case "late, too": // TimeoutErrorWithResponse takes a response of its own
				late := fasthttp.AcquireResponse()
				defer fasthttp.ReleaseResponse(late)
				late.SetStatusCode(503)
				req.TimeoutErrorWithResponse(late)
			case "write":
				req.SetBodyStreamWriter(func(w *bufio.Writer) { _, _ = io.WriteString(w, "written") })
			}
		}},
		"q": say("x"),
	}))
	h := serve(t, tree.Handler)
	for do, code := range map[string]int{"": 200, "write": 200, "late": 408, "late,%20too": 503} {
		t.Run(do, func(t *testing.T) {
			c := h.dial(t)
			br := bufio.NewReader(c)
			r := exchange(t, c, br, raw("GET", "/s/x?do="+do))
			require.NoError(t, r.err)
			require.Equal(t, code, r.StatusCode)
			require.Equal(t, []string{"no-referrer"}, r.Header["Referrer-Policy"])
			require.Equal(t, []string{"no-store"}, r.Header["Cache-Control"])
			if r.Close {
				return
			}
			r = exchange(t, c, br, raw("GET", "/q"))
			require.Empty(t, r.Header["Referrer-Policy"])
			require.Empty(t, r.Header["Cache-Control"])
		})
	}
}

// The log of a panic shows the path without its secrets.
func TestThePanicOfASecret(t *testing.T) {
	for path, want := range map[string]string{
		"/s/hidden":                       "path=/s/*",
		"/s/hidden/x":                     "path=/s/*/x",
		"/s/hidden/x/hidden/?hidden":      "path=/s/*/x/*/",
		"http://example.org/s/hidden/x":   "path=/s/*/x",
		"/s/%68idden/x":                   "path=/s/*/x",
		"/s/%68idden%2Fhidden/%68idden/x": "path=/s/*/%68idden/x",
	} {
		tree, log := newTree(branch(map[string]resource.Resource{"s": &secretive{f: func(*resource.Request) { panic("x") }}}))
		require.Equal(t, 500, answer(t, tree, get(t, path)).StatusCode())
		require.Len(t, log.heard(), 1)
		require.Contains(t, log.heard()[0], want+" ", path)
		require.NotContains(t, log.heard()[0], "hidden/hidden")
		if !strings.Contains(want, "idden") {
			require.NotContains(t, log.heard()[0], "idden")
		}
	}
}
