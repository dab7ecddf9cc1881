package resource_test

import (
	"errors"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/storetest"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

var kept = session.NewKey[string]("kept")

// withStore is newTree with a store that can be made to fail.
func withStore(root resource.Resource) (*resource.Tree, *storetest.Faulty, *listener) {
	tree, log := newTree(root)
	way := &storetest.Faulty{Store: new(storetest.Memory)}
	tree.Sessions.Store = way
	return tree, way, log
}

// What a resource does with a session whose changes cannot be saved, the visitor
// hears nothing of it but that it has not been done.
func TestAnAnswerWhoseChangesAreNotSaved(t *testing.T) {
	cases := map[string]func(req *resource.Request){
		"text":     func(req *resource.Request) { _, _ = req.WriteString("done") },
		"redirect": func(req *resource.Request) { req.Redirect("/done", 302) },
		"headers":  func(req *resource.Request) { req.Response.Header.Set("X-Done", "done") },
		"cookie":   func(req *resource.Request) { req.Response.Header.Set("Set-Cookie", "done=1") },
		"stream": func(req *resource.Request) {
			req.SetBodyStream(errReader{}, -1)
		},
		"abort":  func(req *resource.Request) { req.Abort(404, "done") },
		"panic":  func(*resource.Request) { panic("done") },
		"hijack": func(req *resource.Request) { req.Hijack(nil) },
	}
	for name, answers := range cases {
		for _, method := range []string{"GET", "HEAD"} {
			t.Run(method+" "+name, func(t *testing.T) {
				tree, way, _ := withStore(branch(map[string]resource.Resource{
					"in": resource.Func(func(req *resource.Request) { _ = kept.Set(req.GetSession(), "before") }),
					"do": resource.Func(func(req *resource.Request) {
						_ = kept.Set(req.GetSession(), "after")
						answers(req)
					}),
				}))
				defer func() { require.NoError(t, tree.Sessions.Close(t.Context())) }()
				uid := uidOf(t, setCookies(answer(t, tree, get(t, "/in")))[0])
				way.FailNext("Save", 1, errors.New("disk full"))
				r := answer(t, tree, parse(t, raw(method, "/do", "Cookie: sid="+uid)))
				require.Equal(t, fasthttp.StatusServiceUnavailable, r.StatusCode())
				require.NotEmpty(t, r.Header.Peek("Retry-After"))
				require.NotContains(t, r.String(), "done")
				require.NotContains(t, r.String(), "disk full")
				require.Empty(t, setCookies(r), "the visitor keeps the uid it has")
			})
		}
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errors.New("done") }

// The cookie of a session that was made in the same request is sent: it is in
// the store, only the change is not.
func TestAFreshSessionWhoseChangesAreNotSaved(t *testing.T) {
	tree, way, _ := withStore(resource.Func(func(req *resource.Request) { _ = kept.Set(req.GetSession(), "after") }))
	defer func() { require.NoError(t, tree.Sessions.Close(t.Context())) }()
	way.FailNext("Save", 1, errors.New("disk full"))
	r := answer(t, tree, get(t, "/"))
	require.Equal(t, fasthttp.StatusServiceUnavailable, r.StatusCode())
	require.Len(t, setCookies(r), 1)
	s, err := tree.Sessions.Get(t.Context(), uidOf(t, setCookies(r)[0]))
	require.NoError(t, err)
	_, ok := kept.Get(s)
	require.False(t, ok)
}

// A log-out of which the store has not heard is none yet: the answer says so, and
// the visitor is out all the same.
func TestExpireSessionDuringAnOutage(t *testing.T) {
	tree, way, _ := withStore(branch(map[string]resource.Resource{
		"in":  resource.Func(func(req *resource.Request) { req.GetSession() }),
		"out": resource.Func(func(req *resource.Request) { req.ExpireSession() }),
	}))
	uid := uidOf(t, setCookies(answer(t, tree, get(t, "/in")))[0])
	way.Fail(errors.New("outage"))
	r := answer(t, tree, get(t, "/out", "Cookie: sid="+uid))
	require.Equal(t, fasthttp.StatusServiceUnavailable, r.StatusCode())
	require.Len(t, setCookies(r), 1)
	require.Contains(t, setCookies(r)[0], "sid=;")
	way.Fail(nil)
	s, _ := tree.Sessions.Find(get(t, "/in", "Cookie: sid="+uid))
	require.Nil(t, s)
}

// Who renews at a log-in must not go on with the old uid.
func TestRenewSessionDuringAnOutage(t *testing.T) {
	logged := false
	tree, way, _ := withStore(branch(map[string]resource.Resource{
		"in":  resource.Func(func(req *resource.Request) { req.GetSession() }),
		"log": resource.Func(func(req *resource.Request) { req.RenewSession(); logged = true }),
	}))
	uid := uidOf(t, setCookies(answer(t, tree, get(t, "/in")))[0])
	way.Fail(errors.New("outage"))
	r := answer(t, tree, get(t, "/log", "Cookie: sid="+uid))
	require.Equal(t, fasthttp.StatusServiceUnavailable, r.StatusCode())
	require.False(t, logged)
	require.Empty(t, setCookies(r))
}

// A visitor with an uid that is not here is told to come again, never given
// another session.
func TestNoNewSessionDuringAnOutage(t *testing.T) {
	for name, use := range map[string]func(*resource.Request){
		"GetSession":    func(req *resource.Request) { req.GetSession() },
		"PeekSession":   func(req *resource.Request) { req.PeekSession() },
		"RenewSession":  func(req *resource.Request) { req.RenewSession() },
		"ExpireSession": func(req *resource.Request) { req.ExpireSession() },
	} {
		t.Run(name, func(t *testing.T) {
			tree, way, _ := withStore(resource.Func(use))
			way.Fail(errors.New("outage"))
			r := answer(t, tree, get(t, "/", "Cookie: sid=AAAAAAAAAAAAAAAAAAAAAA"))
			require.Equal(t, fasthttp.StatusServiceUnavailable, r.StatusCode())
			require.NotEmpty(t, r.Header.Peek("Retry-After"))
			require.Empty(t, setCookies(r))
		})
	}
}
