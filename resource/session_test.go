package resource_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

// open has the tree make a session and returns its uid.
func open(t testing.TB, tree *resource.Tree, path string) string {
	t.Helper()
	lines := setCookies(answer(t, tree, get(t, path)))
	require.Len(t, lines, 1)
	return uidOf(t, lines[0])
}

func TestCookieIsSentOnceWhateverTheAnswer(t *testing.T) {
	ends := map[string]struct {
		code int
		end  func(req *resource.Request)
	}{
		"200":      {200, func(req *resource.Request) { _, _ = req.WriteString("x") }},
		"empty":    {200, func(*resource.Request) {}},
		"201":      {201, func(req *resource.Request) { req.SetStatusCode(201) }},
		"302":      {302, func(req *resource.Request) { req.Redirect("/x", 302) }},
		"304":      {304, func(req *resource.Request) { req.NotModified() }},
		"404":      {404, func(req *resource.Request) { req.NotFound() }},
		"204":      {204, func(req *resource.Request) { req.SetStatusCode(204) }},
		"500":      {500, func(*resource.Request) { panic("x") }},
		"abort":    {403, func(req *resource.Request) { req.Abort(403) }},
		"error":    {418, func(req *resource.Request) { req.Error("x", 418) }},
		"reset":    {200, func(req *resource.Request) { req.Response.Reset() }},
		"reset h":  {200, func(req *resource.Request) { req.Response.Header.Reset() }},
		"again":    {200, func(req *resource.Request) { req.GetSession(); req.GetSession() }},
		"peek":     {200, func(req *resource.Request) { req.PeekSession() }},
		"renew":    {200, func(req *resource.Request) { req.RenewSession() }},
		"renew 2":  {404, func(req *resource.Request) { req.RenewSession(); req.RenewSession(); req.NotFound() }},
		"stream":   {200, func(req *resource.Request) { req.SetBodyStream(strings.NewReader("x"), -1) }},
		"sent too": {200, func(req *resource.Request) { req.Sessions().Send(req.RequestCtx, req.GetSession()) }},
		"cookies": {200, func(req *resource.Request) {
			req.Response.Header.SetCookie(cookie("other", "1"))
		}},
		"plain handler": {500, func(req *resource.Request) {
			resource.Serve(resource.Handler(func(ctx *fasthttp.RequestCtx) { ctx.Error("x", 500) }), req)
		}},
	}
	for name, test := range ends {
		for _, when := range []string{"before", "after", "in GetChild"} {
			t.Run(name+" "+when, func(t *testing.T) {
				var uid string
				tree, _ := newTree(&opener{early: when == "in GetChild", uid: &uid, f: func(req *resource.Request) {
					if when == "before" {
						uid = req.GetSession().UID()
					}
					if when == "after" {
						// A panic or an Abort leaves no later moment but this.
						defer func() { uid = req.GetSession().UID() }()
					}
					test.end(req)
				}})
				srv := serve(t, tree.Handler)
				r := srv.ask(t, raw("GET", "/x"))
				require.NoError(t, r.err)
				require.Equal(t, test.code, r.StatusCode)
				var ours []string
				for _, line := range r.Header["Set-Cookie"] {
					if strings.HasPrefix(line, "sid=") {
						ours = append(ours, line)
					}
				}
				if strings.HasPrefix(name, "renew") {
					uid = ""
					for s := range tree.Sessions.All() {
						uid = s.UID()
					}
				}
				require.Equal(t, []string{"sid=" + uid + "; Path=/; HttpOnly; SameSite=Lax"}, ours)
				require.EqualValues(t, 1, tree.Sessions.Stats().Live)

				r = srv.ask(t, raw("GET", "/x", "Cookie: sid="+uid))
				require.Equal(t, test.code, r.StatusCode)
				if !strings.HasPrefix(name, "renew") && name != "sent too" {
					require.NotContains(t, strings.Join(r.Header["Set-Cookie"], " "), "sid=", "it is there already")
				}
				require.EqualValues(t, 1, tree.Sessions.Stats().Made)
			})
		}
	}
}

// opener asks for the session in GetChild, or has f do so.
type opener struct {
	resource.Branch
	early bool
	uid   *string
	f     func(*resource.Request)
}

func (o *opener) GetChild(_ []byte, req *resource.Request) resource.Resource {
	if o.early {
		*o.uid = req.GetSession().UID()
	}
	return resource.Func(o.f)
}

