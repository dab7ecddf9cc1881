package memory

import (
	"github.com/spindleweb/spindle/bench/internal/plan"
	"github.com/spindleweb/spindle/bench/internal/result"
	"github.com/spindleweb/spindle/bench/internal/usage"
)

// budgeted is the number of sessions that the budgets are for.
const budgeted = 1_000_000

// figure describes a quantity; the budget is that for ours.
func figure(r row, n int, what, unit string, budget float64) result.Figure {
	f := result.Figure{Step: name, Name: what, At: n, Of: "live, empty sessions", Peer: r.Name, Unit: unit}
	if r.told {
		f.Of += " with a callback each"
	}
	if r.Name != base && !r.told {
		f.Base = base
	}
	if r.Name == "spindle" && n == budgeted && !r.told {
		f.Budget = budget
	}
	return f
}

func add(b *plan.Bench, r row, n int, made fillOut, got collectOut) {
	b.Add(figure(r, n, "heap of a session", "B", 0), made.Each.Heap)
	b.Add(figure(r, n, "RSS of a session", "B", 150), made.Each.RSS)
	b.Add(figure(r, n, "objects of a session", "objects", 2), made.Each.Objects)
	for _, ms := range got.Walls {
		b.Add(figure(r, n, "a collection, from call to return", "ms", 60), ms)
	}
	b.Add(figure(r, n, "longest stop of all in collections", "ms", 0), got.Pause)
	requests := func(when string, t usage.Times) {
		b.Add(figure(r, n, "request in process, "+when+", p50", "µs", 0), 1000*t.P50)
		b.Add(figure(r, n, "request in process, "+when+", p99", "µs", 0), 1000*t.P99)
		b.Add(figure(r, n, "request in process, "+when+", max", "µs", 0), 1000*t.Max)
	}
	requests("no collection", got.Quiet)
	requests("during collections", got.During)
}

func addBack(b *plan.Bench, r row, n int, got endOut) {
	for _, back := range []struct {
		name  string
		share float64
	}{{"heap given back when all have ended", got.Heap}, {"RSS given back when all have ended", got.RSS}} {
		f := figure(r, n, back.name, "%", 90)
		f.More = true
		b.Add(f, back.share)
	}
}
