package timers

import (
	"context"
	"fmt"
	"time"

	"github.com/spindleweb/spindle/bench/internal/plan"
	"github.com/spindleweb/spindle/bench/internal/result"
	"github.com/spindleweb/spindle/bench/internal/usage"
)

// firings measures how exactly timers are called that are due at a million a
// second. With fewer than a million the time is shorter, the rate the same.
func firings(ctx context.Context, b *plan.Bench) error {
	n := min(1_000_000, most(b))
	if n == 0 {
		return nil
	}
	rounds := max(1, b.Scale.Rounds/5)
	for round := range rounds {
		for _, k := range wanted(b) {
			if k.noCall != "" {
				continue
			}
			if err := k.spare(ctx, b, k.firing(ctx, b, n, round == rounds-1)); err != nil {
				return err
			}
		}
	}
	return nil
}

const spent = "time of a processor for each call"

// firing has one library call n timers, in a new process.
func (k *kind) firing(ctx context.Context, b *plan.Bench, n int, last bool) error {
	s, err := k.begin(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	out, err := ask[firing](s, "fire", question{N: n, For: time.Duration(n) * time.Microsecond})
	if err != nil {
		return err
	}
	b.Say("%s: %d calls, late by %.1f ms (p99 %.1f), %d early", k.name, n, usage.MS(out.P50), usage.MS(out.P99), out.Early)
	for _, f := range []struct {
		name, unit string
		sample     float64
	}{
		{"calls before their time", "calls", float64(out.Early)},
		{"the worst call before its time", "ms", usage.MS(out.Earliest)},
		{"late, p50", "ms", usage.MS(out.P50)},
		{"late, p99", "ms", usage.MS(out.P99)},
		{"late, at most", "ms", usage.MS(out.Max)},
		{spent, "ns", float64(out.CPU.Nanoseconds())},
		{"goroutines at once while calling", "goroutines", float64(out.Goroutines)},
	} {
		if f.name == spent && f.sample == 0 {
			b.Skip("%s, %s: most were called while others were being scheduled", k.name, spent)
			continue
		}
		k.figure(b, result.Figure{Name: f.name, At: n, Of: "timers due, a million a second", Unit: f.unit}, f.sample)
	}
	b.Judge(k.punctual(out))
	if last {
		b.Curves = append(b.Curves, result.Curve{
			Step: step, Name: fmt.Sprintf("how late the calls of %d timers are, a million a second", n), Peer: k.name,
			X: "share of the calls, %", Y: "late by at most, ms", At: out.Course,
		})
	}
	return nil
}

// punctual judges whether timers were called once, and not before their time.
func (k *kind) punctual(out firing) result.Fact {
	f := result.Fact{Check: "timers are called once and never early", Peer: k.name, Verdict: result.Good}
	switch {
	case out.Early > 0:
		f.Verdict = result.Bad
		f.Says = fmt.Sprintf("%.1f %% early, by up to %.3g ms (grain %v)",
			100*float64(out.Early)/float64(out.N), usage.MS(out.Earliest), k.grain)
	case out.Lost+out.Twice > 0:
		f.Verdict = result.Bad
		f.Says = fmt.Sprintf("%d of %d not called in %v, %d called twice", out.Lost, out.N, patience, out.Twice)
	default:
		f.Says = fmt.Sprintf("none of %d early (grain %v)", out.N, k.grain)
	}
	return f
}