func TestNobodyWhoDoesNotAskGetsASession(t *testing.T) {
	tree, _ := newTree(branch(map[string]resource.Resource{
		"a": say("a"), "peek": resource.GET(func(req *resource.Request) { fmt.Fprint(req, req.PeekSession() == nil) }),
		"end": resource.GET(func(req *resource.Request) { req.ExpireSession() }), "gone": resource.Status(410),
		"p": resource.GET(func(*resource.Request) { panic("x") }),
	}))
	made := strings.Repeat("A", 22)
	for _, path := range []string{"/a", "/peek", "/end", "/gone", "/p", "/nobody", "/%zz"} {
		for _, c := range []string{"Cookie: a=b", "Cookie: sid=" + made, "Cookie: sid=", "Cookie: sid=x; sid=" + made} {
			r := answer(t, tree, get(t, path, c))
			require.Empty(t, setCookies(r), "%s %s", path, c)
		}
	}
	require.Zero(t, tree.Sessions.Stats().Made)
	require.Equal(t, "true", string(answer(t, tree, get(t, "/peek", "Cookie: sid="+made)).Body()))
}

func TestUidsThatAreMadeUpAreNeverAdopted(t *testing.T) {
	tree, _ := newTree(resource.Func(func(req *resource.Request) { req.GetSession() }))
	for _, v := range []string{strings.Repeat("A", 22), "", "x", strings.Repeat("A", 5000), `"` + strings.Repeat("A", 22) + `"`} {
		r := answer(t, tree, get(t, "/", "Cookie: sid="+v))
		require.Len(t, setCookies(r), 1)
		require.NotEqual(t, v, uidOf(t, setCookies(r)[0]))
	}
	require.EqualValues(t, 5, tree.Sessions.Stats().Made)
}

func TestSessionAfterItsEndInTheSameRequest(t *testing.T) {
	for _, brought := range []bool{true, false} {
		t.Run(fmt.Sprint("brought ", brought), func(t *testing.T) {
			var first, second *session.Session
			tree, _ := newTree(branch(map[string]resource.Resource{
				"in": resource.Func(func(req *resource.Request) { req.GetSession() }),
				"x": resource.Func(func(req *resource.Request) {
					first = req.GetSession()
					if len(req.QueryArgs().Peek("how")) > 0 {
						req.ExpireSession()
					} else {
						first.Expire()
					}
					if p := req.PeekSession(); p != nil {
						panic("an ended session was handed out")
					}
					second = req.GetSession()
					if req.GetSession() != second {
						panic("two new ones")
					}
				}),
			}))
			for _, query := range []string{"", "?how=1"} {
				var headers []string
				uid := ""
				if brought {
					uid = open(t, tree, "/in")
					headers = []string{"Cookie: sid=" + uid}
				}
				r := answer(t, tree, get(t, "/x"+query, headers...))
				require.Equal(t, 200, r.StatusCode())
				require.NotSame(t, first, second)
				require.Equal(t, session.Expired, first.Reason())
				require.Equal(t, session.Alive, second.Reason())
				require.Len(t, setCookies(r), 1)
				require.Equal(t, second.UID(), uidOf(t, setCookies(r)[0]))
				require.NotEqual(t, uid, second.UID())
			}
		})
	}
}

func TestPeekSessionDoesNotTouch(t *testing.T) {
	tree, _ := newTree(branch(map[string]resource.Resource{
		"get":  resource.Func(func(req *resource.Request) { req.GetSession() }),
		"peek": resource.Func(func(req *resource.Request) { fmt.Fprint(req, req.PeekSession().Remaining()) }),
	}))
	c := "Cookie: sid=" + open(t, tree, "/get")
	clock := tree.Sessions.Clock
	clock.Advance(10 * time.Minute)
	for range 3 {
		require.Equal(t, "5m0s", string(answer(t, tree, get(t, "/peek", c)).Body()))
	}
	require.Empty(t, setCookies(answer(t, tree, get(t, "/get", c))), "GetSession touches")
	left, err := time.ParseDuration(string(answer(t, tree, get(t, "/peek", c)).Body()))
	require.NoError(t, err)
	require.InDelta(t, 15*time.Minute, left, float64(time.Millisecond))
	clock.Advance(16 * time.Minute)
	require.Equal(t, 500, answer(t, tree, get(t, "/peek", c)).StatusCode(), "it is gone, and nil")
}

func TestRenewSession(t *testing.T) {
	user := session.NewKey[string]("user")
	tree, _ := newTree(branch(map[string]resource.Resource{
		"in":  resource.Func(func(req *resource.Request) { _ = user.Set(req.GetSession(), "kept") }),
		"new": resource.Func(func(req *resource.Request) { fmt.Fprint(req, req.RenewSession().UID()); req.NotFound() }),
		"who": resource.Func(func(req *resource.Request) { v, _ := user.Get(req.GetSession()); _, _ = req.WriteString(v) }),
	}))
	old := open(t, tree, "/in")
	r := answer(t, tree, get(t, "/new", "Cookie: sid="+old))
	require.Len(t, setCookies(r), 1)
	uid := uidOf(t, setCookies(r)[0])
	require.NotEqual(t, old, uid)
	require.Nil(t, known(tree.Sessions.Get(context.Background(), old)))
	require.Equal(t, "kept", string(answer(t, tree, get(t, "/who", "Cookie: sid="+uid)).Body()))
	r = answer(t, tree, get(t, "/who", "Cookie: sid="+old))
	require.Empty(t, r.Body(), "who knew the old one has no part in it")
	require.Len(t, setCookies(r), 1)
	require.EqualValues(t, 2, tree.Sessions.Stats().Made)
}

