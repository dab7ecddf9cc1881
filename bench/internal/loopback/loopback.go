// Package loopback measures whole servers over the loopback interface, each in
// a process of its own under load from another.
//
// The server has half of the cores and the load generator the others, so that
// neither takes the other's time. The load is a closed loop: 64 keep-alive
// connections, on each the next request once the last is answered. With that
// much the server is the limit, which its CPU time shows; where it was not, the
// run says so. Latency is thus that of a server that is fully busy.
//
// All servers have the default settings of fasthttp or net/http. The time limits
// that a Site sets on a server of its own are not there: any server can have them,
// and pays the same for them.
//
// A request with a session carries the cookie of one of 1,000 that were made
// before, all in turn. The bases get the same cookies and ignore them, so that
// what they have less to do is the session alone.
package loopback

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spindleweb/spindle/bench/internal/peer"
	"github.com/spindleweb/spindle/bench/internal/plan"
)

// Step measures requests per second, CPU time and latency over loopback. The
// load comes from wrk where that is installed, else from a generator of our own.
var Step = plan.Step{Name: "loopback", Do: func(ctx context.Context, b *plan.Bench) error {
	if _, err := cpuTime(os.Getpid()); err != nil {
		b.Skip("everything: %v", err)
		return nil
	}
	gen, err := findGenerator(ctx)
	if err != nil {
		return err
	}
	defer gen.close()
	return (&trial{Bench: b, gen: gen, connections: 64, sessions: 1_000, pythons: pythons}).do(ctx)
}}

// base is the peer that all are compared with.
const base = "fasthttp"

// A trial is one run of the step.
type trial struct {
	*plan.Bench
	gen         generator
	connections int
	sessions    int
	pythons     []string // where Twisted is looked for

	servers []*server
	first   []*target // bare fasthttp and ours, which are compared the closest
	others  []*target
}

func (t *trial) do(ctx context.Context) (err error) {
	defer func() {
		t.stop()
		if err != nil && ctx.Err() != nil {
			err = ctx.Err() // the rest is its consequence
		}
	}()
	if t.Versions == nil {
		t.Versions = make(map[string]string)
	}
	t.Versions["load"] = t.gen.name()
	t.Say("load from %s, %d connections, %d cores for the server and %d for the load",
		t.gen.name(), t.connections, len(cores.server), len(cores.load))
	if err := t.start(ctx); err != nil {
		return err
	}
	if err := t.prepare(ctx); err != nil {
		return err
	}
	t.Say("%d servers started, %d sessions made in each", len(t.servers), t.sessions)
	// Fewer rounds than elsewhere, since each takes seconds; of the first, which
	// are to be told apart, there are several blocks in each.
	rounds := max(1, t.Scale.Rounds/2)
	for i := range rounds {
		began := time.Now()
		if err := t.round(ctx, i); err != nil {
			return err
		}
		t.Say("round %d of %d: %.0f s", i+1, rounds, time.Since(began).Seconds())
	}
	t.conclude()
	return nil
}

// start starts the servers, all of which then live until the end, since one that
// is idle costs nothing.
func (t *trial) start(ctx context.Context) error {
	for _, p := range peer.All {
		always := p.Ours || p.Base == ""
		if !t.Wants(p.Name, always) {
			continue
		}
		s, err := startPeer(ctx, p)
		if err != nil {
			if always || ctx.Err() != nil {
				return err
			}
			t.Skip("%v", err)
			continue
		}
		t.servers = append(t.servers, s)
	}
	if !t.Wants(twisted, false) {
		return nil
	}
	s, err := startTwisted(ctx, t.pythons)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		t.Skip("%v", err)
		return nil
	}
	t.Versions[twisted] = s.version
	t.servers = append(t.servers, s)
	if s.cores < len(cores.server) {
		t.Skip("%s on more than one of the %d cores, which takes a process for each: compare its CPU per request", twisted, len(cores.server))
	}
	return nil
}

func (t *trial) stop() {
	for _, s := range t.servers {
		s.close()
	}
}

// prepare makes the sessions and lists what is measured.
func (t *trial) prepare(ctx context.Context) error {
	jars := make(map[*server][]string)
	var ours []string // what the bases get
	for _, s := range t.servers {
		if s.base {
			if err := s.ready(ctx); err != nil {
				return err
			}
			continue
		}
		jar, err := s.makeSessions(ctx, t.sessions)
		if err != nil {
			if s.must || ctx.Err() != nil {
				return err
			}
			t.Skip("%v", err)
			s.failed = true
			continue
		}
		jars[s] = jar
		if s.must && ours == nil {
			ours = jar
		}
	}
	for _, s := range t.servers {
		if s.failed {
			continue
		}
		jar := jars[s]
		if s.base {
			jar = ours
		}
		t.add(&target{server: s, what: "existing session", path: peer.Session, cookies: jar})
		t.add(&target{server: s, what: "no session", path: peer.Bare, cookies: []string{""}})
	}
	if len(t.first) < 2 || t.first[0].server.name != base {
		return fmt.Errorf("%s must be there, and ours", base)
	}
	return nil
}

func (t *trial) add(g *target) {
	if g.path == peer.Session && (g.server.name == base || g.server.must && !g.server.base) {
		t.first = append(t.first, g)
		return
	}
	t.others = append(t.others, g)
}
