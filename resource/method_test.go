package resource_test

import (
	"bufio"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/stretchr/testify/require"
)

type (
	mute     struct{ resource.Branch }
	muteLeaf struct{ resource.Leaf }
	form     struct{ resource.Branch }
	store    struct{ resource.Leaf }
	options  struct{ resource.Leaf }
	anything struct{ resource.Leaf }
	mixed    struct{ resource.Leaf }
	// wrong has the names, but not what makes them methods of the tree.
	wrong struct{ resource.Leaf }
)

func echo(name string, req *resource.Request) {
	req.Response.Header.Set("X-By", name)
	_, _ = req.WriteString(name + " " + string(req.Method()))
}

func (*form) RenderGET(req *resource.Request)       { echo("get", req) }
func (*form) RenderPOST(req *resource.Request)      { echo("post", req) }
func (store) RenderPUT(req *resource.Request)       { echo("put", req) }
func (store) RenderPATCH(req *resource.Request)     { echo("patch", req) }
func (store) RenderDELETE(req *resource.Request)    { echo("delete", req) }
func (options) RenderOPTIONS(req *resource.Request) { echo("options", req) }
func (anything) Render(req *resource.Request)       { echo("any", req) }
func (mixed) RenderGET(req *resource.Request)       { echo("get", req) }
func (mixed) Render(req *resource.Request)          { echo("any", req) }
func (wrong) RenderGet(req *resource.Request)       { echo("wrong", req) }
func (wrong) RenderPOST()                           {}
func (wrong) RenderHEAD(req *resource.Request)      { echo("wrong", req) }

func TestDispatch(t *testing.T) {
	root := branch(map[string]resource.Resource{
		"mute": new(mute), "muteleaf": muteLeaf{}, "wrong": wrong{}, "form": new(form), "store": store{},
		"options": options{}, "any": anything{}, "mixed": mixed{},
	})
	tree, log := newTree(root)
	srv := serve(t, tree.Handler)
	const ok = 200
	tests := []struct {
		path, method string
		code         int
		by, allow    string
	}{
		{"/form", "GET", ok, "get", ""},
		{"/form", "HEAD", ok, "get", ""},
		{"/form", "POST", ok, "post", ""},
		{"/form", "PUT", 405, "", "GET, HEAD, POST, OPTIONS"},
		{"/form", "PATCH", 405, "", "GET, HEAD, POST, OPTIONS"},
		{"/form", "DELETE", 405, "", "GET, HEAD, POST, OPTIONS"},
		{"/form", "TRACE", 405, "", "GET, HEAD, POST, OPTIONS"},
		{"/form", "OPTIONS", 204, "", "GET, HEAD, POST, OPTIONS"},
		{"/form", "PROPFIND", 501, "", ""},
		{"/form", "get", 501, "", ""},
		{"/form", "Get", 501, "", ""},
		{"/form", "head", 501, "", ""},
		{"/form", "post", 501, "", ""},
		{"/form", "CONNECT", 501, "", ""},
		{"/store", "PUT", ok, "put", ""},
		{"/store", "PATCH", ok, "patch", ""},
		{"/store", "DELETE", ok, "delete", ""},
		{"/store", "GET", 405, "", "PUT, PATCH, DELETE, OPTIONS"},
		{"/store", "HEAD", 405, "", "PUT, PATCH, DELETE, OPTIONS"},
		{"/store", "OPTIONS", 204, "", "PUT, PATCH, DELETE, OPTIONS"},
		{"/options", "OPTIONS", ok, "options", ""},
		{"/options", "GET", 405, "", "OPTIONS"},
		{"/options", "FOO", 501, "", ""},
		{"/any", "GET", ok, "any", ""},
		{"/any", "HEAD", ok, "any", ""},
		{"/any", "OPTIONS", ok, "any", ""},
		{"/any", "TRACE", ok, "any", ""},
		{"/any", "PROPFIND", ok, "any", ""},
		{"/any", "get", ok, "any", ""},
		{"/any", "CONNECT", 501, "", ""},
		{"/mixed", "GET", ok, "get", ""},
		{"/mixed", "HEAD", ok, "get", ""},
		{"/mixed", "POST", ok, "any", ""},
		{"/mixed", "OPTIONS", ok, "any", ""},
		{"/mute", "GET", 404, "", ""},
		{"/mute", "POST", 404, "", ""},
		{"/mute", "OPTIONS", 404, "", ""},
		{"/mute", "FOO", 404, "", ""},
		{"/muteleaf/x", "GET", 404, "", ""},
		{"/wrong", "GET", 404, "", ""},
		{"/wrong", "POST", 404, "", ""},
		{"/nobody", "GET", 404, "", ""},
		{"/nobody", "OPTIONS", 404, "", ""},
	}
	for _, test := range tests {
		t.Run(test.method+" "+test.path, func(t *testing.T) {
			r := srv.ask(t, raw(test.method, test.path))
			require.NoError(t, r.err)
			require.Equal(t, test.code, r.StatusCode)
			require.Equal(t, test.by, r.Header.Get("X-By"))
			if test.allow == "" {
				require.NotContains(t, r.Header, "Allow")
			} else {
				require.Equal(t, []string{test.allow}, r.Header["Allow"])
			}
			switch {
			case test.method == "HEAD", test.code == 204:
				require.Empty(t, r.body)
			case test.code == ok:
				require.Equal(t, test.by+" "+test.method, r.body)
			default:
				require.Equal(t, "text/plain; charset=utf-8", r.Header.Get("Content-Type"))
				require.Equal(t, "nosniff", r.Header.Get("X-Content-Type-Options"))
			}
		})
	}
	require.Empty(t, log.heard())
}

