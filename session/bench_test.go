package session_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/timer"
	"github.com/valyala/fasthttp"
)

// populate makes n sessions and returns the raw Cookie header of each.
func populate(tb testing.TB, m *session.Manager, n int) []string {
	cookies := make([]string, n)
	for i := range cookies {
		s, err := m.Create(nil)
		if err != nil {
			tb.Fatal(err)
		}
		cookies[i] = "sid=" + s.UID()
	}
	return cookies
}

// BenchmarkFind is the session's share of a request: the cookie found, read and
// looked up, the session touched, at random among all that live. The base is
// what it takes to pick the cookie.
func BenchmarkFind(b *testing.B) {
	for _, n := range []int{1, 100_000, 1_000_000} {
		var m session.Manager
		cookies := populate(b, &m, n)
		ctx := contextOf(b, cookies[0])
		line := ctx.Request.Header.Peek("Cookie") // of the header itself, so that it can be rewritten
		b.Run(fmt.Sprintf("base/%d", n), func(b *testing.B) {
			for b.Loop() {
				copy(line, cookies[rand.IntN(n)])
			}
		})
		b.Run(fmt.Sprintf("find/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				copy(line, cookies[rand.IntN(n)])
				if known(m.Find(ctx)) == nil {
					b.Fatal("lost")
				}
			}
		})
		if err := m.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCreate makes sessions, the table growing with them.
func BenchmarkCreate(b *testing.B) {
	var m session.Manager
	defer m.Close(context.Background())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Create(nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMemory reports what one of a million live, empty sessions costs,
// table and wheel included, what a collection takes with them, and how much of
// it is given back when all have ended.
func BenchmarkMemory(b *testing.B) {
	const n = 1_000_000
	for b.Loop() {
		clock := new(timer.Wheel)
		m := &session.Manager{Clock: clock}
		before, rssBefore := heap(), rss()
		for range n {
			if _, err := m.Create(nil); err != nil {
				b.Fatal(err)
			}
		}
		full, rssFull := heap(), rss()
		start := time.Now()
		runtime.GC()
		gc := time.Since(start)
		clock.Advance(time.Hour)
		for m.Stats().Ended[session.Idle] < n {
			runtime.Gosched()
		}
		if err := m.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
		after := heap()
		b.ReportMetric(float64(full.HeapAlloc-before.HeapAlloc)/n, "B/session")
		b.ReportMetric(float64(rssFull-rssBefore)/n, "RSS-B/session")
		b.ReportMetric(float64(full.HeapObjects-before.HeapObjects)/n, "objects/session")
		b.ReportMetric(float64(gc.Microseconds())/1000, "ms/collection")
		b.ReportMetric(100*(1-float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/float64(full.HeapAlloc-before.HeapAlloc)), "%given-back")
		runtime.KeepAlive(m)
	}
}

func heap() runtime.MemStats {
	runtime.GC()
	debug.FreeOSMemory()
	var ms runtime.MemStats
	runtime.ReadMemStats(&ms)
	return ms
}

// BenchmarkStorm ends a million sessions, due within one second, each with a
// callback, in real time, and meanwhile looks up one that lives a thousand times
// a second: late is when a callback ran after its session was due, and find how
// long such a look-up took, without and with the storm.
func BenchmarkStorm(b *testing.B) {
	const n = 1_000_000
	for b.Loop() {
		clock := new(timer.Wheel)
		m := &session.Manager{Clock: clock}
		cookies := populate(b, m, 1)
		late := make([]time.Duration, n)
		var called atomic.Int64
		all := make(chan struct{})
		m.SetFactory(func(uid string) *session.Session {
			s := session.New(uid)
			// The clock stands still, so that all count from the same moment.
			due := 4*time.Second + time.Duration(rand.Int64N(int64(time.Second)))
			s.SetTimeout(due)
			s.NotifyOnExpire(func() {
				i := called.Add(1)
				late[i-1] = clock.Now() - due
				if i == n {
					close(all)
				}
			})
			return s
		})
		for range n {
			if _, err := m.Create(nil); err != nil {
				b.Fatal(err)
			}
		}
		known(m.Get(context.Background(), cookies[0][len("sid="):])).SetTimeout(session.Never)
		runtime.GC()

		ctx, stop := context.WithCancel(context.Background())
		go clock.Run(ctx)
		finds := func(until <-chan time.Time) (took []time.Duration) {
			req := contextOf(b, cookies[0])
			for tick := time.NewTicker(time.Millisecond); ; {
				select {
				case at := <-tick.C:
					if known(m.Find(req)) == nil {
						b.Fatal("lost")
					}
					took = append(took, time.Since(at)) // with the wait for a processor
				case <-until:
					tick.Stop()
					slices.Sort(took)
					return took
				}
			}
		}
		quiet := finds(time.After(3900*time.Millisecond - clock.Now()))
		before, most := cpu(), runtime.NumGoroutine()
		storm := finds(time.After(1300 * time.Millisecond))
		most = max(most, runtime.NumGoroutine())
		<-all
		used := cpu() - before
		stop()
		slices.Sort(late)
		ms := func(d time.Duration, name string) { b.ReportMetric(float64(d.Microseconds())/1000, name) }
		b.ReportMetric(float64(used.Nanoseconds())/n, "cpu-ns/session")
		ms(late[0], "ms-late-min")
		ms(late[n/2], "ms-late-p50")
		ms(late[n/100*99], "ms-late-p99")
		ms(late[n-1], "ms-late-max")
		ms(quiet[len(quiet)*99/100], "ms-find-p99-quiet")
		ms(storm[len(storm)*99/100], "ms-find-p99-storm")
		b.ReportMetric(float64(most), "goroutines")
		if err := m.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

// contextOf returns the context of a request with a Cookie header, read from
// bytes as a server does.
func contextOf(tb testing.TB, cookie string) *fasthttp.RequestCtx {
	ctx := new(fasthttp.RequestCtx)
	ctx.Init2(nil, nil, false)
	raw := "GET / HTTP/1.1\r\nHost: x\r\nCookie: " + cookie + "\r\n\r\n"
	if err := ctx.Request.Read(bufio.NewReader(strings.NewReader(raw))); err != nil {
		tb.Fatal(err)
	}
	return ctx
}
