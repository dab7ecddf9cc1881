package sessionmanager_test

import (
	"net"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/spindleweb/spindle/resource/rpc/sessionmanager"
	"github.com/stretchr/testify/require"
)

// below hangs a resource below names.
func below(res resource.Resource, names ...string) resource.Resource {
	for i := len(names) - 1; i >= 0; i-- {
		b := new(resource.Branch)
		b.PutChild(names[i], res)
		res = b
	}
	return res
}

// The functions give the same URLs wherever they are called, and these lead to the
// sessions as they are.
func TestURLs(t *testing.T) {
	const host = "http://192.0.2.7:8080"
	for name, test := range map[string]struct {
		mount []string
		path  string // as clients write it
		url   string // the Runtime's
		want  string
	}{
		"root":               {nil, "/", "", host + "/"},
		"below":              {[]string{"rt"}, "/rt/", "", host + "/rt/"},
		"deep":               {[]string{"a", "b", "c"}, "/a/b/c/", "", host + "/a/b/c/"},
		"escapes":            {[]string{"a b", "c/d", "%"}, "/a%20b/c%2Fd/%25/", "", host + "/a%20b/c%2Fd/%25/"},
		"small letters":      {[]string{"c/d"}, "/c%2fd/", "", host + "/c%2fd/"},
		"needless escapes":   {[]string{"rt"}, "/%72t/", "", host + "/%72t/"},
		"non-ASCII":          {[]string{"über"}, "/%C3%BCber/", "", host + "/%C3%BCber/"},
		"dots":               {[]string{"..", "."}, "/.././", "", host + "/.././"},
		"empty segments":     {[]string{"a", "", "b"}, "/a//b/", "", host + "/a//b/"},
		"called session":     {[]string{"session", "xmlrpc"}, "/session/xmlrpc/", "", host + "/session/xmlrpc/"},
		"URL":                {nil, "/", "https://example.org/ar", "https://example.org/ar/"},
		"URL with slash":     {[]string{"rt"}, "/rt/", "https://example.org/ar/", "https://example.org/ar/"},
		"URL without a path": {[]string{"rt"}, "/rt/", "https://example.org", "https://example.org/"},
	} {
		for _, face := range faces {
			t.Run(name+" "+face, func(t *testing.T) {
				w := newWorld(t, func(rt *sessionmanager.Runtime) { rt.URL = test.url })
				defer w.close()
				w.mount(below(w.rt, test.mount...))
				w.base = "http://evil.example" + test.path
				sent := func(url string) string { // what a proxy makes of it
					require.True(t, strings.HasPrefix(url, test.want), url)
					return w.base + strings.TrimPrefix(url, test.want)
				}
				a := w.call(face, w.base, manager+"createNewSession", 10).ok(t)
				b := w.call(face, w.base, manager+"createNewSession", 10).ok(t)
				urls := func(base, id string) []string {
					return []string{
						w.call(face, base, manager+"findHttpSession", id).ok(t),
						w.call(face, base, manager+"findXmlRpcSession", id).ok(t),
					}
				}
				require.Equal(t, []string{test.want, test.want + "xmlrpc"}, urls(w.base, "default"))
				for _, id := range []string{a, b} {
					at := test.want + "session/" + id + "/"
					require.Equal(t, []string{at, at + "xmlrpc"}, urls(w.base, id))
					require.Equal(t, "OK", w.xml(sent(at+"xmlrpc"), "astrogrid.community.login", "eva", "secret", id).ok(t))
					require.Equal(t, "eva@"+id, w.call(face, sent(at), "astrogrid.community.user").ok(t))
				}
				inside := sent(test.want + "session/" + a + "/")
				for _, id := range []string{a, b, "default"} {
					require.Equal(t, urls(w.base, id), urls(inside, id))
				}
				require.Empty(t, w.xml(sent(test.want+"xmlrpc"), "astrogrid.community.user").ok(t))
			})
		}
	}
}

// A session made in another is no deeper than that, and outlives it.
func TestSessionsDoNotNest(t *testing.T) {
	w := newWorld(t)
	defer w.close()
	a := w.create(10)
	inside := w.inside(a)
	b := w.call("xmlrpc", inside, manager+"createNewSession", 10).ok(t)
	require.Equal(t, here+"session/"+b+"/", w.call("xmlrpc", inside, manager+"findHttpSession", b).ok(t))
	for _, path := range []string{inside + "session/" + b + "/", inside + "session/default/", here + "session/default/", here + "session/"} {
		require.Equal(t, 404, w.xml(path+"xmlrpc", "astrogrid.community.user").status, path)
		require.Equal(t, 404, w.call("get", path, "astrogrid.community.user").status, path)
	}
	w.dispose(a)
	require.True(t, w.exists(b))
	require.Empty(t, w.xml(w.inside(b)+"xmlrpc", "astrogrid.community.user").ok(t))
	w.book.requireAll(t, 3, 1)
}

