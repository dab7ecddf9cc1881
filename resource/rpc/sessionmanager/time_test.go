package sessionmanager_test

import (
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/spindleweb/spindle/resource/rpc/sessionmanager"
	"github.com/spindleweb/spindle/session"
	"github.com/stretchr/testify/require"
)

// Looking at a session from outside is no activity, whatever is asked.
func TestLookingKeepsNoSessionAlive(t *testing.T) {
	for _, face := range faces {
		t.Run(face, func(t *testing.T) {
			w := newWorld(t)
			defer w.close()
			id := w.create(10)
			look := func() string {
				w.call(face, here, manager+"findHttpSession", id)
				w.call(face, here, manager+"findXmlRpcSession", id)
				return w.call(face, here, manager+"exists", id).ok(t)
			}
			for range 9 {
				w.clock.Advance(time.Minute)
				require.Equal(t, "true", look())
			}
			w.clock.Advance(59 * time.Second)
			require.Equal(t, "true", look())
			w.clock.Advance(2 * time.Second)
			require.Equal(t, "false", look())
			require.Equal(t, session.Idle, w.nextEnd())
			w.book.requireAll(t, 2, 1)
		})
	}
}

// Nor does another session's looking keep it alive.
func TestLookingFromAnotherSession(t *testing.T) {
	w := newWorld(t)
	defer w.close()
	a, b := w.create(10), w.create(10)
	inside := w.inside(a)
	for range 11 {
		w.clock.Advance(time.Minute)
		w.call("xmlrpc", inside, manager+"exists", b).ok(t)
	}
	require.True(t, w.exists(a))
	require.False(t, w.exists(b))
}

// Whatever comes through its own endpoint keeps a session alive, and idleness then
// starts anew.
func TestCallsKeepSessionsAlive(t *testing.T) {
	for _, face := range faces {
		t.Run(face, func(t *testing.T) {
			w := newWorld(t)
			defer w.close()
			id := w.create(10)
			inside := w.inside(id)
			for _, function := range []string{"astrogrid.community.user", manager + "exists", "system.listMethods", "no.such"} {
				if function[0] != 'a' && face != "xmlrpc" && face != "jsonrpc" {
					continue
				}
				w.clock.Advance(9 * time.Minute)
				args := []any{}
				if function == manager+"exists" {
					args = append(args, id)
				}
				w.call(face, inside, function, args...)
				require.True(t, w.exists(id), function)
			}
			w.clock.Advance(9*time.Minute + 59*time.Second)
			require.True(t, w.exists(id))
			w.clock.Advance(2 * time.Second)
			require.False(t, w.exists(id))
			require.Equal(t, 404, w.call(face, inside, "astrogrid.community.user").status)
		})
	}
}

// A session is not idle while a call is under way, for however long, and lasts as
// long as ever afterwards.
func TestCallUnderWayKeepsSessionAlive(t *testing.T) {
	for _, face := range faces {
		t.Run(face, func(t *testing.T) {
			w := newWorld(t)
			defer w.close()
			id := w.create(10)
			inside := w.inside(id)
			done := make(chan result)
			go func() { done <- w.call(face, inside, "test.stay") }()
			<-w.book.begun
			for range 100 {
				w.clock.Advance(time.Hour)
				require.True(t, w.exists(id))
			}
			close(w.book.leave)
			require.Equal(t, "stayed", (<-done).ok(t))
			w.clock.Advance(9 * time.Minute)
			require.True(t, w.exists(id))
			w.clock.Advance(2 * time.Minute)
			require.False(t, w.exists(id))
		})
	}
}

// Each session has the timeout that it was given.
func TestTimeoutsDiffer(t *testing.T) {
	w := newWorld(t)
	defer w.close()
	ids := make(map[int]string)
	for _, minutes := range []int{1, 5, 30, 60} {
		ids[minutes] = w.create(minutes)
	}
	for minute := 1; minute < 62; minute++ {
		w.clock.Advance(time.Minute - time.Second)
		for minutes, id := range ids {
			require.Equal(t, minute <= minutes, w.exists(id), "%d after %d", minutes, minute)
		}
		w.clock.Advance(time.Second)
	}
	for range 4 {
		require.Equal(t, session.Idle, w.nextEnd())
	}
	w.book.requireAll(t, 5, 4)
}

