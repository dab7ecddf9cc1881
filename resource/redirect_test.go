package resource_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

func TestRedirectIsWrittenAsItIs(t *testing.T) {
	for _, url := range []string{
		"/x", "/", "x", "../x", "//x", "//evil.example/", "/a//b", "/a%2Fb", "/a/../b", "?q=1", "https://other.example/a?b#c",
		"/é", "/a b", "",
	} {
		t.Run(url, func(t *testing.T) {
			ways := map[string]resource.Resource{
				"value":  resource.Redirect(url),
				"method": resource.Func(func(req *resource.Request) { req.Redirect(url, 302) }),
				"bytes":  resource.Func(func(req *resource.Request) { req.RedirectBytes([]byte(url), 302) }),
			}
			tree, log := newTree(branch(ways))
			for way := range ways {
				for _, host := range []string{"Host: example.org\r\n", "Host: evil.example\r\n", "Host: <script>\r\n", ""} {
					ctx := parse(t, "GET /"+way+"/deep?a=b HTTP/1.0\r\n"+host+"\r\n")
					r := answer(t, tree, ctx)
					require.Equal(t, 302, r.StatusCode(), way)
					require.Equal(t, url, string(r.Header.Peek("Location")), way)
					require.Equal(t, "302 Found\n", string(r.Body()), "the page has nothing of anybody's")
				}
			}
			require.Empty(t, log.heard())
		})
	}
}

func TestRedirectKeepsTheMethod(t *testing.T) {
	tree, _ := newTree(branch(map[string]resource.Resource{"old": resource.Redirect("/new")}))
	srv := serve(t, tree.Handler)
	for method, code := range map[string]int{
		"GET": 302, "HEAD": 302, "POST": 307, "PUT": 307, "PATCH": 307, "DELETE": 307, "OPTIONS": 307, "FOO": 307, "get": 307,
	} {
		for _, path := range []string{"/old", "/old/", "/old/a/b"} {
			r := srv.ask(t, raw(method, path))
			require.Equal(t, code, r.StatusCode, method)
			require.Equal(t, []string{"/new"}, r.Header["Location"])
		}
	}
}

func TestRedirectHasTheCodeItWasGiven(t *testing.T) {
	for _, code := range []int{301, 302, 303, 307, 308} {
		tree, _ := newTree(resource.Func(func(req *resource.Request) { req.Redirect("/x", code) }))
		require.Equal(t, code, answer(t, tree, get(t, "/")).StatusCode())
	}
}

// What a client wrote into the path may end up in a Location.
func TestRedirectCannotBeSplit(t *testing.T) {
	tree, _ := newTree(&into{})
	srv := serve(t, tree.Handler)
	for _, evil := range []string{
		"%0d%0aX-Evil:%201", "%0aX-Evil:%201", "%0dX-Evil:%201", "%0d%0a%0d%0a<script>alert(1)</script>",
		"%0d%0aSet-Cookie:%20sid=x", "%0d%0aContent-Length:%200%0d%0a%0d%0aHTTP/1.1%20200%20OK",
	} {
		r := srv.ask(t, raw("GET", "/"+evil))
		require.NoError(t, r.err)
		require.Equal(t, 302, r.StatusCode)
		require.Equal(t, "302 Found\n", r.body)
		require.Len(t, r.Header["Location"], 1)
		require.NotContains(t, r.Header, "X-Evil")
		require.NotContains(t, r.Header, "Set-Cookie")
		for name, values := range r.Header {
			require.False(t, strings.ContainsAny(name+strings.Join(values, ""), "\r\n"))
		}
	}
}

// into sends to a place that the path names.
type into struct{ resource.Branch }

func (*into) GetChild(name []byte, _ *resource.Request) resource.Resource {
	return resource.Redirect("/to/" + string(name))
}

func TestHandlerGetsTheWholeURL(t *testing.T) {
	tree, _ := newTree(branch(map[string]resource.Resource{"fast": resource.Handler(func(ctx *fasthttp.RequestCtx) {
		_, _ = ctx.WriteString(string(ctx.Method()) + " " + string(ctx.Path()) + " " + string(ctx.QueryArgs().Peek("q")))
	})}))
	require.Equal(t, "GET /fast/a b/ 1", string(answer(t, tree, get(t, "/fast/a%20b/?q=1")).Body()))
	require.Equal(t, "FOO /fast ", string(answer(t, tree, parse(t, raw("FOO", "/fast"))).Body()))
}

func TestFuncAnswersAllAndGETOnlyGET(t *testing.T) {
	tree, _ := newTree(branch(map[string]resource.Resource{
		"func": resource.Func(func(req *resource.Request) { _, _ = req.Write(req.Method()) }),
		"get":  resource.GET(func(req *resource.Request) { _, _ = req.Write(req.Method()) }),
	}))
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodOptions, "FOO", "foo", http.MethodTrace} {
		require.Equal(t, method, string(answer(t, tree, parse(t, raw(method, "/func/and/more"))).Body()))
	}
	require.Equal(t, "GET", string(answer(t, tree, get(t, "/get/")).Body()))
	require.Equal(t, 404, answer(t, tree, get(t, "/get/more")).StatusCode(), "GET has no children and is no leaf")
	r := answer(t, tree, parse(t, raw("POST", "/get")))
	require.Equal(t, 405, r.StatusCode())
	require.Equal(t, "GET, HEAD, OPTIONS", string(r.Header.Peek("Allow")))
}
