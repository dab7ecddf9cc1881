package loopback

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/spindleweb/spindle/bench/internal/child"
	"github.com/spindleweb/spindle/bench/internal/usage"
)

// own is the generator of our own, a child.
type own struct {
	c    *child.Process
	wait time.Duration
}

const ownService = "loopback load"

type order struct {
	Load load
	Wait time.Duration // for answers, once the window is over
}

func init() {
	child.Register(ownService, func() child.Service {
		return func(_ string, in json.RawMessage) (any, error) {
			var o order
			if err := json.Unmarshal(in, &o); err != nil {
				return nil, err
			}
			return generate(o.Load, o.Wait)
		}
	})
}

func startOwn(ctx context.Context, wait time.Duration) (*own, error) {
	g := &own{wait: wait}
	return g, on(cores.load, func() (err error) {
		g.c, err = child.Start(ctx, ownService, fmt.Sprintf("GOMAXPROCS=%d", len(cores.load)))
		return err
	})
}

func (g *own) name() string { return "own generator" }

func (g *own) close() { g.c.Close() }

func (g *own) run(_ context.Context, l load) (a answers, err error) {
	return a, g.c.Call("load", order{l, g.wait}, &a)
}

// generate keeps every connection busy for as long as l says. A request that is
// under way then is waited for and counted, so there is one at least on each.
// All are over when wait has passed after that.
func generate(l load, wait time.Duration) (answers, error) {
	requests := make([][]byte, len(l.Cookies))
	for i, cookie := range l.Cookies {
		requests[i] = request(l.Addr, l.Path, cookie)
	}
	conns := make([]*connection, l.Connections)
	defer func() {
		for _, c := range conns {
			if c != nil {
				_ = c.Close()
			}
		}
	}()
	for i := range conns {
		nc, err := net.DialTimeout("tcp", l.Addr, wait)
		if err != nil {
			return answers{}, err
		}
		conns[i] = &connection{Conn: nc, requests: requests, next: i * len(requests) / len(conns)}
	}
	began := time.Now()
	var all sync.WaitGroup
	for _, c := range conns {
		_ = c.SetDeadline(began.Add(l.Each + wait))
		all.Go(func() { c.run(began.Add(l.Each)) })
	}
	all.Wait()
	took := time.Since(began)
	var latencies []time.Duration
	var err error
	for _, c := range conns {
		latencies = append(latencies, c.latencies...)
		if c.err != nil {
			err = c.err // one is enough to know
		}
	}
	if err != nil {
		return answers{}, err
	}
	slices.Sort(latencies)
	return answers{
		Requests: len(latencies), Took: took,
		P50: usage.Rank(latencies, 0.5), P99: usage.Rank(latencies, 0.99), P999: usage.Rank(latencies, 0.999),
	}, nil
}

func request(host, path, cookie string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: %s\r\n", path, host)
	if cookie != "" {
		fmt.Fprintf(&b, "Cookie: %s\r\n", cookie)
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// A connection has one request under way at a time.
type connection struct {
	net.Conn
	requests [][]byte
	next     int

	latencies []time.Duration
	err       error
}

func (c *connection) run(end time.Time) {
	in := newReader(c.Conn)
	for now := time.Now(); now.Before(end) || len(c.latencies) == 0; {
		if _, c.err = c.Write(c.requests[c.next]); c.err != nil {
			return
		}
		c.next = (c.next + 1) % len(c.requests)
		// When the others have had their turn the answer is often there, and the
		// first attempt to read it is not in vain.
		runtime.Gosched()
		if c.err = in.skip(); c.err != nil {
			c.err = errors.Join(errAnswer, c.err)
			return
		}
		then := now
		now = time.Now()
		c.latencies = append(c.latencies, now.Sub(then))
	}
}

var errAnswer = errors.New("no good answer")
