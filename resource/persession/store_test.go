package persession_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/persession"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/storetest"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

var count = session.NewKey[int]("count")

// counting answers with how often the session was asked, wherever that was.
func counting(req *resource.Request) {
	n := 0
	if err := count.Update(req.GetSession(), func(v *int) { *v++; n = *v }); err != nil {
		req.Abort(500, err.Error())
	}
	fmt.Fprint(req, n)
}

// A process has a Space whose sessions are in a store, and tells how often it
// has called New and how much of what that made is open. Its clock goes.
type process struct {
	*world
	news, open atomic.Int64
	way        *storetest.Faulty
}

func newProcess(t *testing.T, store session.Store) *process {
	p := &process{way: &storetest.Faulty{Store: store}}
	p.world = newWorld(t, func(s *session.Session) resource.Resource {
		p.news.Add(1)
		p.open.Add(1)
		s.Own(closer(func() { p.open.Add(-1) }))
		return resource.Func(counting)
	}, func(sp *persession.Space) {
		sp.Sessions.Clock, sp.Sessions.Store, sp.Sessions.Shared = nil, p.way, true
	})
	return p
}

type closer func()

func (c closer) Close() error {
	c()
	return nil
}

// inBubble has f run in a time of its own.
func inBubble(t *testing.T, f func(t *testing.T, store *storetest.Memory)) {
	_ = new(fasthttp.Response).Header.String() // fasthttp starts a goroutine for the date that never ends
	synctest.Test(t, func(t *testing.T) { f(t, new(storetest.Memory)) })
}

func TestASessionOfSeveralProcesses(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a, b := newProcess(t, store), newProcess(t, store)
		r := a.do("POST", "/cursors?timeout=3600")
		require.Equal(t, 201, r.StatusCode())
		where := header(r, "Location")
		for i := range 10 {
			p := []*process{a, b}[i%2]
			require.Equal(t, fmt.Sprint(i+1), string(p.do("GET", where+"/x").Body()))
		}
		for _, p := range []*process{a, b} {
			require.EqualValues(t, 1, p.news.Load(), "New is called once in each")
			s, err := p.Sessions.Get(t.Context(), idOf(where))
			require.NoError(t, err)
			require.Equal(t, time.Hour, s.Timeout(), "the timeout is that of the session")
		}
		require.EqualValues(t, 1, b.open.Load())

		require.Equal(t, 204, b.code("DELETE", where))
		require.Zero(t, b.open.Load(), "released when DELETE has answered")
		r = a.do("GET", where)
		require.Equal(t, 404, r.StatusCode())
		concealed(t, r)
		synctest.Wait()
		require.Zero(t, a.open.Load(), "and elsewhere too")
		require.Zero(t, store.Len())
	})
}

func TestAProcessGoesOnForAnother(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a := newProcess(t, store)
		where, _ := a.world.open(t)
		require.Equal(t, "1", string(a.do("GET", where).Body()))
		require.NoError(t, a.Sessions.Close(t.Context()))
		require.Zero(t, a.open.Load(), "what is owned is released at a shutdown")

		b := newProcess(t, store)
		require.Zero(t, b.news.Load(), "not before somebody comes")
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() { b.do("GET", where) })
		}
		all.Wait()
		require.EqualValues(t, 1, b.news.Load(), "many come, New is called once")
		require.Equal(t, "18", string(b.do("GET", where).Body()))
		require.Equal(t, 204, b.code("DELETE", where))
		require.Zero(t, b.open.Load())
	})
}

func TestSilenceInSeveralProcesses(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a, b := newProcess(t, store), newProcess(t, store)
		where := header(a.do("POST", "/cursors?timeout=60"), "Location")
		for i := range 20 {
			time.Sleep(50 * time.Second)
			require.Equal(t, 200, []*process{a, b}[i%2].code("GET", where))
		}
		time.Sleep(70 * time.Second)
		for _, p := range []*process{a, b} {
			require.Equal(t, 404, p.code("GET", where))
		}
		time.Sleep(10 * time.Second)
		require.Zero(t, a.open.Load()+b.open.Load())
		require.EqualValues(t, 2, a.news.Load()+b.news.Load())
		require.Zero(t, store.Len())
	})
}

