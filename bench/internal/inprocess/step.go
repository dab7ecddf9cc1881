// Package inprocess measures what a session adds to one request when the
// handler is called directly, with no network between.
//
// Each library has a process with a number of live sessions, whose cookies are
// picked at random. The bare handler of the server that the library stands on
// answers the same cookies in the same process, and is what its figure is
// compared with: the cost of picking is in both. A second reference is the path
// without a session, which has the library's router in it. "One core" is
// the processor time of a process that has only one, collector included; "all
// cores" is the time of one core per request with all of them at it, by the
// clock, so that waiting for locks is in it. Among a million sessions a
// collection comes in so few of the samples that their median is without; package
// memory measures those.
package inprocess

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/spindleweb/spindle/bench/internal/peer"
	"github.com/spindleweb/spindle/bench/internal/plan"
	"github.com/spindleweb/spindle/bench/internal/usage"
)

const name = "in process"

// Step is this step.
var Step = plan.Step{Name: name, Do: do}

func do(ctx context.Context, b *plan.Bench) error {
	for i, live := range b.Scale.Live {
		if err := withLive(ctx, b, i, live); err != nil {
			return err
		}
	}
	return withNone(ctx, b)
}

// peers are those wanted, at the i-th number of live sessions.
func peers(b *plan.Bench, i int) []*peer.Peer {
	var wanted []*peer.Peer
	for _, p := range peer.All {
		switch {
		case !b.Wants(p.Name, p.Ours || p.Base == ""):
		case i > 0 && p.Base != "" && !p.Kept:
			if i == 1 {
				b.Skip("%s keeps nothing, so it is measured with %d live only", p.Name, b.Scale.Live[0])
			}
		default:
			wanted = append(wanted, p)
		}
	}
	return wanted
}

// withLive measures with a number of live sessions, the i-th. What a library
// has yielded counts only if it has kept its sessions and their numbers to the
// end.
func withLive(ctx context.Context, b *plan.Bench, i, live int) error {
	wanted := peers(b, i)
	// A session takes 300 bytes or so, and as much again before the collector
	// comes.
	need := 600 * float64(live) * float64(len(wanted))
	if free, err := usage.Available(); err == nil && need > free {
		b.Skip("requests with %d live sessions: %d processes might take %.1f GiB together, and %.1f are free",
			live, len(wanted), need/(1<<30), free/(1<<30))
		return nil
	}
	began := time.Now()
	all := start(ctx, wanted, live)
	defer closeAll(all)
	b.Say("%d processes with %d live sessions each, made in %.1f s", len(all), live, time.Since(began).Seconds())

	began = time.Now()
	err := rounds(ctx, b, all, func(p *process, round int) { p.existing(round, i, live, b.Scale.Each) })
	if err != nil {
		return err
	}
	// Afterwards, as sessions with a value in them cost many libraries more.
	if i < 2 {
		err := rounds(ctx, b, all, func(p *process, _ int) { p.values(i, live, b.Scale.Each) })
		if err != nil {
			return err
		}
	}
	for _, p := range all {
		p.do("check", nil, nil)
	}
	b.Say("requests with %d live sessions measured in %d rounds, %.1f s", live, b.Scale.Rounds, time.Since(began).Seconds())
	return keep(ctx, b, all, fmt.Sprintf("with %d live sessions", live))
}

// withNone measures how sessions are made, in new processes each round: some
// libraries cannot be told to let go of what they have.
func withNone(ctx context.Context, b *plan.Bench) error {
	began := time.Now()
	all := make([]*process, 0, len(peer.All))
	for _, p := range peers(b, 0) {
		all = append(all, &process{peer: p})
	}
	err := rounds(ctx, b, all, func(p *process, _ int) {
		p.start(ctx, 0)
		p.fresh(b.Scale.Each)
		p.close()
	})
	if err != nil {
		return err
	}
	b.Say("new sessions measured in %d rounds, %.1f s", b.Scale.Rounds, time.Since(began).Seconds())
	return keep(ctx, b, all, "new sessions")
}

// rounds has all be measured in turn, in each round another one first.
func rounds(ctx context.Context, b *plan.Bench, all []*process, measure func(p *process, round int)) error {
	for round := range b.Scale.Rounds {
		for k := range all {
			measure(all[(k+round)%len(all)], round)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// keep takes the samples of those that did well into the Run.
func keep(ctx context.Context, b *plan.Bench, all []*process, what string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, p := range all {
		if p.err != nil {
			if p.peer.Ours || p.peer.Base == "" {
				return fmt.Errorf("%s, %s: %w", p.peer.Name, what, p.err)
			}
			b.Skip("%s, %s: %v", p.peer.Name, what, p.err)
			continue
		}
		for _, y := range p.yield {
			b.Add(y.figure, y.sample)
		}
	}
	return nil
}

// start starts a process for each peer and has all make their sessions at once,
// as in some only one core can at a time.
func start(ctx context.Context, peers []*peer.Peer, live int) []*process {
	all := make([]*process, len(peers))
	var started sync.WaitGroup
	for i, p := range peers {
		all[i] = &process{peer: p}
		started.Go(func() { all[i].start(ctx, live) })
	}
	started.Wait()
	return all
}

func closeAll(all []*process) {
	for _, p := range all {
		p.close()
	}
}
