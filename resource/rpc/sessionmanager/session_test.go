package sessionmanager_test

import (
	"context"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/spindleweb/spindle/resource/rpc/sessionmanager"
	"github.com/spindleweb/spindle/session"
	"github.com/stretchr/testify/require"
)

// Each session has a log-in of its own, and the configuration is that of all.
func TestWhatIsSharedAndWhatIsNot(t *testing.T) {
	for _, face := range faces {
		t.Run(face, func(t *testing.T) {
			w := newWorld(t)
			defer w.close()
			bases := map[string]string{"default": here, "eva": w.inside(w.create(10)), "ida": w.inside(w.create(10))}
			for user, base := range bases {
				w.call(face, base, "astrogrid.community.login", user, "secret", "roe").ok(t)
				w.call(face, base, "builtin.configuration.setKey", user, "set by "+user).ok(t)
			}
			w.call(face, bases["eva"], "astrogrid.community.login", "ida", "wrong", "roe").fails(t, rpc.AstroGrid, "ServiceException")
			for user, base := range bases {
				require.Equal(t, user+"@roe", w.call(face, base, "astrogrid.community.user").ok(t))
				for other := range bases {
					require.Equal(t, "set by "+other, w.call(face, base, "builtin.configuration.getKey", other).ok(t))
				}
			}
			w.book.requireAll(t, 3, 0)
		})
	}
}

// Services of a session are made before anyone knows it, and once, however often
// it is called and found.
func TestPerSessionOnce(t *testing.T) {
	w := newWorld(t)
	w.xml(here+"xmlrpc", "astrogrid.community.user").ok(t)
	w.book.requireAll(t, 1, 0)
	id := w.create(10)
	w.book.requireAll(t, 2, 0)
	for range 3 {
		for _, face := range faces {
			w.call(face, w.inside(id), "astrogrid.community.user").ok(t)
			w.call(face, here, "astrogrid.community.user").ok(t)
		}
	}
	w.book.requireAll(t, 2, 0)
	w.close()
	w.book.requireAll(t, 2, 2)
}

// A service of PerSession takes the place of a shared one of its name, in that
// session alone.
func TestPerSessionServiceOfASharedName(t *testing.T) {
	first := true
	w := newWorld(t, func(rt *sessionmanager.Runtime) {
		rt.PerSession = func(*session.Session) []*rpc.Service {
			if first { // the default one
				first = false
				return nil
			}
			s := &rpc.Service{Name: "builtin.configuration"}
			s.Export("getKey", func(key string) string { return "my own " + key }, "key")
			return []*rpc.Service{s}
		}
	})
	defer w.close()
	w.call("xmlrpc", here, "builtin.configuration.setKey", "k", "everybody's").ok(t)
	inside := w.inside(w.create(10))
	for _, face := range faces {
		require.Equal(t, "my own k", w.call(face, inside, "builtin.configuration.getKey", "k").ok(t))
		require.Equal(t, "everybody's", w.call(face, here, "builtin.configuration.getKey", "k").ok(t))
		require.True(t, w.call(face, inside, "builtin.configuration.setKey", "k", "v").failed)
	}
	require.NotContains(t, w.call("xmlrpc", inside, "system.listMethods").ok(t), "setKey")
}

// Without PerSession there is what is shared, and the session manager.
func TestNoPerSession(t *testing.T) {
	w := newWorld(t, func(rt *sessionmanager.Runtime) { rt.PerSession = nil })
	defer w.close()
	inside := w.inside(w.create(10))
	w.call("jsonrpc", inside, "builtin.configuration.setKey", "k", "v").ok(t)
	require.Equal(t, "v", w.call("xmlrpc", here, "builtin.configuration.getKey", "k").ok(t))
}

// A Runtime needs nothing but to be there.
func TestZeroRuntime(t *testing.T) {
	w := newWorld(t)
	w.rt = new(sessionmanager.Runtime)
	w.managers = w.rt.Managers()
	w.mount(w.rt)
	defer w.close()
	id := w.create(10)
	require.Equal(t, "true", w.call("get", w.inside(id), manager+"exists", id).ok(t))
	require.Equal(t, here+"xmlrpc", w.call("get", here, manager+"findXmlRpcSession", "default").ok(t))
}

// The session manager is in the group of the gateway, as all else is.
func TestGroup(t *testing.T) {
	w := newWorld(t, func(rt *sessionmanager.Runtime) {
		rt.Gateway.Group = "inner"
		s := &rpc.Service{Name: "hidden"}
		s.Export("f", func() string { return "" })
		rt.Gateway.Registry.Add(s, "outer")
	})
	defer w.close()
	inside := w.inside(w.create(10))
	for _, base := range []string{here, inside} {
		list := w.call("xmlrpc", base, "system.listMethods").ok(t)
		require.Contains(t, list, "createNewSession")
		require.Contains(t, list, "login")
		require.NotContains(t, list, "hidden")
	}
}

// When services cannot be made there is no session, nothing that it owned is left,
// and the next one may do better.
func TestPerSessionThatFails(t *testing.T) {
	for name, broken := range map[string]func() []*rpc.Service{
		"panic":        func() []*rpc.Service { panic("no database") },
		"twice a name": func() []*rpc.Service { return []*rpc.Service{{Name: "a"}, {Name: "a"}} },
		"no name":      func() []*rpc.Service { return []*rpc.Service{{}} },
	} {
		t.Run(name, func(t *testing.T) {
			fail := false
			w := newWorld(t, limited(1), func(rt *sessionmanager.Runtime) {
				good := rt.PerSession
				rt.PerSession = func(s *session.Session) []*rpc.Service {
					all := good(s)
					if fail {
						return broken()
					}
					return all
				}
			})
			defer w.close()
			require.True(t, w.exists("default"))
			fail = true
			for range 3 {
				r := w.call("xmlrpc", here, manager+"createNewSession", 10)
				r.fails(t, rpc.AstroGrid, "ServiceException")
				require.NotContains(t, r.text, "no database")
			}
			w.book.requireAll(t, 4, 3)
			fail = false
			w.create(10) // within the Limit
		})
	}
}

