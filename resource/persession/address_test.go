package persession_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/persession"
	"github.com/spindleweb/spindle/session"
	"github.com/stretchr/testify/require"
)

// Resources of several kinds.
type (
	getter  struct{ resource.Branch }
	editor  struct{ getter } // GET and more
	poster  struct{ resource.Leaf }
	deleter struct{ resource.Branch } // which the Space comes before
	options struct{ getter }
)

func (*getter) RenderGET(req *resource.Request) { fmt.Fprintf(req, "get %q", req.Postpath()) }

func (*editor) RenderPOST(req *resource.Request) { _, _ = req.WriteString("post") }

func (*editor) RenderPUT(req *resource.Request) { _, _ = req.WriteString("put") }

func (*editor) RenderPATCH(req *resource.Request) { _, _ = req.WriteString("patch") }

func (poster) RenderPOST(req *resource.Request) { _, _ = req.WriteString("post") }

func (*deleter) RenderDELETE(req *resource.Request) { req.SetStatusCode(418) }

func (*options) RenderOPTIONS(req *resource.Request) {
	req.Response.Header.Set("Allow", "GET, HEAD, OPTIONS")
	req.Response.Header.Set("X-Mine", "1")
}

// withChild is a Branch with children only.
func withChild() resource.Resource {
	b := new(resource.Branch)
	b.PutChild("rows", say("rows"))
	return b
}

func TestTheMethodsOfAnAddress(t *testing.T) {
	for name, test := range map[string]struct {
		make  func() resource.Resource
		allow string // without DELETE
		can   map[string]string
	}{
		"GET":           {func() resource.Resource { return new(getter) }, "GET, HEAD, OPTIONS", map[string]string{"GET": "get []"}},
		"many":          {func() resource.Resource { return new(editor) }, "GET, HEAD, POST, PUT, PATCH, OPTIONS", map[string]string{"POST": "post", "PUT": "put", "PATCH": "patch"}},
		"POST":          {func() resource.Resource { return poster{} }, "POST, OPTIONS", map[string]string{"POST": "post"}},
		"DELETE":        {func() resource.Resource { return new(deleter) }, "OPTIONS", nil},
		"OPTIONS":       {func() resource.Resource { return new(options) }, "GET, HEAD, OPTIONS", map[string]string{"GET": "get []"}},
		"children only": {withChild, "OPTIONS", nil},
		"no methods":    {func() resource.Resource { return new(resource.Branch) }, "OPTIONS", nil},
	} {
		for _, slash := range []string{"", "/"} {
			t.Run(name+slash, func(t *testing.T) {
				w := newWorld(t, func(*session.Session) resource.Resource { return test.make() })
				where, s := w.open(t)
				where += slash
				allow := append(strings.Split(test.allow, ", "), "DELETE")

				r := w.do("OPTIONS", where)
				require.Less(t, r.StatusCode(), 300)
				require.ElementsMatch(t, allow, methods(t, r))
				for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH"} {
					r := w.do(method, where)
					concealed(t, r)
					if strings.Contains(test.allow, method) {
						require.Equal(t, 200, r.StatusCode(), method)
						if body, ok := test.can[method]; ok && slash == "" {
							require.Equal(t, body, string(r.Body()))
						}
						continue
					}
					require.Equal(t, 405, r.StatusCode(), method)
					require.ElementsMatch(t, allow, methods(t, r), method)
				}
				require.Equal(t, 501, w.code("BREW", where))
				require.Equal(t, session.Alive, s.Reason())

				r = w.do("DELETE", where)
				require.Equal(t, 204, r.StatusCode())
				require.Empty(t, r.Body())
				concealed(t, r)
				require.Equal(t, session.Expired, s.Reason())
				for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "BREW"} {
					require.Equal(t, 404, w.code(method, where), method)
				}
			})
		}
	}
}

func TestBelowAnAddress(t *testing.T) {
	deep := withChild().(*resource.Branch)
	deep.PutChild("slot", new(deleter))
	w := newWorld(t, func(*session.Session) resource.Resource { return deep })
	where, s := w.open(t)
	require.Equal(t, "rows", string(w.do("GET", where+"/rows").Body()))
	require.Equal(t, "rows", string(w.do("GET", where+"/rows/").Body()))
	require.Equal(t, 404, w.code("GET", where+"/columns"))
	require.Equal(t, 404, w.code("GET", where+"//"))
	r := w.do("OPTIONS", where+"/rows")
	require.ElementsMatch(t, []string{"GET", "HEAD", "OPTIONS"}, methods(t, r), "only the address itself has DELETE")
	require.Equal(t, 405, w.code("DELETE", where+"/rows"))
	require.Equal(t, 418, w.code("DELETE", where+"/slot"), "the resource's own")
	require.Equal(t, 404, w.code("DELETE", where+"//"))
	require.Equal(t, session.Alive, s.Reason())
}

