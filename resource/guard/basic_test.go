package guard_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/guard"
	"github.com/spindleweb/spindle/session"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

func ask(t testing.TB, root resource.Resource, method, path string, headers ...string) *fasthttp.Response {
	t.Helper()
	text := method + " " + path + " HTTP/1.1\r\nHost: example.org\r\n"
	for _, h := range headers {
		text += h + "\r\n"
	}
	ctx := new(fasthttp.RequestCtx)
	ctx.Init(new(fasthttp.Request), nil, nil)
	require.NoError(t, ctx.Request.Read(bufio.NewReaderSize(strings.NewReader(text+"\r\n"), 64<<10)))
	sessions := new(session.Manager)
	(&resource.Tree{Root: root, Sessions: sessions, Log: slog.New(slog.DiscardHandler)}).Handler(ctx)
	require.NoError(t, sessions.Close(t.Context()))
	return &ctx.Response
}

// basic is what a client sends that has been told this.
func basic(user, password string) string { return code("Basic", user+":"+password) }

func code(scheme, text string) string {
	return "Authorization: " + scheme + " " + base64.StdEncoding.EncodeToString([]byte(text))
}

// inside tells who has come and what is left of the path.
func inside() resource.Resource {
	return resource.Func(func(req *resource.Request) { fmt.Fprintf(req, "%s %q", guard.User(req), req.Postpath()) })
}

var users = guard.Users(map[string]string{"eva": "secret", "jo:nas": "x", "colons": "a:b:", "nobody": "", "Zoë": "naïve", "": "empty"})

func TestWhoIsLetIn(t *testing.T) {
	eva := base64.StdEncoding.EncodeToString([]byte("eva:secret"))
	for name, test := range map[string]struct {
		headers []string
		user    string // "-" if none is let in
	}{
		"nothing":                   {nil, "-"},
		"eva":                       {[]string{basic("eva", "secret")}, "eva"},
		"a wrong password":          {[]string{basic("eva", "secret2")}, "-"},
		"a part of it":              {[]string{basic("eva", "secre")}, "-"},
		"no password":               {[]string{basic("eva", "")}, "-"},
		"another's password":        {[]string{basic("eva", "x")}, "-"},
		"other letters":             {[]string{basic("eva", "SECRET")}, "-"},
		"another's name":            {[]string{basic("Eva", "secret")}, "-"},
		"a blank more":              {[]string{basic("eva ", "secret")}, "-"},
		"nobody we know":            {[]string{basic("mallory", "secret")}, "-"},
		"nobody we know, empty":     {[]string{basic("mallory", "")}, "-"},
		"a password that is empty":  {[]string{basic("nobody", "")}, "nobody"},
		"a name that is empty":      {[]string{basic("", "empty")}, ""},
		"colons in the password":    {[]string{basic("colons", "a:b:")}, "colons"},
		"a colon in the name":       {[]string{basic("jo:nas", "x")}, "-"},
		"UTF-8":                     {[]string{basic("Zoë", "naïve")}, "Zoë"},
		"Latin-1":                   {[]string{basic("Zo\xeb", "na\xefve")}, "-"},
		"NUL after it":              {[]string{basic("eva", "secret\x00")}, "-"},
		"NUL before it":             {[]string{basic("\x00eva", "secret")}, "-"},
		"a line end":                {[]string{basic("eva", "secret\r\n")}, "-"},
		"no colon":                  {[]string{code("Basic", "evasecret")}, "-"},
		"nothing encoded":           {[]string{code("Basic", "")}, "-"},
		"a colon alone":             {[]string{code("Basic", ":")}, "-"},
		"basic":                     {[]string{code("basic", "eva:secret")}, "eva"},
		"BASIC":                     {[]string{code("BASIC", "eva:secret")}, "eva"},
		"two blanks":                {[]string{"Authorization: Basic  " + eva}, "eva"},
		"blanks after it":           {[]string{"Authorization: Basic " + eva + "  "}, "eva"},
		"header in other letters":   {[]string{"AUTHORIZATION: Basic " + eva}, "eva"},
		"another scheme":            {[]string{code("Bearer", "eva:secret")}, "-"},
		"no scheme":                 {[]string{"Authorization: " + eva}, "-"},
		"a scheme alone":            {[]string{"Authorization: Basic"}, "-"},
		"a longer scheme":           {[]string{code("BasicX", "eva:secret")}, "-"},
		"not base64":                {[]string{"Authorization: Basic eva:secret"}, "-"},
		"something after it":        {[]string{"Authorization: Basic " + eva + ", Basic " + eva}, "-"},
		"a blank within":            {[]string{"Authorization: Basic " + eva[:4] + " " + eva[4:]}, "-"},
		"10 kB":                     {[]string{basic("eva", strings.Repeat("secret", 1000))}, "-"},
		"the proxy's header":        {[]string{"Proxy-" + basic("eva", "secret")}, "-"},
		"in a cookie":               {[]string{"Cookie: Authorization=Basic " + eva}, "-"},
		"twice, the first is wrong": {[]string{basic("eva", "no"), basic("eva", "no")}, "-"},
	} {
		for _, path := range []string{"/", "/a/b?x=1"} {
			for _, method := range []string{"GET", "POST", "HEAD", "OPTIONS", "BREW"} {
				t.Run(name+" "+method+" "+path, func(t *testing.T) {
					r := ask(t, &guard.Basic{Resource: inside(), Check: users, Realm: "here"}, method, path, test.headers...)
					if test.user == "-" {
						require.Equal(t, 401, r.StatusCode())
						require.Equal(t, `Basic realm="here", charset="UTF-8"`, string(r.Header.Peek("WWW-Authenticate")))
						require.NotContains(t, r.String(), "secret")
						return
					}
					require.Equal(t, 200, r.StatusCode())
					require.Empty(t, r.Header.Peek("WWW-Authenticate"))
					rest := map[string]string{"/": `[""]`, "/a/b?x=1": `["a" "b"]`}[path]
					require.Equal(t, test.user+" "+rest, string(r.Body()))
				})
			}
		}
	}
}