// The sessions of the site's cookies are others: neither id is of use to the other.
func TestCookies(t *testing.T) {
	w := newWorld(t)
	defer w.close()
	var current *session.Session
	root := new(resource.Branch)
	root.PutChild("rt", w.rt)
	root.PutChild("page", resource.GET(func(req *resource.Request) { current = req.GetSession() }))
	w.mount(root)
	w.base = here + "rt/"
	id := w.create(10)

	w.ask("GET", here+"page", "", "", "Cookie: sid="+id)
	require.NotNil(t, current)
	require.NotEqual(t, id, current.UID())
	uid := current.UID()
	require.False(t, w.exists(uid))
	w.call("xmlrpc", w.base, manager+"findHttpSession", uid).fails(t, rpc.AstroGrid, "InvalidArgumentException")
	w.dispose(uid)
	require.Equal(t, session.Alive, current.Reason())
	require.Equal(t, 404, w.xml(w.base+"session/"+uid+"/xmlrpc", "astrogrid.community.user").status)

	// With whatever cookie, a call is for the session of its URL.
	for _, cookie := range []string{id, uid} {
		w.xml(w.inside(id)+"xmlrpc", "astrogrid.community.login", "eva", "secret", "roe").ok(t)
		r := w.ask("POST", w.base+"xmlrpc", "text/xml", xmlCall("astrogrid.community.user"), "Cookie: sid="+cookie)
		require.Empty(t, readXML(t, r).ok(t))
		require.NotContains(t, r.Header.String(), "Set-Cookie")
		r = w.ask("POST", w.inside(id)+"xmlrpc", "text/xml", xmlCall("astrogrid.community.user"), "Cookie: sid="+cookie)
		require.Equal(t, "eva@roe", readXML(t, r).ok(t))
		require.NotContains(t, r.Header.String(), "Set-Cookie")
	}
}

// Ids are drawn from what nobody guesses, and none comes twice.
func TestIDs(t *testing.T) {
	w := newWorld(t)
	defer w.close()
	seen := make(map[string]bool)
	for range 200 {
		id := w.create(10)
		require.False(t, seen[id])
		require.Regexp(t, `^[A-Za-z0-9_-]{22,}$`, id) // needs no escape in a URL
		seen[id] = true
		w.dispose(id)
	}
	require.Equal(t, 200, len(seen))
}

// Answers at the address of a session are in no cache and no other site's logs.
func TestAddressIsSecret(t *testing.T) {
	w := newWorld(t)
	defer w.close()
	id := w.create(10)
	at := w.inside(id)
	for _, url := range []string{
		at, at + "builtin", at + "builtin/sessionManager/exists", at + "astrogrid/community/user/plain",
		here + "builtin/sessionManager/createNewSession/plain?inactivityTimeout=1",
		here + "builtin/sessionManager/findHttpSession/plain?sessionId=" + id,
	} {
		r := w.ask("GET", url, "", "")
		require.Equal(t, 200, r.StatusCode(), url)
		require.Equal(t, "no-referrer", string(r.Header.Peek("Referrer-Policy")), url)
		require.Equal(t, "no-store", string(r.Header.Peek("Cache-Control")), url)
	}
	// Nor is the address on the pages that lead there.
	require.False(t, strings.Contains(string(w.ask("GET", here, "", "").Body()), id))
}

// When services for the default session cannot be made, the next request may do
// better: the Runtime is not lost for that, nor is anything left.
func TestFirstRequestThatFails(t *testing.T) {
	failing := true
	w := newWorld(t, func(rt *sessionmanager.Runtime) {
		good := rt.PerSession
		rt.PerSession = func(s *session.Session) []*rpc.Service {
			all := good(s)
			if failing {
				panic("no database")
			}
			return all
		}
	})
	defer w.close()
	for range 2 {
		require.GreaterOrEqual(t, w.call("xmlrpc", here, manager+"exists", "default").status, 500)
	}
	w.book.requireAll(t, 2, 2)
	failing = false
	w.requireDefault("")
	require.Equal(t, 1, w.live())
	w.book.requireAll(t, 3, 2)
}

// A Hook of the gateway sees for which session each call is, those of the session
// manager too.
func TestHookSeesTheSession(t *testing.T) {
	var seen []*session.Session
	w := newWorld(t, func(rt *sessionmanager.Runtime) {
		rt.Gateway.Hook = func(ctx context.Context, c *rpc.Call) (any, error) {
			seen = append(seen, c.Session)
			return c.Invoke(ctx)
		}
	})
	defer w.close()
	id := w.create(10)
	inside := w.inside(id)
	w.call("xmlrpc", inside, manager+"exists", "default").ok(t)
	w.call("get", inside, "astrogrid.community.user").ok(t)
	home, own := w.book.order[0], w.book.order[1]
	require.Equal(t, id, own.UID())
	require.Equal(t, []bool{true, true, false, false}, []bool{seen[0] == home, seen[1] == home, seen[2] == home, seen[3] == home})
	require.Same(t, own, seen[2])
	require.Same(t, own, seen[3])
}
