package endings

import (
	"fmt"

	"github.com/spindleweb/spindle/bench/internal/result"
	"github.com/spindleweb/spindle/bench/internal/usage"
)

// budgeted is the number of sessions that the budgets are for, due within a
// second.
const budgeted = 1_000_000

// add records a sample; the budget is that for ours.
func (b *bench) add(who, when, what, unit string, budget, sample float64) {
	f := result.Figure{Step: name, Name: what + "; " + when, At: b.n, Of: "sessions of a few seconds that end", Peer: who, Unit: unit}
	if when != oneTimeout && who != runtimes {
		f.Base = runtimes
	}
	if who == "spindle" && b.n == budgeted && when == shapes[1].name {
		f.Budget = budget
	}
	b.Add(f, sample)
}

// addRequests records what requests noticed.
func (b *bench) addRequests(who, when string, l latencies) {
	for _, t := range []struct {
		name  string
		times usage.Times
	}{{"requests before", l.quiet}, {"requests meanwhile", l.meanwhile}} {
		b.add(who, when, t.name+", p50", "ms", 0, t.times.P50)
		b.add(who, when, t.name+", p99", "ms", 0, t.times.P99)
		b.add(who, when, t.name+", max", "ms", 0, t.times.Max)
	}
	b.add(who, when, "requests meanwhile, p99 over that before", "ms", 1, l.meanwhile.P99-l.quiet.P99)
}

// addTold records what callbacks told.
func (b *bench) addTold(who string, s shape, w watched, l latencies) {
	t := w.Told
	b.add(who, s.name, "callbacks early", "sessions", 0, float64(t.Early))
	b.add(who, s.name, "callbacks twice or never", "sessions", 0, float64(t.Twice+t.Never))
	b.add(who, s.name, "callback late, least", "ms", 0, t.Earliest)
	b.add(who, s.name, "callback late, p50", "ms", 0, t.Late.P50)
	b.add(who, s.name, "callback late, p99", "ms", 50, t.Late.P99)
	b.add(who, s.name, "callback late, max", "ms", 0, t.Late.Max)
	b.add(who, s.name, "CPU of an end, callback included", "µs", 1, 1000*usage.MS(w.CPU))
	b.add(who, s.name, "most goroutines", "goroutines", 0, float64(t.Most))
	b.addRequests(who, s.name, l)
	b.curve(who, "callbacks made; "+s.name, t.Curve)

	verdict := result.Good
	if t.Early+t.Twice+t.Never > 0 {
		verdict = result.Bad
	}
	b.Judge(result.Fact{
		Check: "each callback once and none early; " + s.name, Peer: who, Verdict: verdict,
		Says: fmt.Sprintf("of %d callbacks %d were early, %d made twice and %d never; the first came %.3f ms after its time", b.n, t.Early, t.Twice, t.Never, t.Earliest),
	})
}

// oneTimeout is when sessions of one timeout are due.
const oneTimeout = "one timeout, swept each second where that can be set"

// addGone records when a library let go of sessions.
func (b *bench) addGone(who string, w watched, l latencies) {
	b.add(who, oneTimeout, "gone after due, first", "ms", 0, w.Gone.First)
	b.add(who, oneTimeout, "gone after due, half", "ms", 0, w.Gone.Late.P50)
	b.add(who, oneTimeout, "gone after due, p99", "ms", 0, w.Gone.Late.P99)
	b.add(who, oneTimeout, "gone after due, max", "ms", 0, w.Gone.Late.Max)
	b.add(who, oneTimeout, "CPU of an end", "µs", 0, 1000*usage.MS(w.CPU))
	b.addRequests(who, oneTimeout, l)
	b.curve(who, "sessions gone; "+oneTimeout, w.Gone.Curve)
}

// curve keeps that of the last round.
func (b *bench) curve(who, what string, at [][2]float64) {
	c := result.Curve{
		Step: name, Name: what, Peer: who,
		X: "milliseconds after due", Y: fmt.Sprintf("share of %d sessions", b.n), At: at,
	}
	for i := range b.Curves {
		if old := &b.Curves[i]; old.Step == c.Step && old.Name == c.Name && old.Peer == c.Peer {
			*old = c
			return
		}
	}
	b.Curves = append(b.Curves, c)
}
