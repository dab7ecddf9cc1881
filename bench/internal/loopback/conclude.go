package loopback

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spindleweb/spindle/bench/internal/result"
)

const (
	// enough is how busy a server must be for its requests per second to be its
	// own doing.
	enough = 0.9
	// budget is what ours are to reach of bare fasthttp's requests per second.
	budget = 0.97
	// unequal is by how much busier than bare fasthttp ours may have been for
	// that: what it answers in time that the other was not given is no merit.
	unequal = 0.02
)

// conclude tells what the samples show together, and which are to be doubted.
func (t *trial) conclude() {
	var idle []string
	for _, g := range slices.Concat(t.first, t.others) {
		if len(g.samples) == 0 {
			continue
		}
		busy := g.median(func(s sample) float64 { return s.busy })
		t.Say("%-16s %-16s %8.0f req/s  %7.2f µs CPU each, %3.0f %% busy", g.server.name, g.what,
			g.median(sample.perSecond), g.median(sample.cpu), 100*busy)
		if busy < enough {
			idle = append(idle, fmt.Sprintf("%s, %s (%.0f %%)", g.server.name, g.what, 100*busy))
		}
	}
	if len(idle) > 0 {
		t.Skip("the full speed of servers that were less than %.0f %% busy, since the load generator or another program was the limit; their CPU per request holds: %s",
			100*enough, strings.Join(idle, "; "))
	}
	t.judge()
	for _, f := range t.Figures {
		if f.Step == chapter && f.Unit == "%" {
			t.Say("%s: %s: %.1f %%, median of %d", f.Peer, f.Name, f.Median(), len(f.Samples))
		}
	}
}

// judge sets the budget of ours where it can be judged: where something else was
// the limit all are alike, and nothing is proved.
func (t *trial) judge() {
	busy := func(g *target) float64 { return g.median(func(s sample) float64 { return s.busy }) }
	bare := busy(t.first[0])
	for _, g := range t.first[1:] {
		ours := busy(g)
		if min(bare, ours) < enough || ours-bare > unequal {
			t.Skip("whether %s holds its budget of requests per second: it was %.0f %% busy and bare fasthttp %.0f %%",
				g.server.name, 100*ours, 100*bare)
			continue
		}
		like := g.figure("requests per second", "req/s", true)
		f := t.Find(like.Group(), like.Peer)
		f.Budget, f.OfBase = budget, true
	}
}

// median is that of what the samples have for of.
func (g *target) median(of func(sample) float64) float64 {
	var f result.Figure
	for _, s := range g.samples {
		f.Samples = append(f.Samples, of(s))
	}
	return f.Median()
}
