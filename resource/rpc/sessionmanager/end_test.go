package sessionmanager_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/spindleweb/spindle/resource/rpc/sessionmanager"
	"github.com/spindleweb/spindle/session"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

// inBubble has f run in a time of its own.
func inBubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	_ = new(fasthttp.Response).Header.String() // fasthttp starts a goroutine for the date that never ends
	synctest.Test(t, f)
}

// A session that disposes of itself is told so, though it is gone by then.
func TestSessionDisposesOfItself(t *testing.T) {
	each(t, func(t *testing.T, d rpc.Dialect, face string) {
		w := newWorld(t, speaking(d))
		for range 20 {
			id := w.create(10)
			inside := w.inside(id)
			w.call(face, inside, manager+"dispose", id).void(t, d)
			require.False(t, w.exists(id))
			require.Equal(t, 404, w.call(face, inside, manager+"dispose", id).status)
			require.Equal(t, session.Expired, w.nextEnd())
		}
		w.book.requireAll(t, 21, 20)
		w.close()
		w.book.requireAll(t, 21, 21)
	})
}

// What comes after that in the same request finds it gone; what came before has
// its answer.
func TestSessionDisposesOfItselfAmongOtherCalls(t *testing.T) {
	w := newWorld(t)
	defer w.close()
	id := w.create(10)
	inside := w.inside(id)
	batch := `[{"jsonrpc":"2.0","id":1,"method":"builtin.sessionManager.exists","params":["` + id + `"]},
		{"jsonrpc":"2.0","id":2,"method":"builtin.sessionManager.dispose","params":["` + id + `"]},
		{"jsonrpc":"2.0","id":3,"method":"builtin.sessionManager.exists","params":["` + id + `"]}]`
	r := w.ask("POST", inside+"jsonrpc", "application/json", batch)
	require.Equal(t, 200, r.StatusCode())
	var answers []struct {
		Result any
		Error  *struct{ Code int }
	}
	require.NoError(t, json.Unmarshal(r.Body(), &answers), "%s", r.Body())
	require.Len(t, answers, 3)
	require.Equal(t, true, answers[0].Result)
	require.Nil(t, answers[1].Error)
	require.NotNil(t, answers[2].Error)
	require.Equal(t, -32001, answers[2].Error.Code)
	w.book.requireAll(t, 2, 1)
}

// away checks that a call was answered: the session is no more.
func (r result) away(t testing.TB) {
	t.Helper()
	require.True(t, r.failed, "%+v", r)
	switch r.face {
	case "jsonrpc":
		require.Equal(t, -32001, r.code)
	case "xmlrpc":
		require.Contains(t, r.text, "went away")
	default:
		require.Equal(t, 410, r.status)
	}
}

// A call that is under way when another disposes of its session is told.
func TestDisposeWhileACallIsUnderWay(t *testing.T) {
	each(t, func(t *testing.T, d rpc.Dialect, face string) {
		w := newWorld(t, speaking(d))
		defer w.close()
		id, other := w.create(10), w.create(10)
		inside := w.inside(id)
		const calls = 5
		done := make(chan result, calls)
		for range calls {
			go func() { done <- w.call(face, inside, "test.wait") }()
		}
		for range calls {
			<-w.book.begun
		}
		w.call(face, w.inside(other), manager+"dispose", id).void(t, d)
		w.book.requireAll(t, 3, 1) // what it owned is released when dispose returns
		for range calls {
			(<-done).away(t)
		}
		require.False(t, w.exists(id))
		require.True(t, w.exists(other))
	})
}

// One that goes on nevertheless is answered after a while, and others of the same
// session that disposes of itself too.
func TestCallThatGoesOnWithoutItsSession(t *testing.T) {
	for _, face := range faces {
		t.Run(face, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				w := newWorld(t)
				leave := sync.OnceFunc(func() { close(w.book.leave) })
				defer leave()
				id := w.create(10)
				inside := w.inside(id)
				done := make(chan result, 1)
				go func() { done <- w.call(face, inside, "test.stay") }()
				<-w.book.begun
				begin := time.Now()
				w.call(face, inside, manager+"dispose", id).void(t, rpc.AstroGrid)
				require.Zero(t, time.Since(begin)) // which waits for nobody
				(<-done).away(t)
				require.LessOrEqual(t, time.Since(begin), 5*time.Second)
				leave()
				w.close()
				w.book.requireAll(t, 2, 2)
			})
		})
	}
}

