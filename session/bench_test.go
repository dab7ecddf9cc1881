package session_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
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
// looked up, the session touched, at random among all that live. The requests'
// clock goes on, so that every touch writes.
func BenchmarkFind(b *testing.B) {
	for _, n := range []int{1, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var m session.Manager
			defer m.Close(context.Background())
			cookies := populate(b, &m, n)
			var ctx fasthttp.RequestCtx
			ctx.Init2(nil, nil, false)
			raw := "GET / HTTP/1.1\r\nHost: x\r\nCookie: " + cookies[0] + "\r\n\r\n"
			if err := ctx.Request.Read(bufio.NewReader(strings.NewReader(raw))); err != nil {
				b.Fatal(err)
			}
			line := ctx.Request.Header.Peek("Cookie") // of the header itself, so that it can be rewritten
			b.ReportAllocs()
			for b.Loop() {
				copy(line, cookies[rand.IntN(n)])
				if m.Find(&ctx) == nil {
					b.Fatal("lost")
				}
			}
		})
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
		before := heap()
		for range n {
			if _, err := m.Create(nil); err != nil {
				b.Fatal(err)
			}
		}
		full := heap()
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
		b.ReportMetric(float64(full.HeapObjects-before.HeapObjects)/n, "objects/session")
		b.ReportMetric(float64(gc.Microseconds())/1000, "ms/collection")
		b.ReportMetric(100*(1-float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/float64(full.HeapAlloc-before.HeapAlloc)), "%given-back")
		runtime.KeepAlive(m)
	}
}

func heap() runtime.MemStats {
	runtime.GC()
	runtime.GC()
	var ms runtime.MemStats
	runtime.ReadMemStats(&ms)
	return ms
}

// BenchmarkStorm ends a million sessions, due within one second, each with a
// callback, in real time.
func BenchmarkStorm(b *testing.B) {
	const n = 1_000_000
	for b.Loop() {
		clock := new(timer.Wheel)
		m := &session.Manager{Clock: clock}
		var mu sync.Mutex
		late := make([]time.Duration, 0, n)
		var all sync.WaitGroup
		all.Add(n)
		for range n {
			s, err := m.Create(nil)
			if err != nil {
				b.Fatal(err)
			}
			// The clock stands still, so that all count from the same moment.
			due := 2*time.Second + time.Duration(rand.Int64N(int64(time.Second)))
			s.SetTimeout(due)
			s.NotifyOnExpire(func() {
				d := clock.Now() - due
				mu.Lock()
				late = append(late, d)
				mu.Unlock()
				all.Done()
			})
		}
		runtime.GC()
		ctx, stop := context.WithCancel(context.Background())
		before := cpu()
		most := 0
		done := make(chan struct{})
		go func() { all.Wait(); close(done) }()
		go clock.Run(ctx)
		for tick := time.NewTicker(10 * time.Millisecond); ; {
			select {
			case <-tick.C:
				most = max(most, runtime.NumGoroutine())
				continue
			case <-done:
				tick.Stop()
			}
			break
		}
		used := cpu() - before
		stop()
		slices.Sort(late)
		b.ReportMetric(float64(used.Nanoseconds())/n, "cpu-ns/session")
		b.ReportMetric(late[0].Seconds()*1000, "min-late-ms")
		b.ReportMetric(late[n/2].Seconds()*1000, "p50-late-ms")
		b.ReportMetric(late[n/100*99].Seconds()*1000, "p99-late-ms")
		b.ReportMetric(late[n-1].Seconds()*1000, "max-late-ms")
		b.ReportMetric(float64(most), "goroutines")
		if err := m.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
