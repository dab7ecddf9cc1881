package site_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/storetest"
	"github.com/spindleweb/spindle/site"
	"github.com/valyala/fasthttp"
)

// requests returns a function that runs handler on one request after the other,
// each with the cookie of a session at random, all on one RequestCtx, as the
// requests of one connection are.
func requests(tb testing.TB, handler fasthttp.RequestHandler, uids []string) func() {
	ctx := new(fasthttp.RequestCtx)
	ctx.Init2(nil, nil, false)
	raw := "GET /a/b HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\nCookie: sid=" + uids[0] + "\r\n\r\n"
	if err := ctx.Request.Read(bufio.NewReader(strings.NewReader(raw))); err != nil {
		tb.Fatal(err)
	}
	ctx.Request.URI().Path()                    // parsed by the server before the handler runs
	cookie := ctx.Request.Header.Peek("Cookie") // of the header itself, so that it can be rewritten
	return func() {
		copy(cookie[len("sid="):], uids[rand.IntN(len(uids))])
		ctx.Response.Reset()
		handler(ctx)
	}
}

var body = []byte("hello")

func bare(ctx *fasthttp.RequestCtx) { ctx.Write(body) }

// tree is what /a/b names something in.
func tree(get func(*resource.Request)) resource.Resource {
	root, a := new(resource.Branch), new(resource.Branch)
	root.PutChild("a", a)
	a.PutChild("b", resource.GET(get))
	return root
}

// BenchmarkRequest is what a request costs beyond the bare handler, which is
// the base: the walk of two segments, and the session of one of n visitors
// found and touched.
func BenchmarkRequest(b *testing.B) {
	for _, n := range []int{1, 100_000, 1_000_000} {
		with := site.New(tree(func(req *resource.Request) {
			req.GetSession()
			req.Write(body)
		}))
		without := site.New(tree(func(req *resource.Request) { req.Write(body) }))
		uids := make([]string, n)
		for i := range uids {
			s, err := with.Sessions().Create(nil)
			if err != nil {
				b.Fatal(err)
			}
			s.SetTimeout(session.Never)
			uids[i] = s.UID()
		}
		for name, handler := range map[string]fasthttp.RequestHandler{
			"bare": bare, "walk": without.Handler, "session": with.Handler,
		} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				one := requests(b, handler, uids)
				b.ReportAllocs()
				for b.Loop() {
					one()
				}
			})
			b.Run(fmt.Sprintf("%s/%d/parallel", name, n), func(b *testing.B) {
				b.ReportAllocs()
				b.RunParallel(func(pb *testing.PB) {
					one := requests(b, handler, uids)
					for pb.Next() {
						one()
					}
				})
			})
		}
		if err := with.Shutdown(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLoopback is the throughput of a site, without and with a session in
// each request, as a ratio to that of the bare handler. All answer the same
// connections in turn, for a quarter of a second each; the clients are part of
// the process and cost the same for all. Only many rounds (-benchtime 40x) say
// anything.
func BenchmarkLoopback(b *testing.B) {
	s := site.New(tree(func(req *resource.Request) {
		req.GetSession()
		req.Write(body)
	}))
	var handler atomic.Pointer[fasthttp.RequestHandler]
	s.Server = s.NewServer()
	s.Server.Handler = func(ctx *fasthttp.RequestCtx) { (*handler.Load())(ctx) }
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go s.Serve(ln)
	defer s.Shutdown(context.Background())

	var answered atomic.Int64
	var over atomic.Bool
	var clients sync.WaitGroup
	first := fasthttp.RequestHandler(bare)
	handler.Store(&first)
	for range 16 {
		ss, err := s.Sessions().Create(nil)
		if err != nil {
			b.Fatal(err)
		}
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		clients.Go(func() {
			defer conn.Close()
			req := []byte("GET /a/b HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nCookie: sid=" + ss.UID() + "\r\n\r\n")
			r := bufio.NewReader(conn)
			for !over.Load() {
				if _, err := conn.Write(req); err != nil {
					b.Error(err)
					return
				}
				for { // the body follows the empty line
					line, err := r.ReadSlice('\n')
					if err != nil {
						b.Error(err)
						return
					}
					if len(line) == 2 {
						break
					}
				}
				if _, err := io.CopyN(io.Discard, r, int64(len(body))); err != nil {
					b.Error(err)
					return
				}
				answered.Add(1)
			}
		})
	}
	without := site.New(tree(func(req *resource.Request) { req.Write(body) }))
	var rates [3][]float64
	for b.Loop() {
		for i, h := range []fasthttp.RequestHandler{bare, without.Handler, s.Handler} {
			handler.Store(&h)
			before, start := answered.Load(), time.Now()
			<-time.After(250 * time.Millisecond)
			rates[i] = append(rates[i], float64(answered.Load()-before)/time.Since(start).Seconds())
		}
	}
	over.Store(true)
	clients.Wait()
	for i := range rates {
		slices.Sort(rates[i])
	}
	middle := len(rates[0]) / 2
	b.ReportMetric(rates[0][middle], "bare-req/s")
	b.ReportMetric(rates[1][middle]/rates[0][middle], "ratio-walk")
	b.ReportMetric(rates[2][middle]/rates[0][middle], "ratio-session")
}

// BenchmarkStored is what a Store adds to requests whose sessions are here: both
// sites by turns, and the second's time over the first's.
func BenchmarkStored(b *testing.B) {
	for _, n := range []int{1, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			page := tree(func(req *resource.Request) {
				req.GetSession()
				req.Write(body)
			})
			memory, stored := site.New(page), site.New(page)
			stored.Store = new(storetest.Memory)
			sites := [2]*site.Site{memory, stored}
			var uids [2][]string
			for range n { // by turns, so that both have their sessions equally far apart
				for i, s := range sites {
					made, err := s.Sessions().Create(nil)
					if err != nil {
						b.Fatal(err)
					}
					uids[i] = append(uids[i], made.UID())
				}
			}
			var run [2]func()
			var took [2]time.Duration
			for i, s := range sites {
				defer s.Shutdown(context.Background())
				run[i] = requests(b, s.Handler, uids[i])
				for range 8 * n { // the Store is to be told of the first use, then of none for a minute
					run[i]()
				}
			}
			b.ReportAllocs()
			const turn = 2000
			for i := 0; b.Loop(); i++ {
				start := time.Now()
				for range turn {
					run[i%2]()
				}
				took[i%2] += time.Since(start)
			}
			rounds := float64(b.N / 2 * turn)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(took[0])/rounds, "ns/memory")
			b.ReportMetric(float64(took[1])/rounds, "ns/stored")
			b.ReportMetric(float64(took[1])/float64(took[0]), "stored/memory")
		})
	}
}
