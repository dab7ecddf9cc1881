package session_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/timer"
)

// movers move a wheel while race runs.
var movers = map[string]func(w *timer.Wheel, race func()){
	"Advance": func(w *timer.Wheel, race func()) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			race()
		}()
		for {
			select {
			case <-done:
				return
			default:
				w.Advance(50 * time.Millisecond)
				runtime.Gosched()
			}
		}
	},
	"Run": func(w *timer.Wheel, race func()) {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = w.Run(ctx)
		}()
		race()
		cancel()
		<-done
	},
}

// Everything at once, on thousands of sessions: each ends exactly once, and
// what it is found by is its own.
func TestAllAtOnce(t *testing.T) {
	for name, move := range movers {
		for _, limit := range []int{0, 700} {
			t.Run(name, func(t *testing.T) {
				var calls, ended atomic.Int64
				m, w := still(with(func(uid string) *session.Session {
					s := session.New(uid)
					s.SetTimeout(time.Duration(1+rand.IntN(2000)) * time.Millisecond)
					s.NotifyOnExpire(func() { calls.Add(1) })
					return s
				}), func(m *session.Manager) {
					m.Limit, m.Evict = limit, true
					m.OnExpire = func(*session.Session) { ended.Add(1) }
				})
				uses := session.NewKey[int]("uses")
				list := make([]atomic.Pointer[session.Session], 1000)
				move(w, func() {
					var wg sync.WaitGroup
					for range 6 {
						wg.Go(func() { frenzy(t, m, list, uses) })
					}
					wg.Wait()
				})
				for m.Stats().Live > 0 { // what Run has brought up last is decided elsewhere
					w.Advance(time.Hour)
					runtime.Gosched()
				}
				ends(t, m)
				closed(t, m)
				made := m.Stats().Made
				require.Equal(t, made, calls.Load())
				require.Equal(t, made, ended.Load())
				for range m.All() {
					t.Fatal("left in the table")
				}
			})
		}
	}
}

func frenzy(t *testing.T, m *session.Manager, list []atomic.Pointer[session.Session], uses session.Key[int]) {
	ctx := visit(t)
	for range 2500 {
		at := &list[rand.IntN(len(list))]
		s := at.Load()
		if s == nil || s.Reason() != session.Alive {
			s, err := m.Create(ctx)
			if err == nil {
				at.Store(s)
			}
			continue
		}
		switch rand.IntN(13) {
		case 0, 1, 2:
			reread(t, ctx, "Cookie: sid="+s.UID())
			if got := known(m.Find(ctx)); got != nil && got != s {
				t.Error("found another's session")
			}
		case 3:
			s.Touch()
		case 4:
			s.Hold()
			runtime.Gosched()
			s.Release()
		case 5:
			s.SetTimeout(time.Duration(rand.IntN(3000)) * time.Millisecond)
		case 6:
			s.SetLifetime(time.Duration(rand.IntN(10_000)) * time.Millisecond)
		case 7:
			_ = m.Renew(ctx, s)
		case 8:
			s.Expire()
		case 9:
			known(m.Get(context.Background(), s.UID()))
			s.Remaining()
		case 10:
			_ = uses.Update(s, func(n *int) { *n++ })
			uses.Get(s)
			m.Stats()
		case 11:
			if rand.IntN(100) == 0 {
				for s := range m.All() {
					s.Timeout()
				}
			}
		case 12:
			if rand.IntN(20) == 0 {
				_ = m.AdjustTime(context.Background(), time.Duration(rand.IntN(400)-200)*time.Millisecond)
				_, _ = m.Cleanup(context.Background())
			}
		}
	}
}

// Whatever of timer, Expire, eviction and Close comes first ends a session; the
// others do nothing.
func TestEndRaces(t *testing.T) {
	for range 200 {
		const n = 50
		calls := make([]atomic.Int64, n)
		var order atomic.Int64
		m, w := still(func(m *session.Manager) { m.Limit, m.Evict = n, true })
		list := fill(t, m, n)
		for i, s := range list {
			for k := range int64(3) {
				s.NotifyOnExpire(func() {
					if !calls[i].CompareAndSwap(k, k+1) {
						order.Add(1)
					}
				})
			}
			s.SetLifetime(time.Duration(1+i%3) * 10 * time.Minute)
		}
		var wg sync.WaitGroup
		for _, race := range []func(){
			func() { w.Advance(time.Hour) },
			func() {
				for _, s := range list {
					s.Expire()
				}
			},
			func() {
				for i := range list {
					list[n-1-i].Expire()
				}
			},
			func() {
				for range n {
					_, _ = m.Create(nil)
				}
			},
			func() { _ = m.Close(context.Background()) },
		} {
			wg.Go(race)
		}
		wg.Wait()
		closed(t, m)
		ends(t, m)
		for i := range calls {
			require.Equal(t, int64(3), calls[i].Load())
		}
		require.Zero(t, order.Load(), "calls out of order")
	}
}

// Registered against the end, each function is called once: in the pass, or at
// once.
func TestRegisterRaces(t *testing.T) {
	for range 300 {
		var calls atomic.Int64
		m, _ := still()
		s := create(t, m)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 20 {
					s.NotifyOnExpire(func() { calls.Add(1) })
				}
			})
		}
		wg.Go(s.Expire)
		wg.Wait()
		closed(t, m)
		require.Equal(t, int64(80), calls.Load())
	}
}

// A server reads the next request into the buffers of the last one. What a
// session was found by must not change with them.
func TestBuffersAreReused(t *testing.T) {
	m, _ := still(func(m *session.Manager) { m.Carrier = session.Carriers{session.Header{}, new(session.Cookie)} })
	defer closed(t, m)
	ctx := new(fasthttp.RequestCtx)
	ctx.Init2(nil, nil, false)
	owner := map[string]*session.Session{}
	var uids []string
	for i := range 500 {
		lines := []string{"Cookie: sid=AAAAAAAAAAAAAAAAAAAAAA; a=b"}
		if i > 0 {
			lines[0] = "Cookie: sid=" + uids[rand.IntN(len(uids))]
			if i%5 == 0 {
				lines[0] = "Cookie: sid=BBBBBBBBBBBBBBBBBBBBBB"
			}
		}
		reread(t, ctx, lines...)
		s, err := m.Open(ctx)
		require.NoError(t, err)
		if uid := lines[0][len("Cookie: sid="):]; owner[uid] != nil {
			require.Same(t, owner[uid], s)
		} else {
			owner[s.UID()] = s
			uids = append(uids, s.UID())
		}
		ctx.Request.Reset()
		ctx.Response.Reset()
	}
	for uid, s := range owner {
		require.Equal(t, uid, s.UID())
		require.Same(t, s, known(m.Get(context.Background(), uid)))
	}
	require.Nil(t, known(m.Get(context.Background(), "BBBBBBBBBBBBBBBBBBBBBB")))
}