// What a call has found out when its session ends is not lost.
func TestCallThatFinishesAsItsSessionEnds(t *testing.T) {
	begun := make(chan struct{})
	w := newWorld(t, func(rt *sessionmanager.Runtime) {
		s := &rpc.Service{Name: "job"}
		s.Export("partial", func(ctx context.Context) string {
			close(begun)
			<-ctx.Done()
			if errors.Is(context.Cause(ctx), session.ErrEnded) {
				return "so far"
			}
			return "why?"
		})
		rt.Gateway.Registry.Add(s)
	})
	defer w.close()
	id := w.create(10)
	inside := w.inside(id)
	done := make(chan result)
	go func() { done <- w.xml(inside+"xmlrpc", "job.partial") }()
	<-begun
	w.dispose(id)
	require.Equal(t, "so far", (<-done).ok(t))
}

// Many dispose at once of the same session: all get OK, and it ends once.
func TestDisposeAtOnce(t *testing.T) {
	w := newWorld(t)
	defer w.close()
	for range 20 {
		id := w.create(10)
		places := []string{here, w.inside(id), w.inside(w.create(10))}
		done := make(chan result)
		for i := range 12 {
			go func() { done <- w.xml(places[i%3]+"xmlrpc", manager+"dispose", id) }()
		}
		for range 12 {
			if r := <-done; r.failed { // it came when the session was gone, by its own address
				require.True(t, r.status == 404 || r.status == 200, "%+v", r)
			}
		}
		require.False(t, w.exists(id))
	}
	w.book.requireAll(t, 41, 20)
}

// A DELETE of its address ends a session too.
func TestDELETE(t *testing.T) {
	w := newWorld(t)
	defer w.close()
	id := w.create(10)
	inside := w.inside(id)
	require.Equal(t, 204, w.ask("DELETE", inside, "", "").StatusCode())
	require.False(t, w.exists(id))
	require.Equal(t, 404, w.ask("DELETE", inside, "", "").StatusCode())
	w.book.requireAll(t, 2, 1)
}

// What sessions own is closed once, whatever ends them.
func TestEveryEndReleases(t *testing.T) {
	w := newWorld(t)
	idle, disposed, deleted, left := w.create(1), w.create(1), w.create(1), w.create(100)
	w.dispose(disposed)
	require.Equal(t, session.Expired, w.nextEnd())
	require.Equal(t, 204, w.ask("DELETE", w.inside(deleted), "", "").StatusCode())
	require.Equal(t, session.Expired, w.nextEnd())
	w.clock.Advance(2 * time.Minute)
	require.Equal(t, session.Idle, w.nextEnd())
	w.book.requireAll(t, 5, 3)
	for _, id := range []string{idle, disposed, deleted} {
		w.dispose(id)
	}
	w.book.requireAll(t, 5, 3)
	require.True(t, w.exists(left))
	w.close()
	require.Equal(t, session.Shutdown, w.nextEnd())
	w.close()
	w.clock.Advance(1000 * time.Hour)
	w.book.requireAll(t, 5, 5)
	require.Empty(t, w.ended)
}

// After the end of all there are answers, but no sessions.
func TestAfterClose(t *testing.T) {
	for _, face := range faces {
		t.Run(face, func(t *testing.T) {
			w := newWorld(t)
			id := w.create(10)
			inside := w.inside(id)
			w.close()
			require.True(t, w.call(face, here, manager+"createNewSession", 10).failed)
			require.True(t, w.call(face, here, "astrogrid.community.user").failed)
			require.Equal(t, 404, w.call(face, inside, "astrogrid.community.user").status)
			w.book.requireAll(t, 2, 2)
		})
	}
	t.Run("before the first request", func(t *testing.T) {
		w := newWorld(t)
		w.close()
		require.Equal(t, 503, w.call("xmlrpc", here, manager+"exists", "default").status)
		w.book.requireAll(t, 0, 0)
	})
}

// While the site drains there are no new sessions, and the old ones go on.
func TestDrain(t *testing.T) {
	w := newWorld(t)
	defer w.close()
	id := w.create(10)
	for _, m := range w.managers {
		m.Drain()
	}
	w.call("xmlrpc", here, manager+"createNewSession", 10).fails(t, rpc.AstroGrid, "ServiceException")
	require.Empty(t, w.xml(w.inside(id)+"xmlrpc", "astrogrid.community.user").ok(t))
	w.requireDefault("")
	w.book.requireAll(t, 2, 0)
}
