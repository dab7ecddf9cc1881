package loopback

import (
	"context"
	"fmt"
	"time"

	"github.com/spindleweb/spindle/bench/internal/result"
	"github.com/spindleweb/spindle/bench/internal/usage"
)

// A target is one path of one server.
type target struct {
	server  *server
	what    string // in the figures' names
	path    string
	cookies []string // sent in turn

	samples []sample
}

// A sample is what one window of load has shown.
type sample struct {
	answers
	perRequest time.Duration // the server's CPU time for one
	busy       float64       // of the cores that the server can use
}

// answers are what a generator has seen.
type answers struct {
	Requests       int
	Took           time.Duration
	P50, P99, P999 time.Duration
}

func (s sample) perSecond() float64 { return float64(s.Requests) / s.Took.Seconds() }

// cpu is the CPU time for one request, in µs.
func (s sample) cpu() float64 { return 1000 * usage.MS(s.perRequest) }

// measure puts the target under load once.
func (t *trial) measure(ctx context.Context, g *target, each time.Duration) (s sample, err error) {
	before, err := cpuTime(g.server.pid)
	if err != nil {
		return s, fmt.Errorf("%s: %w", g.server.name, err)
	}
	s.answers, err = t.gen.run(ctx, load{
		Addr: g.server.addr, Path: g.path, Cookies: g.cookies, Connections: t.connections, Each: each,
	})
	if err != nil {
		return s, fmt.Errorf("%s, %s: %w", g.server.name, g.what, err)
	}
	after, err := cpuTime(g.server.pid)
	if err != nil {
		return s, fmt.Errorf("%s: %w", g.server.name, err)
	}
	if err := g.server.known(t.sessions); err != nil {
		return s, err
	}
	used := after - before
	s.perRequest = used / time.Duration(s.Requests)
	s.busy = used.Seconds() / s.Took.Seconds() / float64(g.server.cores)
	g.samples = append(g.samples, s)
	t.record(g, s)
	return s, nil
}

// record adds the figures of one sample.
func (t *trial) record(g *target, s sample) {
	add := func(name, unit string, more bool, value float64) {
		t.Add(g.figure(name, unit, more), value)
	}
	add("requests per second", "req/s", true, s.perSecond())
	add("CPU per request", "µs", false, s.cpu())
	add("latency p50 at full load", "ms", false, usage.MS(s.P50))
	add("latency p99 at full load", "ms", false, usage.MS(s.P99))
	add("latency p99.9 at full load", "ms", false, usage.MS(s.P999))
}

// figure describes a figure of g. The base is not its own.
func (g *target) figure(name, unit string, more bool) result.Figure {
	f := result.Figure{Step: chapter, Name: name + ", " + g.what, Peer: g.server.name, Unit: unit, More: more}
	if f.Peer != base {
		f.Base = base
	}
	return f
}

// chapter is the figures' Step.
const chapter = "over loopback"
