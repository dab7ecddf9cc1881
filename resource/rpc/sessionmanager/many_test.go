package sessionmanager_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/spindleweb/spindle/resource/rpc/sessionmanager"
	"github.com/spindleweb/spindle/session"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Many clients come at once to a Runtime that nobody has asked before: there is one
// default session.
func TestFirstRequestsAtOnce(t *testing.T) {
	for range 20 {
		w := newWorld(t)
		begin := make(chan struct{})
		var clients sync.WaitGroup
		for i := range 16 {
			clients.Go(func() {
				<-begin
				r := w.call(faces[i%len(faces)], here, manager+"exists", "default")
				assert.Equal(t, "true", r.text)
			})
		}
		close(begin)
		clients.Wait()
		w.book.requireAll(t, 1, 0)
		w.close()
		w.book.requireAll(t, 1, 1)
	}
}

// Many clients make, use and leave sessions while time goes by: each is for itself,
// and all that was made is released once.
func TestManyClients(t *testing.T) {
	w := newWorld(t)
	var clients, others sync.WaitGroup
	var made atomic.Int64
	over := make(chan struct{})
	others.Go(func() {
		for range 800_000 { // not so long that any of the sessions could be idle
			select {
			case <-over:
				return
			default:
				w.clock.Advance(100 * time.Millisecond)
			}
			runtime.Gosched()
		}
	})
	for c := range 12 {
		clients.Go(func() {
			face := faces[c%len(faces)]
			for round := range 12 {
				id := w.call(face, here, manager+"createNewSession", 1400).text
				made.Add(1)
				inside := w.call(face, here, manager+"findHttpSession", id).text
				if !assert.Equal(t, here+"session/"+id+"/", inside) {
					return
				}
				me := number(c) + "." + number(round)
				w.call(face, inside, "astrogrid.community.login", me, "secret", "roe")
				w.call(face, inside, "builtin.configuration.setKey", number(c), me)
				assert.Equal(t, "true", w.call(face, here, manager+"exists", id).text)
				assert.Equal(t, me+"@roe", w.call(face, inside, "astrogrid.community.user").text)
				assert.Equal(t, me, w.call(face, here, "builtin.configuration.getKey", number(c)).text)
				switch round % 4 {
				case 0: // left behind
					continue
				case 1:
					w.call(face, inside, manager+"dispose", id)
				case 2:
					w.call(face, here, manager+"dispose", id)
				case 3:
					w.ask("DELETE", inside, "", "")
				}
				assert.Equal(t, "false", w.call(face, here, manager+"exists", id).text)
				assert.Equal(t, 404, w.call(face, inside, "astrogrid.community.user").status)
			}
		})
	}
	clients.Wait()
	close(over)
	others.Wait()
	n, twice, _, again := w.book.all()
	require.EqualValues(t, made.Load()+1, n)
	require.Zero(t, twice+again)
	require.Empty(t, w.call("xmlrpc", here, "astrogrid.community.user").ok(t))
	w.close()
	w.book.requireAll(t, n, n)
}

// Sessions end by themselves in the midst of calls that come for them: each call has
// an answer, and each session one end.
func TestManyClientsWhileSessionsEnd(t *testing.T) {
	w := newWorld(t)
	var clients, others sync.WaitGroup
	over := make(chan struct{})
	others.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
				w.clock.Advance(20 * time.Second)
			}
			runtime.Gosched()
		}
	})
	for c := range 8 {
		face := faces[c]
		clients.Go(func() {
			for range 25 {
				r := w.call(face, here, manager+"createNewSession", 1)
				assert.False(t, r.failed, "%+v", r)
				inside := here + "session/" + r.text + "/"
				for range 4 {
					user := w.call(face, inside, "astrogrid.community.user")
					there := w.call(face, here, manager+"exists", r.text)
					assert.False(t, there.failed, "%+v", there)
					if user.failed && user.status != 404 { // it has ended during the call
						user.away(t)
					}
					if user.status == 404 {
						assert.Equal(t, "false", there.text)
					}
				}
				assert.False(t, w.call(face, here, manager+"dispose", r.text).failed)
				assert.Equal(t, "false", w.call(face, here, manager+"exists", r.text).text)
			}
		})
	}
	clients.Wait()
	close(over)
	others.Wait()
	w.close()
	w.book.requireAll(t, 201, 201)
}

// With a limit, no more than that are ever there at once.
func TestManyClientsAndALimit(t *testing.T) {
	var live, most atomic.Int64
	w := newWorld(t, limited(5), func(rt *sessionmanager.Runtime) {
		rt.PerSession = func(s *session.Session) []*rpc.Service {
			n := live.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			s.Own(closer(func() { live.Add(-1) }))
			return nil
		}
	})
	var clients sync.WaitGroup
	var refused atomic.Int64
	for range 16 {
		clients.Go(func() {
			for range 25 {
				r := w.xml(here+"xmlrpc", manager+"createNewSession", 10)
				if r.failed {
					refused.Add(1)
					assert.Contains(t, r.text, "too many sessions")
					continue
				}
				w.xml(here+"xmlrpc", manager+"dispose", r.text)
			}
		})
	}
	clients.Wait()
	require.EqualValues(t, 1, live.Load())
	// What a session owns is closed when it counts no more, so one may be made
	// while each of the others is closing.
	require.LessOrEqual(t, most.Load(), int64(1+5+16))
	for range 5 {
		w.create(10)
	}
	w.call("xmlrpc", here, manager+"createNewSession", 10).fails(t, rpc.AstroGrid, "ServiceException")
	w.close()
	require.Zero(t, live.Load())
}

// heap returns how many bytes are in use.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what pools have kept
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Sessions that nobody disposes of: each ends once, all that was made for it is
// closed once, and its memory comes back.
func TestManySessionsLeft(t *testing.T) {
	const n = 10_000
	var made int
	closed := make([]atomic.Int32, n+1)
	w := newWorld(t, func(rt *sessionmanager.Runtime) {
		rt.PerSession = func(s *session.Session) []*rpc.Service {
			i := made
			made++
			state := make([]byte, 1000)
			s.Own(closer(func() { closed[i].Add(1) }))
			service := &rpc.Service{Name: "state"}
			service.Export("size", func() int { return len(state) })
			return []*rpc.Service{service, community()}
		}
	})
	last := ""
	for range 100 { // what is kept for good is there before
		last = w.create(1)
	}
	w.clock.Advance(2 * time.Minute)
	for range 100 {
		require.Equal(t, session.Idle, w.nextEnd())
	}
	before := heap()
	for i := range n - 100 {
		id := w.create(10)
		if i%100 == 0 {
			require.Equal(t, "1000", w.xml(w.inside(id)+"xmlrpc", "state.size").ok(t))
		}
		last = id
	}
	full := heap()
	w.clock.Advance(9 * time.Minute)
	require.True(t, w.exists(last))
	require.Empty(t, w.ended)
	w.clock.Advance(2 * time.Minute)
	require.False(t, w.exists(last))
	for range n - 100 {
		require.Equal(t, session.Idle, w.nextEnd())
	}
	after := heap()
	t.Logf("%d bytes a session, %d of %d left", (full-before)/(n-100), after-before, full-before)
	require.LessOrEqual(t, after-before, (full-before)/10)
	require.Empty(t, w.ended)
	require.Zero(t, closed[0].Load()) // the default session
	w.close()
	require.Equal(t, n+1, made)
	for i := range closed {
		require.EqualValues(t, 1, closed[i].Load(), i)
	}
	runtime.KeepAlive(w)
}