// A New that fails where a session comes later is called again with the next
// request; the session lives on, here and elsewhere.
func TestNewThatFailsInAnotherProcess(t *testing.T) {
	for name, fail := range map[string]func() (resource.Resource, error){
		"error":          func() (resource.Resource, error) { return nil, errBoom },
		"error and more": func() (resource.Resource, error) { return say("boom"), errBoom },
		"nil":            func() (resource.Resource, error) { return nil, nil },
		"panic":          func() (resource.Resource, error) { panic(errBoom) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, store *storetest.Memory) {
				a, b := newProcess(t, store), newProcess(t, store)
				works := b.New
				var failing atomic.Bool
				failing.Store(true)
				b.New = func(ctx context.Context, s *session.Session) (resource.Resource, error) {
					res, err := works(ctx, s)
					if failing.Load() {
						return fail()
					}
					return res, err
				}
				where, s := a.world.open(t)
				for i := range 3 {
					was := b.log.entries()
					r := b.do("GET", where)
					require.Equal(t, 500, r.StatusCode())
					concealed(t, r)
					require.NotContains(t, r.String(), "boom")
					require.Greater(t, b.log.entries(), was)
					require.NotContains(t, b.log.String(), s.UID())
					require.EqualValues(t, i+1, b.news.Load())
				}
				require.Equal(t, "1", string(a.do("GET", where).Body()))
				failing.Store(false)
				for i := range 3 {
					require.Equal(t, fmt.Sprint(i+2), string(b.do("GET", where).Body()))
					require.EqualValues(t, 4, b.news.Load(), "once it has worked it is not called again")
				}
				require.Equal(t, 204, b.code("DELETE", where))
				require.Zero(t, b.open.Load(), "what it owned is released, that of the failures too")
				require.Equal(t, 404, a.code("GET", where))
				synctest.Wait()
				require.Zero(t, a.open.Load())
			})
		})
	}
}

func TestAnOutage(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a := newProcess(t, store)
		where, _ := a.world.open(t)
		a.way.Fail(errors.New("outage"))
		r := a.do("POST", "/cursors")
		require.Equal(t, 503, r.StatusCode())
		require.NotEmpty(t, header(r, "Retry-After"))
		require.Empty(t, header(r, "Location"))
		b := newProcess(t, a.way)
		r = b.do("GET", where)
		require.Equal(t, 503, r.StatusCode(), "not 404: nobody knows")
		require.NotEmpty(t, header(r, "Retry-After"))
		concealed(t, r)
		require.Zero(t, b.news.Load())
		a.way.Fail(nil)
		time.Sleep(time.Minute)
		require.Equal(t, 200, a.code("GET", where))
		require.Equal(t, 200, b.code("GET", where))
		require.Equal(t, 201, a.code("POST", "/cursors"))
		require.EqualValues(t, 2, a.news.Load(), "New has not been called for nothing")
	})
}

// The Store takes the session, and not what New has put into it.
func TestASessionThatCannotBeSaved(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a := newProcess(t, store)
		a.New = func(_ context.Context, s *session.Session) (resource.Resource, error) {
			a.open.Add(1)
			s.Own(closer(func() { a.open.Add(-1) }))
			return resource.Func(counting), count.Set(s, 100)
		}
		a.way.FailNext("Save", 1, errors.New("disk full"))
		r := a.do("POST", "/cursors")
		require.Equal(t, 503, r.StatusCode())
		require.Empty(t, header(r, "Location"))
		time.Sleep(time.Minute)
		require.Zero(t, a.open.Load())
		require.Zero(t, a.Sessions.Stats().Live)
		require.Zero(t, store.Len())
		where, _ := a.world.open(t)
		require.Equal(t, "101", string(a.do("GET", where).Body()))
	})
}
