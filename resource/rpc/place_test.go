package rpc_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/stretchr/testify/require"
)

// modules is a few services, of which some are below others.
func modules() []*rpc.Service {
	say := func(text string) func() string { return func() string { return text } }
	a := one("a", "f", say("a.f"))
	a.Help = "Is <a>."
	return []*rpc.Service{a, one("a.b", "f", say("a.b.f")), one("a.c.d", "f", say("a.c.d.f")), one("x", "f", say("x.f"))}
}

func TestPlaces(t *testing.T) {
	w := serving(modules()...)
	for _, c := range []struct{ path, method, want string }{
		{"/rpc", "a.f", "a.f"},
		{"/rpc/", "a.b.f", "a.b.f"},
		{"/rpc", "a.c.d.f", "a.c.d.f"},
		{"/rpc/a", "f", "a.f"},
		{"/rpc/a/", "f", "a.f"},
		{"/rpc/a/b", "f", "a.b.f"},
		{"/rpc/a/b/", "f", "a.b.f"},
		{"/rpc/a/c/d", "f", "a.c.d.f"},
		{"/rpc/xmlrpc", "x.f", "x.f"},
		{"/rpc/RPC2", "x.f", "x.f"},
		{"/rpc/jsonrpc", "x.f", "x.f"},
		{"/rpc/a", "a.f", ""},
		{"/rpc/a", "b.f", ""},
		{"/rpc/a", "x.f", ""},
		{"/rpc/a/c", "f", ""},
		{"/rpc/a/c", "d.f", ""},
		{"/rpc/xmlrpc", "f", ""},
		{"/rpc", "f", ""},
		{"/rpc", "b.f", ""},
	} {
		t.Run(c.path+" "+c.method, func(t *testing.T) {
			if !strings.Contains(c.path, "json") {
				v, f := w.xml(t, c.path, c.method)
				if c.want == "" {
					require.EqualValues(t, 55, f.code)
				} else {
					require.Nil(t, f)
					require.Equal(t, c.want, v)
				}
			}
			if !strings.Contains(c.path, "xml") && !strings.Contains(c.path, "RPC2") {
				said := w.json(t, c.path, `{"jsonrpc":"2.0","id":1,"method":"`+c.method+`"}`)
				if c.want == "" {
					require.Contains(t, said, "-32601")
				} else {
					require.Contains(t, said, `"result":"`+c.want+`"`)
				}
			}
		})
	}
	for path, want := range map[string]string{"/rpc/a/f/plain": "a.f", "/rpc/a/b/f/plain": "a.b.f", "/rpc/a/c/d/f/plain/": "a.c.d.f"} {
		code, said := w.get(t, path)
		require.Equal(t, 200, code, path)
		require.Equal(t, want, said)
	}
	for _, path := range []string{"/rpc/b", "/rpc/a/x", "/rpc/a/f/f", "/rpc/a.b", "/rpc/a/c/f", "/rpc/a/f/plain/x", "/rpc/xmlrpc/a", "/rpc/jsonrpc/a/f/plain", "/rpc/a/xmlrpc", "/rpc/A"} {
		code, _ := w.get(t, path)
		require.Equal(t, 404, code, path)
	}
	for _, path := range []string{"/rpc/a/x/plain", "/rpc/y/plain?v=1", "/rpc/%3Cb%3E/plain", "/rpc/a/c/f/plain"} {
		r := w.ask(t, "GET", path, "")
		require.Equal(t, 404, r.StatusCode(), path)
		require.Contains(t, string(r.Body()), "rpc -- No such method\n\nThere is no ", path)
		require.Equal(t, "text/plain; charset=utf-8", string(r.Header.ContentType()))
	}
	require.Equal(t, 404, w.ask(t, "POST", "/rpc/nobody", xmlCall("f"), "Content-Type: text/xml").StatusCode())
}