func TestTheRestOfThePath(t *testing.T) {
	leaf := resource.Func(func(req *resource.Request) { fmt.Fprintf(req, "%q %d", req.Postpath(), len(req.Prepath())) })
	w := newWorld(t, func(*session.Session) resource.Resource { return leaf })
	where, _ := w.open(t)
	for path, want := range map[string]string{
		"":           `[] 2`,
		"/":          `[""] 2`,
		"/a":         `["a"] 2`,
		"/a%2Fb/../": `["a/b" ".." ""] 2`,
		"?a=/b":      `[] 2`,
	} {
		require.Equal(t, want, string(w.do("GET", where+path).Body()), path)
	}
}

func TestGone(t *testing.T) {
	for set, want := range map[int]int{0: 404, 404: 404, 403: 403, 410: 410} {
		t.Run(fmt.Sprint(set), func(t *testing.T) {
			w := newWorld(t, func(*session.Session) resource.Resource { return withChild() })
			w.Gone = set
			ended, s := w.open(t)
			s.Expire()
			for _, where := range []string{ended, "/cursors/" + strings.Repeat("A", 22), "/cursors/x"} {
				for _, below := range []string{"", "/", "/rows", "/rows/a/b", "/?x=1"} {
					for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"} {
						r := w.do(method, where+below)
						require.Equal(t, want, r.StatusCode(), "%s %s", method, below)
						concealed(t, r)
						require.NotContains(t, string(r.Body()), idOf(where))
					}
				}
			}
		})
	}
}

// The site's sessions, each Space's and all others are strangers to each other.
func TestIDsAreOfOneKind(t *testing.T) {
	w := newWorld(t, plain)
	other := &persession.Space{New: w.New, Sessions: session.Manager{Clock: w.wheel}}
	defer func() { require.NoError(t, other.Sessions.Close(t.Context())) }()
	w.root.PutChild("other", other)
	where, s := w.open(t)
	cookie := string(w.do("GET", "/site").Body())

	require.Equal(t, 404, w.code("GET", "/cursors/"+cookie))
	require.Equal(t, 404, w.code("DELETE", "/cursors/"+cookie))
	require.Equal(t, 404, w.code("GET", "/other/"+s.UID()))
	require.Equal(t, 404, w.code("DELETE", "/other/"+s.UID()))
	require.Equal(t, 404, w.code("GET", "/"+s.UID()))
	require.Equal(t, cookie, string(w.do("GET", "/site", "Cookie: sid="+cookie).Body()), "it lives on")

	r := w.do("GET", "/site", "Cookie: sid="+s.UID())
	require.NotEqual(t, s.UID(), string(r.Body()))
	require.True(t, setCookie(r), "the visitor has a new one")
	require.Equal(t, 404, w.do("GET", "/cursors/"+strings.Repeat("B", 22), "Cookie: sid="+s.UID()).StatusCode())
	require.Equal(t, 200, w.code("GET", where))
}

// A request at an address has the session of that, whatever cookies it brings.
func TestTheSessionOfARequest(t *testing.T) {
	w := newWorld(t, func(*session.Session) resource.Resource {
		return resource.Func(func(req *resource.Request) {
			peeked, got, renewed := req.PeekSession(), req.GetSession(), req.RenewSession()
			if peeked != got || got != renewed || got.Reason() != session.Alive {
				req.Abort(500)
			}
			_, _ = req.WriteString(got.UID())
		})
	})
	first, s := w.open(t)
	second, s2 := w.open(t)
	cookie := string(w.do("GET", "/site").Body())
	for range 3 {
		for where, want := range map[string]*session.Session{first: s, second + "/a/b": s2} {
			r := w.do("POST", where, "Cookie: sid="+cookie)
			require.Equal(t, 200, r.StatusCode())
			require.Equal(t, want.UID(), string(r.Body()), "and its id is not renewed")
			concealed(t, r)
		}
	}
	require.EqualValues(t, 2, w.Sessions.Stats().Made)
}

// A Space below an address has sessions of its own, and both ids are secrets.
func TestASpaceWithinASpace(t *testing.T) {
	var inner *persession.Space
	w := newWorld(t, func(*session.Session) resource.Resource {
		b := new(resource.Branch)
		b.PutChild("in", inner)
		return b
	})
	inner = &persession.Space{New: w.New, Sessions: session.Manager{Clock: w.wheel, Log: w.Sessions.Log}}
	defer func() { require.NoError(t, inner.Sessions.Close(t.Context())) }()
	outer, s := w.open(t)
	r := w.do("POST", outer+"/in")
	require.Equal(t, 201, r.StatusCode())
	concealed(t, r)
	where := header(r, "Location")
	require.Equal(t, outer+"/in/"+idOf(where), where)
	require.Equal(t, 405, w.code("GET", where))
	require.Equal(t, 404, w.code("GET", "/cursors/"+idOf(where)))
	require.Equal(t, 204, w.code("DELETE", where))
	require.Equal(t, session.Alive, s.Reason())
	require.Equal(t, 404, w.code("GET", where))
	s.Expire()
	require.Equal(t, 404, w.code("POST", outer+"/in"))
}
