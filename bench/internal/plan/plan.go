// Package plan is how a run goes: steps, one after the other, each a table of
// figures, with a line of progress for each thing it does.
package plan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spindleweb/spindle/bench/internal/result"
)

// A Step measures one side of the matter.
type Step struct {
	Name string
	Do   func(context.Context, *Bench) error
}

// Bench is what a step has to work with.
type Bench struct {
	*result.Run
	Scale Scale
	Peers []string  // only these, if any
	Out   io.Writer // progress

	started time.Time
	step    string
}

// Scale says how much to measure. Where a step needs other sizes than these it
// derives them, so that one number makes all smaller.
type Scale struct {
	Rounds int           // rounds of each interleaved measurement
	Each   time.Duration // for how long one sample is measured in process
	Load   time.Duration // for how long one server is under load, a round
	Live   []int         // numbers of live sessions at which requests are measured
	Memory []int         // numbers of live sessions whose memory is measured
	Ends   int           // sessions that end
	Timers []int         // numbers of standing timers
}

// Full takes less than half an hour on two cores, Quick two minutes.
var (
	Full = Scale{
		Rounds: 10, Each: 100 * time.Millisecond, Load: 2 * time.Second,
		Live: []int{1, 100_000, 1_000_000}, Memory: []int{1_000_000, 10_000_000},
		Ends: 1_000_000, Timers: []int{0, 1_000_000, 10_000_000},
	}
	Quick = Scale{
		Rounds: 4, Each: 20 * time.Millisecond, Load: 400 * time.Millisecond,
		Live: []int{1, 100_000}, Memory: []int{100_000},
		Ends: 100_000, Timers: []int{0, 100_000},
	}
)

// Wants reports whether a peer is to be measured. We and the bases always are.
func (b *Bench) Wants(peer string, always bool) bool {
	if len(b.Peers) == 0 || always {
		return true
	}
	for _, p := range b.Peers {
		if p == peer {
			return true
		}
	}
	return false
}

// Say prints a line of progress.
func (b *Bench) Say(format string, args ...any) {
	fmt.Fprintf(b.Out, "%7.1fs  %-12s %s\n", time.Since(b.started).Seconds(), b.step, fmt.Sprintf(format, args...))
}

// Skip records what is not measured, and why.
func (b *Bench) Skip(format string, args ...any) {
	what := b.step + ": " + fmt.Sprintf(format, args...)
	b.LeftOut = append(b.LeftOut, what)
	b.Say("left out: "+format, args...)
}

// Go takes the steps until ctx ends. One that fails does not keep the others from
// being taken.
func (b *Bench) Go(ctx context.Context, steps []Step) error {
	b.started = time.Now()
	b.Started = b.started
	var failed []error
	for _, s := range steps {
		b.step = s.Name
		b.Say("begins")
		if err := s.Do(ctx, b); err != nil {
			b.Skip("what was still to be measured: %v", err)
			failed = append(failed, fmt.Errorf("%s: %w", s.Name, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	b.step = ""
	b.Took = time.Since(b.started).Seconds()
	return errors.Join(failed...)
}