// The place that sessions are below opens none, and shows none.
func TestWhereSessionsAre(t *testing.T) {
	w := newWorld(t)
	defer w.close()
	w.create(10)
	for _, method := range []string{"GET", "POST", "PUT", "DELETE", "HEAD"} {
		for _, path := range []string{"session", "session/", "session//"} {
			require.Equal(t, 404, w.ask(method, here+path, "", "").StatusCode(), method+" "+path)
		}
	}
	w.book.requireAll(t, 2, 0)
}

// What a client says of the host it asks for is nobody's address.
func TestHostIsNotBelieved(t *testing.T) {
	call := xmlCall(manager+"findXmlRpcSession", "default")
	head := "Content-Type: text/xml\r\nContent-Length: " + number(len(call)) + "\r\n\r\n" + call
	for name, test := range map[string]struct {
		line, want string
		mount      []string
	}{
		"Host":              {line: "POST / HTTP/1.1\r\nHost: evil.example"},
		"two":               {line: "POST /xmlrpc HTTP/1.1\r\nHost: evil.example:99\r\nX-Forwarded-Host: evil.example\r\nForwarded: host=evil.example;proto=https\r\nX-Forwarded-Proto: https"},
		"full URL":          {line: "POST http://evil.example/rt/xmlrpc HTTP/1.1\r\nHost: evil.example", want: "rt/", mount: []string{"rt"}},
		"bare URL":          {line: "POST http://evil.example HTTP/1.1\r\nHost: evil.example"},
		"query":             {line: "POST /rt/xmlrpc?a=/b/c HTTP/1.1\r\nHost: a", want: "rt/", mount: []string{"rt"}},
		"no slash":          {line: "POST /rt HTTP/1.1\r\nHost: a", want: "rt/", mount: []string{"rt"}},
		"slashes":           {line: "POST //rt/xmlrpc HTTP/1.1\r\nHost: a", want: "/rt/", mount: []string{"", "rt"}},
		"slashes, no host":  {line: "POST //rt/xmlrpc HTTP/1.0", want: "/rt/", mount: []string{"", "rt"}},
		"no host":           {line: "POST /xmlrpc HTTP/1.0"},
		"slash, no host":    {line: "POST /rt/ HTTP/1.0", want: "rt/", mount: []string{"rt"}},
		"query of slashes":  {line: "POST /rt/?/// HTTP/1.1\r\nHost: a", want: "rt/", mount: []string{"rt"}},
		"Host with a user@": {line: "POST /rt/xmlrpc HTTP/1.1\r\nHost: u@evil.example", want: "rt/", mount: []string{"rt"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			defer w.close()
			w.mount(below(w.rt, test.mount...))
			r := send(t, w.tree, conn{}, test.line+"\r\n"+head)
			require.Equal(t, here+test.want+"xmlrpc", readXML(t, r).ok(t))
		})
	}
}

type local struct {
	conn
	addr net.Addr
}

func (l local) LocalAddr() net.Addr { return l.addr }

func TestAddressOfTheConnection(t *testing.T) {
	v6 := &net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 80}
	for name, test := range map[string]struct {
		c    net.Conn
		want string
	}{
		"TLS":  {overTLS{}, "https://192.0.2.7:8080/xmlrpc"},
		"IPv6": {local{addr: v6}, "http://[2001:db8::1]:80/xmlrpc"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			defer w.close()
			r := w.over(test.c, "POST", here+"xmlrpc", "text/xml", xmlCall(manager+"findXmlRpcSession", "default"))
			require.Equal(t, test.want, readXML(t, r).ok(t))
		})
	}
}

// In a call of many calls, and from one session to the next, it is all the same.
func TestURLsInMulticall(t *testing.T) {
	w := newWorld(t, speaking(rpc.AstroGrid))
	defer w.close()
	id := w.create(10)
	one := func(function string) map[string]any {
		return map[string]any{"methodName": manager + function, "params": []any{id}}
	}
	for _, base := range []string{here, w.inside(id)} {
		text := w.json(base+"jsonrpc", "system.multicall", []any{[]any{one("findHttpSession"), one("findXmlRpcSession"), one("exists")}}).ok(t)
		at := here + "session/" + id + "/"
		require.Equal(t, "[["+at+"] ["+at+"xmlrpc] [true]]", text)
	}
}
