// Package endings measures what happens when many sessions end: how late their
// callbacks run, what that costs, and what the requests of those who are still
// there notice of it.
//
// Libraries that can call back are measured with sessions that are all due in
// one tick, and due within a second. They run in a process that serves HTTP on
// the loopback, and this one sends requests. Sessions last for a few seconds, as
// nobody wants to wait for longer; ours are late by a 1024th of their timeout by
// design, half a second at most. All libraries, ours too, are then measured with
// sessions that were made with one timeout, one after the other, by when the
// library has let go of them.
package endings

import (
	"context"
	"time"

	"github.com/spindleweb/spindle/bench/internal/plan"
)

const name = "endings"

// Step is the step.
var Step = plan.Step{Name: name, Do: do}

// A shape is when the sessions of libraries that call back are due.
type shape struct {
	name   string
	within time.Duration
}

var shapes = []shape{
	{"all due in one tick", 0},
	{"due within a second", time.Second},
}

// bench is a run of this step.
type bench struct {
	*plan.Bench
	n      int
	quiet  time.Duration            // for how long requests are measured before
	over   time.Time                // nothing is begun that would end after this
	making map[string]time.Duration // of one session, at most, as far as is known
}

func do(ctx context.Context, pb *plan.Bench) error {
	rounds, share, quiet := min(3, pb.Scale.Rounds), 330*time.Second, 1500*time.Millisecond
	if pb.Quick {
		rounds, share, quiet = 1, 15*time.Second, 400*time.Millisecond
	}
	if pb.Scale.Ends < 10_000 {
		quiet = 50 * time.Millisecond
	}
	begun := time.Now()
	b := &bench{
		Bench: pb, n: pb.Scale.Ends, quiet: quiet, over: begun.Add(share),
		making: map[string]time.Duration{
			"spindle": 2 * time.Microsecond, runtimes: 2 * time.Microsecond, "iris": 6 * time.Microsecond,
		},
	}
	for round := range rounds {
		if round > 0 && time.Since(begun) > share*2/5 {
			b.Skip("callbacks, after round %d: the rest of the time is for the other libraries", round)
			break
		}
		if err := b.round(ctx, round); err != nil {
			return err
		}
	}
	libraries, err := b.priced(ctx)
	if err != nil {
		return err
	}
	for _, p := range libraries {
		if err := b.sweeps(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// round measures those that call back; iris, which takes long, in the first
// round only.
func (b *bench) round(ctx context.Context, n int) error {
	for _, s := range shapes {
		for _, subject := range []string{"spindle", runtimes, "iris"} {
			if subject == "iris" && (n > 0 || !b.Wants(subject, false)) {
				continue
			}
			if err := b.calls(ctx, subject, s); err != nil {
				return err
			}
		}
	}
	return nil
}