func TestExpireSession(t *testing.T) {
	ended := make(chan string, 2)
	tree, _ := newTree(branch(map[string]resource.Resource{
		"in":  resource.Func(func(req *resource.Request) { req.GetSession().NotifyOnExpire(func() { ended <- "called" }) }),
		"out": resource.Func(func(req *resource.Request) { req.ExpireSession(); fmt.Fprint(req, len(ended)); req.ExpireSession() }),
	}))
	uid := open(t, tree, "/in")
	r := answer(t, tree, get(t, "/out", "Cookie: sid="+uid))
	require.Equal(t, "1", string(r.Body()), "it returns when the calls have been made")
	require.Equal(t, []string{"sid=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"}, setCookies(r))
	require.Nil(t, known(tree.Sessions.Get(context.Background(), uid)))
	require.EqualValues(t, 1, tree.Sessions.Stats().Ended[session.Expired])
	r = answer(t, tree, get(t, "/out", "Cookie: sid="+uid))
	require.Equal(t, "1", string(r.Body()))
	require.Empty(t, setCookies(r))
}

func TestBind(t *testing.T) {
	visits := session.NewKey[int]("visits")
	tree, _ := newTree(&binder{visits: visits})
	s, err := tree.Sessions.Create(nil)
	require.NoError(t, err)
	for i := range 3 {
		r := answer(t, tree, get(t, "/"+s.UID()+"/count"))
		require.Equal(t, fmt.Sprint(i+1), string(r.Body()))
		require.Empty(t, setCookies(r))
		tree.Sessions.Clock.Advance(10 * time.Minute)
		require.Equal(t, session.Alive, s.Reason(), "binding touches")
	}
	r := answer(t, tree, get(t, "/"+s.UID()+"/out"))
	require.Empty(t, setCookies(r), "the client has nothing to forget")
	require.Equal(t, session.Expired, s.Reason())
	require.EqualValues(t, 1, tree.Sessions.Stats().Made)
}

type binder struct {
	resource.Branch
	visits session.Key[int]
}

func (b *binder) GetChild(name []byte, req *resource.Request) resource.Resource {
	s := known(req.Sessions().Get(context.Background(), string(name)))
	if s == nil {
		return nil
	}
	req.Bind(s)
	return branch(map[string]resource.Resource{
		"count": resource.Func(func(req *resource.Request) {
			_ = b.visits.Update(req.GetSession(), func(n *int) { *n++ })
			n, _ := b.visits.Get(req.PeekSession())
			fmt.Fprint(req, n)
		}),
		"out": resource.Func(func(req *resource.Request) { req.ExpireSession() }),
	})
}

func TestNoRoomIsA503(t *testing.T) {
	tests := map[string]func(t *testing.T, m *session.Manager){
		"full": func(t *testing.T, m *session.Manager) {
			_, err := m.Create(nil)
			require.NoError(t, err)
		},
		"drained": func(_ *testing.T, m *session.Manager) { m.Drain() },
		"closed":  func(t *testing.T, m *session.Manager) { require.NoError(t, m.Close(context.Background())) },
	}
	for name, fill := range tests {
		t.Run(name, func(t *testing.T) {
			tree, log := newTree(resource.Func(func(req *resource.Request) { req.GetSession(); _, _ = req.WriteString("in") }))
			tree.Sessions.Limit = 1
			fill(t, tree.Sessions)
			made := tree.Sessions.Stats().Made
			r := answer(t, tree, get(t, "/"))
			require.Equal(t, 503, r.StatusCode())
			require.Equal(t, "10", string(r.Header.Peek("Retry-After")))
			require.Equal(t, "503 Service Unavailable\n", string(r.Body()))
			require.Empty(t, setCookies(r))
			require.Equal(t, made, tree.Sessions.Stats().Made)
			require.Empty(t, log.heard(), "that is no error of the program")
		})
	}
	t.Run("there is one already", func(t *testing.T) {
		tree, _ := newTree(resource.Func(func(req *resource.Request) { req.GetSession(); _, _ = req.WriteString("in") }))
		tree.Sessions.Limit = 1
		uid := open(t, tree, "/")
		tree.Sessions.Drain()
		require.Equal(t, "in", string(answer(t, tree, get(t, "/", "Cookie: sid="+uid)).Body()))
	})
}