func TestMethodsOfHTTP(t *testing.T) {
	calls := 0
	w := serving(one("s", "f", func() { calls++ }))
	for _, c := range []struct {
		method, path string
		code         int
	}{
		{"PUT", "/rpc", 405}, {"DELETE", "/rpc/s", 405}, {"PUT", "/rpc/s/f/plain", 405}, {"DELETE", "/rpc/s/f/plain", 405},
		{"GET", "/rpc/xmlrpc", 405}, {"GET", "/rpc/jsonrpc", 405}, {"HEAD", "/rpc/RPC2", 405}, {"POST", "/rpc/s/f", 405},
		{"HEAD", "/rpc", 200}, {"HEAD", "/rpc/s", 200}, {"HEAD", "/rpc/s/f", 200}, {"HEAD", "/rpc/s/f/plain", 200}, {"HEAD", "/rpc/s/f/html", 200},
		{"OPTIONS", "/rpc", 204}, {"OPTIONS", "/rpc/s/f/plain", 204},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			r := w.ask(t, c.method, c.path, "", "Content-Type: text/xml", "Origin: http://evil.example", "Access-Control-Request-Method: POST")
			require.Equal(t, c.code, r.StatusCode())
			require.Empty(t, r.Header.Peek("Access-Control-Allow-Origin"), "nobody gets leave")
			require.Zero(t, calls)
		})
	}
}

// A function may be named as a part of the name of a service below its own. Both
// can be called.
func TestFunctionNamedLikeAServiceBelow(t *testing.T) {
	w := serving(one("a", "b", func() string { return "function" }), one("a.b", "f", func() string { return "service" }))
	for _, c := range []struct{ path, method, want string }{
		{"/rpc", "a.b", "function"},
		{"/rpc", "a.b.f", "service"},
		{"/rpc/a", "b", "function"},
		{"/rpc/a/b", "f", "service"},
	} {
		t.Run(c.path+" "+c.method, func(t *testing.T) {
			r := w.ask(t, "POST", c.path, xmlCall(c.method), "Content-Type: text/xml")
			require.Equal(t, 200, r.StatusCode())
			v, f := readXML(t, r.Body())
			require.Nil(t, f)
			require.Equal(t, c.want, v)
		})
	}
	for path, want := range map[string]string{"/rpc/a/b/plain": "function", "/rpc/a/b/f/plain": "service"} {
		code, said := w.get(t, path)
		require.Equal(t, 200, code, path)
		require.Equal(t, want, said)
	}
	seen := make(map[string]string)
	follow(t, w, "/rpc", seen)
	require.Contains(t, seen, "/rpc/a/b/html")
	require.Contains(t, seen, "/rpc/a/b/f/html", "people find it too")
}

// Functions may have the names that mean something elsewhere.
func TestFunctionsWithOddNames(t *testing.T) {
	s := &rpc.Service{Name: "s"}
	names := []string{"plain", "html", "xmlrpc", "RPC2", "jsonrpc", "system", "listMethods", "s", "0", "_"}
	for _, name := range names {
		s.Export(name, func() string { return name })
	}
	w := serving(s)
	for _, name := range names {
		v, f := w.xml(t, "/rpc", "s."+name)
		require.Nil(t, f, name)
		require.Equal(t, name, v)
		v, f = w.xml(t, "/rpc/s", name)
		require.Nil(t, f, name)
		require.Equal(t, name, v)
		code, said := w.get(t, "/rpc/s/"+name+"/plain")
		require.Equal(t, 200, code, name)
		require.Equal(t, name, said)
	}
}

var href = regexp.MustCompile(`(?:href|action)="([^"]*)"`)