// The limits of the Space hold for minutes too.
func TestLimitsOfTimeouts(t *testing.T) {
	w := newWorld(t, func(rt *sessionmanager.Runtime) {
		rt.Space.MinTimeout, rt.Space.MaxTimeout = 5*time.Minute, time.Hour
	})
	defer w.close()
	w.requireLasting(w.create(1), 5*time.Minute)
	w.requireLasting(w.create(59), 59*time.Minute)
	w.requireLasting(w.create(2147483647), time.Hour)
}

// The default session is there from the start, whatever the Factory makes of
// others, and does not end.
func TestDefaultSessionDoesNotEnd(t *testing.T) {
	for name, factory := range map[string]session.Factory{
		"default": nil,
		"short":   session.Lasting(time.Second),
		"with a lifetime": func(uid string) *session.Session {
			s := session.New(uid)
			s.SetLifetime(time.Hour)
			return s
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(rt *sessionmanager.Runtime) { rt.Space.Sessions.Factory = factory })
			require.True(t, w.exists("default"))
			w.xml(here+"xmlrpc", "astrogrid.community.login", "eva", "secret", "roe").ok(t)
			for range 5 {
				w.clock.Advance(365 * 24 * time.Hour)
			}
			for _, m := range w.managers {
				require.NoError(t, m.AdjustTime(t.Context(), -1000*time.Hour))
			}
			w.clock.Advance(time.Hour)
			w.requireDefault("eva@roe")
			w.book.requireAll(t, 1, 0)
			w.close()
			w.book.requireAll(t, 1, 1)
		})
	}
}

// requireDefault checks that the default session is the one in which the user has
// logged in.
func (w *world) requireDefault(user string) {
	w.t.Helper()
	for _, face := range faces {
		require.Equal(w.t, "true", w.call(face, here, manager+"exists", "default").ok(w.t))
		require.Equal(w.t, here, w.call(face, here, manager+"findHttpSession", "default").ok(w.t))
		require.Equal(w.t, here+"xmlrpc", w.call(face, here, manager+"findXmlRpcSession", "default").ok(w.t))
		require.Equal(w.t, user, w.call(face, here, "astrogrid.community.user").ok(w.t))
	}
}

// Nobody disposes of the default session, from wherever.
func TestDefaultSessionCannotBeDisposedOf(t *testing.T) {
	each(t, func(t *testing.T, d rpc.Dialect, face string) {
		w := newWorld(t, speaking(d))
		defer w.close()
		w.xml(here+"xmlrpc", "astrogrid.community.login", "eva", "secret", "roe").ok(t)
		inside := w.inside(w.create(10))
		for range 2 {
			w.call(face, here, manager+"dispose", "default").void(t, d)
			w.call(face, inside, manager+"dispose", "default").void(t, d)
			require.Equal(t, 405, w.ask("DELETE", here, "", "").StatusCode())
			require.Equal(t, 404, w.ask("DELETE", here+"session/default", "", "").StatusCode())
		}
		w.requireDefault("eva@roe")
		w.book.requireAll(t, 2, 0)
	})
}

// A service may tell clients the uid of their session. That of the default one
// is no way to end it either, nor to make its services once more.
func TestUIDOfTheDefaultSession(t *testing.T) {
	for name, attack := range map[string]func(w *world, uid string){
		"dispose": func(w *world, uid string) { w.call("xmlrpc", here, manager+"dispose", uid) },
		"DELETE":  func(w *world, uid string) { w.ask("DELETE", here+"session/"+uid, "", "") },
		"call":    func(w *world, uid string) { w.xml(here+"session/"+uid+"/xmlrpc", "astrogrid.community.user") },
		"from inside": func(w *world, uid string) {
			w.call("jsonrpc", w.inside(w.create(10)), manager+"dispose", uid)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			defer w.close()
			w.xml(here+"xmlrpc", "astrogrid.community.login", "eva", "secret", "roe").ok(t)
			attack(w, w.xml(here+"xmlrpc", "test.uid").ok(t))
			_, twice, closed, _ := w.book.all()
			require.Zero(t, twice, "services were made once more")
			require.Zero(t, closed, "it has ended")
			w.requireDefault("eva@roe")
		})
	}
}

// Nor does it end where nobody has asked for the Managers.
func TestDefaultSessionWithoutASite(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		book := newBook()
		rt := &sessionmanager.Runtime{PerSession: book.services}
		w := &world{t: t, rt: rt, book: book}
		w.mount(rt)
		defer func() {
			w.managers = rt.Managers()
			w.close()
		}()
		w.xml(here+"xmlrpc", "astrogrid.community.login", "eva", "secret", "roe").ok(t)
		<-time.After(1000 * time.Hour)
		w.requireDefault("eva@roe")
	})
}
