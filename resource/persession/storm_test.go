package persession_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/stretchr/testify/require"
)

// What is opened by many at once, used, ended by several means and left is closed
// once.
func TestOpenedIsClosed(t *testing.T) {
	const clients, rounds = 16, 60
	var opened, closed, twice atomic.Int64
	w := newWorld(t, func(s *session.Session) resource.Resource {
		opened.Add(1)
		var n atomic.Int64
		s.NotifyOnExpire(func() {
			closed.Add(1)
			if n.Add(1) > 1 {
				twice.Add(1)
			}
		})
		return resource.Func(func(req *resource.Request) {
			switch string(req.QueryArgs().Peek("do")) {
			case "die":
				req.ExpireSession()
			case "panic":
				panic("x")
			}
		})
	})
	w.Sessions.Factory = session.Lasting(24 * time.Hour)
	var known sync.Map // addresses, for others
	var working sync.WaitGroup
	for range clients {
		working.Go(func() {
			for range rounds {
				w.wheel.Advance(time.Second)
				r := w.do("POST", "/cursors?timeout="+[]string{"1", "30", "600"}[rand.IntN(3)])
				if r.StatusCode() != 201 {
					t.Error(r.StatusCode())
					return
				}
				where := header(r, "Location")
				known.Store(where, true)
				others := where
				known.Range(func(k, _ any) bool {
					others = k.(string)
					return rand.IntN(3) > 0
				})
				for _, do := range []string{"", "/x", "/?do=panic", "/?do=die"} {
					if rand.IntN(3) > 0 {
						w.do("GET", []string{where, others}[rand.IntN(2)]+do)
					}
				}
				if rand.IntN(3) == 0 {
					known.Delete(others)
					w.do("DELETE", others)
				}
			}
		})
	}
	working.Wait()
	require.EqualValues(t, clients*rounds, opened.Load())
	require.NoError(t, w.Sessions.Close(t.Context()))
	require.Equal(t, opened.Load(), closed.Load())
	require.Zero(t, twice.Load())
	require.Zero(t, w.Sessions.Stats().Live)
	known.Range(func(k, _ any) bool {
		require.Equal(t, 404, w.code("GET", k.(string)))
		return true
	})
}

// Where there is no room, or no longer, that is no failure of the program: 503
// says so, and nobody's log.
func TestEndsAmidOpens(t *testing.T) {
	for name, end := range map[string]func(*world){
		"shutdown": func(w *world) { _ = w.Sessions.Close(context.Background()) },
		"evicted":  func(w *world) { w.do("POST", "/cursors") },
	} {
		t.Run(name, func(t *testing.T) {
			for range 60 {
				var opened, closed atomic.Int64
				w := newWorld(t, func(s *session.Session) resource.Resource {
					opened.Add(1)
					s.NotifyOnExpire(func() { closed.Add(1) })
					return say("here")
				})
				w.Sessions.Limit, w.Sessions.Evict = 4, true
				var all sync.WaitGroup
				var others sync.Map // codes
				for range 16 {
					all.Go(func() {
						for range 4 {
							if code := w.code("POST", "/cursors"); code != 201 && code != 503 {
								others.Store(code, true)
							}
						}
					})
				}
				runtime.Gosched()
				end(w)
				all.Wait()
				others.Range(func(code, _ any) bool {
					t.Fatalf("a POST was answered with %d", code)
					return false
				})
				require.NoError(t, w.Sessions.Close(t.Context()))
				require.Equal(t, opened.Load(), closed.Load())
				require.Empty(t, w.log.String())
			}
		})
	}
}

// left is what each of the sessions owns that nobody uses any more.
type left struct {
	w      *world
	room   []byte
	due    time.Duration // by the wheel's clock
	closed *atomic.Int64
	early  *atomic.Int64
	twice  *atomic.Int64
	n      atomic.Int64
	all    *sync.WaitGroup
}

func (l *left) Close() error {
	if l.w.wheel.Now() < l.due {
		l.early.Add(1)
	}
	if l.n.Add(1) > 1 {
		l.twice.Add(1)
		return nil
	}
	l.closed.Add(1)
	l.all.Done()
	return nil
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Who leaves 10,000 sessions behind leaves nothing behind.
func TestLeftSessions(t *testing.T) {
	const many = 10_000
	var closed, early, twice atomic.Int64
	var all sync.WaitGroup
	all.Add(many)
	var w *world
	w = newWorld(t, func(s *session.Session) resource.Resource {
		l := &left{w: w, room: make([]byte, 2<<10), due: w.wheel.Now() + s.Timeout(), closed: &closed, early: &early, twice: &twice, all: &all}
		s.Own(l)
		return resource.Func(func(req *resource.Request) { _, _ = req.Write(l.room[:1]) })
	})
	w.do("POST", "/cursors?timeout=1") // what is made once
	all.Add(1)
	w.wheel.Advance(2 * time.Second)
	require.Zero(t, w.Sessions.Stats().Live)

	before := heap()
	for i := range many {
		timeout := []string{"10", "20", "30", "60", "100"}[i%5]
		if r := w.do("POST", "/cursors?timeout="+timeout); r.StatusCode() != 201 {
			t.Fatal(r.StatusCode())
		}
		if i%2000 == 0 {
			w.wheel.Advance(time.Second)
		}
	}
	require.EqualValues(t, many, w.Sessions.Stats().Live)
	added := heap() - before
	require.Greater(t, added, int64(many*2<<10))
	for range 120 {
		w.wheel.Advance(time.Second)
	}
	require.Zero(t, w.Sessions.Stats().Live)
	all.Wait()
	require.EqualValues(t, many+1, closed.Load())
	require.Zero(t, early.Load(), "before their time")
	require.Zero(t, twice.Load())
	rest := heap() - before
	require.Less(t, rest, added/10, "of %d bytes that the sessions had added %d are left", added, rest)
}
