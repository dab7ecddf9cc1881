package simulate

import (
	"context"
	"fmt"

	"github.com/spindleweb/spindle/bench/internal/plan"
	"github.com/spindleweb/spindle/bench/internal/result"
)

// Step passes the day of a hundred million sessions for the report.
var Step = plan.Step{Name: name, Do: do}

const name = "simulation"

func do(ctx context.Context, b *plan.Bench) error {
	c, live := hundredMillion(), costSessions
	c.budget, c.steps = 4_000_000, 800_000
	if b.Quick {
		c.budget, c.steps, live = 1_000_000, 200_000, 100_000
	}
	return c.record(ctx, b, live)
}

// record passes the day and adds what it came to.
func (c *config) record(ctx context.Context, b *plan.Bench, live int) error {
	k, err := measureCosts(ctx, live)
	if err != nil {
		return fmt.Errorf("measuring costs: %w", err)
	}
	b.Say("make %v, find and touch %v, file again %v, end %v of processor each, with %s live", k.create, k.find, k.refile, k.end, count(float64(live)))
	d, err := pass(ctx, c)
	if err != nil {
		return err
	}
	for _, f := range d.figures(k) {
		b.Add(f.Figure, f.sample)
		b.Say("%s: %s %s", f.Name, count(f.sample), f.Unit)
	}
	b.Curves = append(b.Curves, d.curves()...)
	b.Facts = append(b.Facts, result.Fact{
		Check: fmt.Sprintf("%s sessions a day in virtual time, one in %s passed through the code", count(float64(c.sessions)), count(float64(d.scale))),
		Peer:  us, Verdict: result.Good, // else there was an error
		Says: fmt.Sprintf("of %s ends none was early, lost or twice; %v late at most", count(float64(d.called)), d.late.worst.Round(1e6)),
	})
	return nil
}

// us is who is measured.
const us = "spindle"

// sampled is a figure with its one sample.
type sampled struct {
	result.Figure
	sample float64
}

func (d *day) figures(k costs) []sampled {
	add := func(what, unit string, sample float64) sampled {
		return sampled{result.Figure{
			Step: name, Name: what, At: d.sessions, Of: "sessions a day", Peer: us, Unit: unit,
		}, sample}
	}
	each := fmt.Sprintf(", each of %s", several(len(d.nodes), "node"))
	return []sampled{
		add("live at the peak, all nodes", "sessions", d.peak(func(t tally) float64 { return t.live })),
		add("ends with their calls at the peak"+each, "/s", d.onNode(func(t nodeTally, _ float64) float64 { return t.calls })),
		add("memory at the peak, live heap"+each, "GiB", d.gib(k, d.onNode(func(t nodeTally, _ float64) float64 { return t.live }))),
		add("processor for sessions at the peak, computed from measured costs"+each, "% of a core", 100*d.onNode(k.cpu)),
		add("wheel wakes at the peak, in closed form, a node", "/s", d.peak(d.wakings)),
		add("store operations at the peak, modelled, all nodes", "/s", d.peak(func(t tally) float64 { return t.operations() })),
		add("store operations for each request, modelled", "", d.whole().operations()/d.whole().requests),
	}
}

func (d *day) curves() []result.Curve {
	var curves []result.Curve
	add := func(what, y string, of func(tally) float64) {
		c := result.Curve{Step: name, Name: what, Peer: us, X: "hour of the day", Y: y}
		for i, p := range d.parts {
			hour := (float64(i) + 0.5) / float64(len(d.parts)) * d.day.Hours()
			c.At = append(c.At, [2]float64{hour, of(p.perSecond(d.scale))})
		}
		curves = append(curves, c)
	}
	add("live sessions over a day", "sessions", func(t tally) float64 { return t.live })
	add("arrivals over a day", "sessions/s", func(t tally) float64 { return t.arrivals })
	add("ends over a day", "calls/s", func(t tally) float64 { return t.over })
	add("requests over a day", "requests/s", func(t tally) float64 { return t.requests })
	add("filed again in the wheels over a day", "sessions/s", func(t tally) float64 { return t.refiled })
	add("store operations over a day, modelled", "operations/s", func(t tally) float64 { return t.operations() })
	return curves
}