// A wrong Content-Length, or a body where none belongs, is seen as a wrong
// answer to the next request of the connection.
func TestHeadHasTheLengthAndNoBody(t *testing.T) {
	streamed := func(size int) resource.Resource {
		return resource.GET(func(req *resource.Request) { req.SetBodyStream(strings.NewReader("0123456789"), size) })
	}
	root := branch(map[string]resource.Resource{
		"plain": say("hello"), "empty": say(""), "sized": streamed(10), "unsized": streamed(-1),
		"error":  resource.GET(func(req *resource.Request) { req.Error("an error", 418) }),
		"abort":  resource.GET(func(req *resource.Request) { req.Abort(410, "gone") }),
		"panic":  resource.GET(func(*resource.Request) { panic("on purpose") }),
		"status": resource.Status(403), "moved": resource.Redirect("/x"),
		"after stream": resource.GET(func(req *resource.Request) {
			req.SetBodyStream(strings.NewReader("0123456789"), 10)
			req.Abort(410)
		}),
		"204": resource.Status(204), "304": resource.Status(304),
	})
	tree, _ := newTree(root)
	srv := serve(t, tree.Handler)
	tests := map[string]struct {
		code   int
		length int64
	}{
		"plain": {200, 5}, "empty": {200, -1}, "sized": {200, 10}, "unsized": {200, -1}, "error": {418, 8},
		"abort": {410, 15}, "panic": {500, 26}, "status": {403, 14}, "moved": {302, 10}, "after%20stream": {410, 9},
		"204": {204, -2}, "304": {304, -2}, "nobody": {404, 14},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := srv.dial(t)
			br := bufio.NewReader(c)
			head := exchange(t, c, br, raw("HEAD", "/"+name))
			require.NoError(t, head.err)
			require.Equal(t, test.code, head.StatusCode)
			require.Empty(t, head.body)
			if test.length >= -1 {
				require.Equal(t, test.length, head.ContentLength)
			}
			same := exchange(t, c, br, raw("GET", "/"+name))
			require.NoError(t, same.err)
			require.Equal(t, test.code, same.StatusCode)
			if test.length >= 0 {
				require.Len(t, same.body, int(test.length))
			}
			next := exchange(t, c, br, raw("GET", "/plain"))
			require.Equal(t, "hello", next.body)
			require.Zero(t, br.Buffered())
		})
	}
}

// never fails the test that walks to it.
type never struct {
	resource.Branch
	t *testing.T
}

func (n *never) IsLeaf() bool                    { n.t.Error("walked the tree"); return true }
func (n *never) Render(req *resource.Request)    { n.t.Error("walked the tree") }
func (n *never) RenderGET(*resource.Request)     { n.t.Error("walked the tree") }
func (n *never) RenderOPTIONS(*resource.Request) { n.t.Error("walked the tree") }

func TestConnectAndTheServerAsAWholeNeverWalkTheTree(t *testing.T) {
	tree, _ := newTree(&never{t: t})
	srv := serve(t, tree.Handler)
	for _, target := range []string{"example.org:443", "/", "/a", "http://example.org/", "*x"} {
		require.Equal(t, 501, srv.ask(t, raw("CONNECT", target)).StatusCode, target)
	}
	r := srv.ask(t, raw("OPTIONS", "*"))
	require.Equal(t, 204, r.StatusCode)
	require.Equal(t, []string{"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"}, r.Header["Allow"])
	for _, method := range []string{"GET", "HEAD", "POST", "options", "FOO"} {
		require.Equal(t, 400, srv.ask(t, raw(method, "*")).StatusCode, method)
	}
}
