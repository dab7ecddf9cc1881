package persession_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/persession"
	"github.com/spindleweb/spindle/session"
	"github.com/stretchr/testify/require"
)

func plain(*session.Session) resource.Resource { return say("here") }

func TestTheAnswerToAPost(t *testing.T) {
	const jsonType = "Accept: application/json"
	for name, test := range map[string]struct {
		url, path string
		before    string // the address without the id
	}{
		"plain":                    {"", "/cursors", "/cursors/"},
		"trailing slash":           {"", "/cursors/", "/cursors/"},
		"query":                    {"", "/cursors?timeout=5&x=/y", "/cursors/"},
		"escapes as they were":     {"", "/%63ursors", "/%63ursors/"},
		"escapes in a parent":      {"", "/a%2Fb/cursors", "/a%2Fb/cursors/"},
		"escapes, trailing slash":  {"", "/a%2fb/cursors/", "/a%2fb/cursors/"},
		"a full URL":               {"", "http://example.org/cursors", "/cursors/"},
		"the host is not believed": {"", "http://evil.example/cursors", "/cursors/"},
		"URL":                      {"https://example.org/api/cursors", "/cursors", "https://example.org/api/cursors/"},
		"URL, trailing slash":      {"/api", "/cursors/?x=1", "/api/"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, plain, func(sp *persession.Space) { sp.URL = test.url })
			deep := new(resource.Branch)
			deep.PutChild("cursors", w.Space)
			w.root.PutChild("a/b", deep)

			r := w.do("POST", test.path)
			require.Equal(t, 201, r.StatusCode())
			where := header(r, "Location")
			require.Equal(t, test.before, where[:len(where)-len(idOf(where))])
			s, err := w.Sessions.Get(t.Context(), idOf(where))
			require.NoError(t, err)
			require.NotNil(t, s, "the id is no session's")
			require.Equal(t, where+"\n", string(r.Body()))
			require.Equal(t, "text/plain; charset=utf-8", header(r, "Content-Type"))
			concealed(t, r)
			require.Equal(t, "nosniff", header(r, "X-Content-Type-Options"))
			if test.url == "" {
				require.Equal(t, "here", string(w.do("GET", where).Body()))
				require.Equal(t, "here", string(w.do("GET", where+"/").Body()))
			}

			r = w.do("POST", test.path, jsonType)
			require.Equal(t, 201, r.StatusCode())
			require.Equal(t, "application/json", header(r, "Content-Type"))
			var got map[string]any
			require.NoError(t, json.Unmarshal(r.Body(), &got))
			require.NotEqual(t, where, got["address"], "each POST opens another")
			require.Equal(t, header(r, "Location"), got["address"])
			require.Len(t, got, 2)
			concealed(t, r)
			require.EqualValues(t, 2, w.Sessions.Stats().Live)
			require.Zero(t, w.tree.Sessions.Stats().Made, "no session of the site's")
		})
	}
}

func TestTheSpaceItself(t *testing.T) {
	w := newWorld(t, plain)
	for _, path := range []string{"/cursors", "/cursors/"} {
		for method, code := range map[string]int{"GET": 405, "HEAD": 405, "PUT": 405, "DELETE": 405, "OPTIONS": 204} {
			r := w.do(method, path)
			require.Equal(t, code, r.StatusCode(), method)
			require.ElementsMatch(t, []string{"POST", "OPTIONS"}, methods(t, r), method)
		}
	}
	require.Zero(t, w.Sessions.Stats().Made)
}

// A page of another site opens nothing.
func TestAPostOfAnotherSite(t *testing.T) {
	w := newWorld(t, plain)
	for header, code := range map[string]int{
		"X-None: 1":                          201,
		"Origin: http://example.org":         201,
		"Referer: http://example.org/x":      201,
		"Sec-Fetch-Site: same-origin":        201,
		"Origin: http://evil.example":        403,
		"Origin: null":                       403,
		"Referer: http://evil.example/x":     403,
		"Sec-Fetch-Site: cross-site":         403,
		"Referer: http://example.org.evil/x": 403,
	} {
		made := w.Sessions.Stats().Made
		r := w.do("POST", "/cursors", header)
		require.Equal(t, code, r.StatusCode(), header)
		if code == 403 {
			require.Equal(t, made, w.Sessions.Stats().Made)
		}
	}
}

// A Space may be all there is.
func TestASpaceAtTheRoot(t *testing.T) {
	w := newWorld(t, plain)
	tree := &resource.Tree{Root: w.Space}
	r := exchange(tree, text("POST", "/"))
	require.Equal(t, 201, r.StatusCode())
	where := header(r, "Location")
	require.Regexp(t, "^/[A-Za-z0-9_-]{22}$", where)
	require.Equal(t, "here", string(exchange(tree, text("GET", where)).Body()))
	require.Equal(t, 404, exchange(tree, text("GET", "/favicon.ico")).StatusCode())
}

// A Space that is embedded may have another method open its sessions, or none.
type puts struct{ *persession.Space }

func (p puts) RenderPOST(req *resource.Request) { req.Abort(402) }

func TestAnEmbeddedSpace(t *testing.T) {
	w := newWorld(t, plain)
	w.root.PutChild("cursors", puts{w.Space})
	require.Equal(t, 402, w.code("POST", "/cursors"))
	s, err := w.Open(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, "here", string(w.do("GET", "/cursors/"+s.UID()).Body()))
}

func TestNoRoom(t *testing.T) {
	for name, fill := range map[string]func(*world){
		"full":    func(w *world) { w.do("POST", "/cursors") },
		"drained": func(w *world) { w.Sessions.Drain() },
		"closed":  func(w *world) { _ = w.Sessions.Close(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			made := 0
			w := newWorld(t, func(*session.Session) resource.Resource { made++; return say("here") })
			w.Sessions.Limit = 1
			fill(w)
			was := made
			for range 3 {
				r := w.do("POST", "/cursors")
				require.Equal(t, 503, r.StatusCode())
				require.NotEmpty(t, header(r, "Retry-After"))
				require.Empty(t, header(r, "Location"))
			}
			require.Equal(t, was, made, "New has not been called")
			_, err := w.Open(t.Context(), 0)
			require.Error(t, err)
		})
	}
	t.Run("until one has ended", func(t *testing.T) {
		w := newWorld(t, plain)
		w.Sessions.Limit = 1
		where, _ := w.open(t)
		require.Equal(t, 503, w.code("POST", "/cursors"))
		require.Equal(t, 204, w.code("DELETE", where))
		require.Equal(t, 201, w.code("POST", "/cursors"))
	})
	t.Run("but those that are there go on", func(t *testing.T) {
		w := newWorld(t, plain)
		where, _ := w.open(t)
		w.Sessions.Drain()
		require.Equal(t, 200, w.code("GET", where))
		require.NoError(t, w.Sessions.Close(t.Context()))
		require.Equal(t, 404, w.code("GET", where))
	})
	t.Run("another makes it", func(t *testing.T) {
		w := newWorld(t, plain)
		w.Sessions.Limit, w.Sessions.Evict = 1, true
		first, s := w.open(t)
		second, _ := w.open(t)
		require.Equal(t, session.Evicted, s.Reason())
		require.Equal(t, 404, w.code("GET", first))
		require.Equal(t, 200, w.code("GET", second))
	})
}
