package page

import (
	"math"

	"github.com/spindleweb/spindle/bench/internal/result"
)

// A score is one budget and how it was kept. Where is the step that begins with
// it.
type score struct {
	What, Where, Peer   string
	Value, Budget, Used string
	Held, Known         bool
	Share               float64 // of the bar that shows how much of the budget is used, in %
}

// scores are all budgets, in order of appearance.
func scores(r *result.Run) (all []score) {
	step := ""
	for i := range r.Figures {
		f := &r.Figures[i]
		if f.Budget == 0 {
			continue
		}
		s := score{What: f.Name, Peer: f.Peer}
		if f.Step != step {
			step, s.Where = f.Step, capital(f.Step)
		}
		if f.At != 0 {
			s.What += sized(f.At, f.Of)
		}
		v := f.Median()
		write := func(v float64) string { return withUnit(v, f.Unit) }
		want := short(f.Budget) + "\u00a0" + f.Unit
		if f.OfBase {
			v, _ = r.Ratio(f)
			write = func(v float64) string { return times(v) + " " + f.Base }
			want = write(f.Budget)
		}
		s.Held, s.Known = r.Within(f)
		s.Known = s.Known && len(f.Samples) > 0
		sign := "≤ "
		if f.More {
			sign = "≥ "
		}
		s.Value, s.Budget = "not measured", sign+want
		if s.Known {
			used := used(f, v)
			s.Value, s.Used = write(v), times(used)
			if s.Share = 50 * used; !(s.Share <= 100) { // the budget is half of the bar
				s.Share = 100
			}
			s.Share = math.Round(max(s.Share, 1))
		}
		all = append(all, s)
	}
	return all
}

// used is the part of its budget that a value takes: above 1 it is missed.
func used(f *result.Figure, v float64) float64 {
	if f.More {
		if v <= 0 {
			return math.Inf(1)
		}
		return f.Budget / v
	}
	return v / f.Budget
}
