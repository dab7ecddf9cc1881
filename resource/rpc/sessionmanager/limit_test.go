package sessionmanager_test

import (
	"context"
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/guard"
	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/spindleweb/spindle/resource/rpc/sessionmanager"
	"github.com/spindleweb/spindle/session"
	"github.com/stretchr/testify/require"
)

// The limit is that of sessions besides the default one, and whoever ends makes
// room.
func TestLimit(t *testing.T) {
	each(t, func(t *testing.T, d rpc.Dialect, face string) {
		w := newWorld(t, limited(3), speaking(d))
		defer w.close()
		var ids []string
		for range 3 {
			ids = append(ids, w.call(face, here, manager+"createNewSession", 10).ok(t))
		}
		full := func() { w.call(face, here, manager+"createNewSession", 10).fails(t, d, "ServiceException") }
		full()
		full()
		w.book.requireAll(t, 4, 0) // nothing was made for those
		w.call(face, here, manager+"dispose", ids[1]).void(t, d)
		w.call(face, here, manager+"createNewSession", 1).ok(t)
		full()
		w.clock.Advance(2 * time.Minute)
		w.call(face, w.inside(ids[0]), manager+"createNewSession", 10).ok(t)
		full()
		require.True(t, w.exists(ids[0]))
		require.True(t, w.exists(ids[2]))
		w.requireDefault("")
	})
}

// Where new sessions take the place of old ones, it is not that of the default
// one, nor of one that is in use.
func TestEvict(t *testing.T) {
	w := newWorld(t, limited(2), func(rt *sessionmanager.Runtime) { rt.Space.Sessions.Evict = true })
	w.xml(here+"xmlrpc", "astrogrid.community.login", "eva", "secret", "roe").ok(t)
	w.clock.Advance(time.Second)
	busy := w.create(600)
	inside := w.inside(busy)
	done := make(chan result)
	go func() { done <- w.xml(inside+"xmlrpc", "test.stay") }()
	<-w.book.begun
	last := ""
	for i := range 100 {
		w.clock.Advance(time.Second)
		last = w.create(600)
		if i > 0 {
			require.Equal(t, session.Evicted, w.nextEnd())
		}
	}
	require.True(t, w.exists(last))
	require.True(t, w.exists(busy))
	w.requireDefault("eva@roe")
	w.book.requireAll(t, 102, 99)
	close(w.book.leave)
	require.Equal(t, "stayed", (<-done).ok(t))
	w.close()
	w.book.requireAll(t, 102, 102)
}

// Where all are in use there is no room.
func TestEvictNobody(t *testing.T) {
	w := newWorld(t, limited(1), func(rt *sessionmanager.Runtime) { rt.Space.Sessions.Evict = true })
	defer w.close()
	inside := w.inside(w.create(10))
	done := make(chan result)
	go func() { done <- w.xml(inside+"xmlrpc", "test.stay") }()
	<-w.book.begun
	w.call("xmlrpc", here, manager+"createNewSession", 10).fails(t, rpc.AstroGrid, "ServiceException")
	w.requireDefault("")
	close(w.book.leave)
	require.Equal(t, "stayed", (<-done).ok(t))
}

// Where there is one session only, all but createNewSession is as ever.
func TestSingle(t *testing.T) {
	each(t, func(t *testing.T, d rpc.Dialect, face string) {
		w := newWorld(t, speaking(d), func(rt *sessionmanager.Runtime) { rt.Single = true })
		defer w.close()
		for _, minutes := range []int{10, 0, -1} {
			w.call(face, here, manager+"createNewSession", minutes).fails(t, d, "NotApplicableException")
		}
		w.requireDefault("")
		w.call(face, here, manager+"dispose", "default").void(t, d)
		require.Equal(t, "false", w.call(face, here, manager+"exists", "x").ok(t))
		w.book.requireAll(t, 1, 0)
	})
}

// Who may open a session is a matter of who has logged in by HTTP.
func TestAllowUsers(t *testing.T) {
	each(t, func(t *testing.T, d rpc.Dialect, face string) {
		w := newWorld(t, speaking(d), func(rt *sessionmanager.Runtime) {
			rt.Allow = func(ctx context.Context) error {
				if user := guard.User(ctx); user != "eva" {
					return errors.New(user + " may not")
				}
				return nil
			}
		})
		defer w.close()
		as := ""
		inner := &guard.Basic{Resource: w.rt, Check: guard.Users(map[string]string{"eva": "a", "ida": "b"})}
		w.mount(resource.Func(func(req *resource.Request) {
			if as != "" {
				req.Request.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(as)))
			}
			resource.Serve(inner, req)
		}))
		require.Equal(t, 401, w.call(face, here, manager+"createNewSession", 10).status)
		as = "ida:b"
		r := w.call(face, here, manager+"createNewSession", 10)
		r.fails(t, d, "SecurityException")
		require.Contains(t, r.text, "ida may not")
		require.Equal(t, "true", w.call(face, here, manager+"exists", "default").ok(t))
		as = "eva:a"
		id := w.call(face, here, manager+"createNewSession", 10).ok(t)
		inside := w.inside(id)
		as = "ida:b" // inside a session it is who calls that counts
		w.call(face, inside, manager+"createNewSession", 10).fails(t, d, "SecurityException")
		as = "eva:a"
		w.call(face, inside, manager+"createNewSession", 10).ok(t)
		w.book.requireAll(t, 3, 0)
	})
}

type clientKey struct{}

// Or of whatever the gateway takes from the request.
func TestAllowByTheContextOfTheGateway(t *testing.T) {
	for _, face := range faces {
		t.Run(face, func(t *testing.T) {
			agent := "curl"
			var seen []string
			w := newWorld(t, func(rt *sessionmanager.Runtime) {
				rt.Gateway.Context = func(req *resource.Request) context.Context {
					return context.WithValue(context.Background(), clientKey{}, agent)
				}
				rt.Allow = func(ctx context.Context) error {
					seen = append(seen, ctx.Value(clientKey{}).(string))
					if agent == "curl" {
						return errors.New("no curl")
					}
					return nil
				}
			})
			defer w.close()
			w.call(face, here, manager+"createNewSession", 10).fails(t, rpc.AstroGrid, "SecurityException")
			agent = "python"
			id := w.call(face, here, manager+"createNewSession", 10).ok(t)
			require.Equal(t, here+"session/"+id+"/", w.call(face, here, manager+"findHttpSession", id).ok(t))
			w.call(face, w.inside(id), manager+"createNewSession", 10).ok(t)
			require.Equal(t, []string{"curl", "python", "python"}, seen)
		})
	}
}

// An Allow that fails lets nobody in.
func TestAllowThatPanics(t *testing.T) {
	w := newWorld(t, func(rt *sessionmanager.Runtime) {
		rt.Allow = func(context.Context) error { panic("the policy is broken") }
	})
	defer w.close()
	r := w.call("xmlrpc", here, manager+"createNewSession", 10)
	require.True(t, r.failed)
	require.NotContains(t, r.text, "broken")
	w.book.requireAll(t, 1, 0)
}