func TestNobodyByDefault(t *testing.T) {
	for _, check := range []func(string, string) bool{nil, guard.Users(nil), guard.Users(map[string]string{})} {
		for _, header := range []string{basic("eva", "secret"), basic("", ""), "X: 1"} {
			require.Equal(t, 401, ask(t, &guard.Basic{Resource: inside(), Check: check}, "GET", "/", header).StatusCode())
		}
	}
}

func TestTheRealmIsQuoted(t *testing.T) {
	for realm, want := range map[string]string{
		"":                     `""`,
		`a "b" \c`:             `"a \"b\" \\c"`,
		"a\r\nSet-Cookie: x=1": `"a  Set-Cookie: x=1"`,
	} {
		r := ask(t, &guard.Basic{Realm: realm}, "GET", "/")
		require.Equal(t, `Basic realm=`+want+`, charset="UTF-8"`, string(r.Header.Peek("WWW-Authenticate")))
		require.Empty(t, r.Header.Peek("Set-Cookie"))
	}
}

// What is guarded is found out about by nobody: what is there and what is not
// answer the same.
func TestNothingIsToldOutside(t *testing.T) {
	b := new(resource.Branch)
	b.PutChild("there", inside())
	var asked atomic.Bool
	b.PutChild("busy", resource.Func(func(*resource.Request) { asked.Store(true) }))
	g := &guard.Basic{Resource: b, Check: users}
	want := ask(t, g, "GET", "/there").String()
	for _, path := range []string{"/busy", "/nothing", "/there/", "/", "//", "/../there"} {
		require.Equal(t, want, ask(t, g, "GET", path).String(), path)
	}
	require.False(t, asked.Load())
	in := basic("eva", "secret")
	require.Equal(t, 404, ask(t, g, "GET", "/nothing", in).StatusCode())
	require.Equal(t, "eva []", string(ask(t, g, "GET", "/there", in).Body()))
	require.Equal(t, 404, ask(t, &guard.Basic{Check: users}, "GET", "/", in).StatusCode(), "nothing is guarded")
}

func TestACheckThatPanics(t *testing.T) {
	g := &guard.Basic{Resource: inside(), Check: func(string, string) bool { panic("no database") }}
	r := ask(t, g, "GET", "/", basic("eva", "secret"))
	require.Equal(t, 500, r.StatusCode())
	require.NotContains(t, r.String(), "database")
}

// A guard within a guard: the inner one has the last word.
func TestAGuardWithinAGuard(t *testing.T) {
	inner := &guard.Basic{Resource: inside(), Check: guard.Users(map[string]string{"eva": "secret"})}
	outer := &guard.Basic{Resource: inner, Check: users}
	require.Equal(t, 401, ask(t, outer, "GET", "/", basic("nobody", "")).StatusCode())
	require.Equal(t, `eva [""]`, string(ask(t, outer, "GET", "/", basic("eva", "secret")).Body()))
}

func TestUsersKeepsItsOwn(t *testing.T) {
	passwords := map[string]string{"eva": "secret"}
	check := guard.Users(passwords)
	passwords["eva"], passwords["mallory"] = "x", "x"
	require.True(t, check("eva", "secret"))
	require.False(t, check("eva", "x"))
	require.False(t, check("mallory", "x"))
}

func TestUser(t *testing.T) {
	require.Empty(t, guard.User(context.Background()))
	require.Equal(t, ` [""]`, string(ask(t, inside(), "GET", "/").Body()), "nobody had to log in")
	ctx := guard.WithUser(context.Background(), "eva")
	require.Equal(t, "eva", guard.User(ctx))
	within, cancel := context.WithCancel(ctx)
	require.Equal(t, "eva", guard.User(within))
	cancel()
	require.Equal(t, "eva", guard.User(within))
	require.Equal(t, "jo", guard.User(guard.WithUser(within, "jo")))
	require.Empty(t, guard.User(guard.WithUser(ctx, "")))
}