// follow goes to every page that a page links to, and returns all that it has
// been to. It makes no calls.
func follow(t *testing.T, w *world, from string, seen map[string]string) {
	if seen[from] != "" {
		return
	}
	code, text := w.get(t, from)
	require.Equal(t, 200, code, from)
	seen[from] = text
	base, err := url.Parse("http://example.org" + from)
	require.NoError(t, err)
	for _, m := range href.FindAllStringSubmatch(text, -1) {
		to, err := base.Parse(m[1])
		require.NoError(t, err)
		require.Equal(t, "example.org", to.Host)
		if strings.HasSuffix(to.Path, "/html") {
			require.Equal(t, 200, w.ask(t, "HEAD", to.EscapedPath(), "").StatusCode(), to.Path)
			seen[to.EscapedPath()] = "form"
			continue
		}
		follow(t, w, to.EscapedPath(), seen)
	}
}

func TestLinksLeadSomewhere(t *testing.T) {
	g := gateway(modules()...)
	root := new(resource.Branch)
	deep := new(resource.Branch)
	root.PutChild("rpc", g)
	root.PutChild("deep", deep)
	deep.PutChild("a b", g)
	deep.PutChild("here", g.At("a"))
	w := inTree(root)
	top := inTree(g)
	for _, c := range []struct {
		w            *world
		from, prefix string
		want         []string
	}{
		{w, "/rpc", "/rpc/", []string{"a", "a/f", "a/f/html", "a/b", "a/b/f/html", "a/c", "a/c/d/f/html", "x/f/html"}},
		{w, "/rpc/", "/rpc/", []string{"a", "a/f/html", "a/b/f/html", "a/c/d/f/html", "x/f/html"}},
		{w, "/rpc/a", "/rpc/a/", []string{"f/html", "b/f/html", "c/d/f/html"}},
		{w, "/rpc/a/", "/rpc/a/", []string{"f/html", "b/f/html", "c/d/f/html"}},
		{w, "/rpc/a/f", "/rpc/a/f/", []string{"html"}},
		{w, "/rpc/a/f/", "/rpc/a/f/", []string{"html"}},
		{w, "/rpc/system", "/rpc/system/", []string{"listMethods/html", "multicall/html"}},
		{w, "/deep/a%20b", "/deep/a%20b/", []string{"a/f/html"}},
		{w, "/deep/a%20b/", "/deep/a%20b/", []string{"a/f/html"}},
		{w, "/deep/here", "/deep/here/", []string{"f/html", "b/f/html"}},
		{top, "/", "/", []string{"a/f/html", "a/b/f/html"}},
	} {
		t.Run(c.from, func(t *testing.T) {
			seen := make(map[string]string)
			follow(t, c.w, c.from, seen)
			for _, path := range c.want {
				require.Contains(t, seen, c.prefix+path)
			}
		})
	}
}

// Each place lists what is there, and once.
func TestListings(t *testing.T) {
	w := serving(modules()...)
	for path, want := range map[string][]string{"/rpc": {"a", "x"}, "/rpc/a": {"f()", "b", "c"}, "/rpc/a/c": {"d"}, "/rpc/a/c/d": {"f()"}} {
		_, text := w.get(t, path)
		var names []string
		for _, m := range regexp.MustCompile(`<li><a href="[^"]*">([^<]*)</a>`).FindAllStringSubmatch(text, -1) {
			names = append(names, m[1])
		}
		require.Equal(t, want, names, path)
	}
}

func TestAt(t *testing.T) {
	g := gateway(modules()...)
	root := new(resource.Branch)
	root.PutChild("here", g.At("a"))
	w := inTree(root)
	v, f := w.xml(t, "/here", "f")
	require.Nil(t, f)
	require.Equal(t, "a.f", v)
	v, f = w.xml(t, "/here/b", "f")
	require.Nil(t, f)
	require.Equal(t, "a.b.f", v)
	code, said := w.get(t, "/here/f/plain")
	require.Equal(t, 200, code)
	require.Equal(t, "a.f", said)
	_, f = w.xml(t, "/here", "x.f")
	require.EqualValues(t, 55, f.code)
}
