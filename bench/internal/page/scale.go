package page

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"

	"github.com/spindleweb/spindle/bench/internal/result"
)

// wide is the span, the largest value over the smallest, from which on a scale is
// logarithmic.
const wide = 30

// finite reports whether v can be drawn. What is beyond any measurement counts as
// infinite: its distances to others are.
func finite(v float64) bool { return math.Abs(v) < 1e18 }

// span returns the smallest positive and the largest value of vs, and 0, 0 if
// none is positive.
func span(vs []float64) (lo, hi float64) {
	lo = math.Inf(1)
	for _, v := range vs {
		if finite(v) && v > 0 {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	if hi == 0 {
		return 0, 0
	}
	return lo, hi
}

// spread reports whether the positive values of vs want a logarithmic scale.
func spread(vs []float64) bool {
	lo, hi := span(vs)
	return lo > 0 && hi/lo > wide
}

// extent returns the range of a linear scale that holds all of vs and 0.
func extent(vs []float64) (lo, hi float64) {
	for _, v := range vs {
		if finite(v) {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	if lo == hi {
		hi = lo + 1
	}
	return lo, hi
}

// logScale is plot.LogScale that does not panic at what has no logarithm: it
// lies at the lower end.
type logScale struct{}

func (logScale) Normalize(lo, hi, v float64) float64 {
	if !(v > lo) {
		return 0
	}
	return math.Log(v/lo) / math.Log(hi/lo)
}

// linearTicks are at most about n round numbers.
func linearTicks(n int) plot.TickerFunc {
	return func(lo, hi float64) (ticks []plot.Tick) {
		step := math.Pow(10, math.Floor(math.Log10((hi-lo)/float64(n))))
		for _, m := range []float64{1, 2, 5, 10} {
			if (hi-lo)/(step*m) <= float64(n) {
				step *= m
				break
			}
		}
		for i := math.Ceil(lo / step); i*step <= hi*(1+1e-9) && len(ticks) < 50; i++ {
			ticks = append(ticks, plot.Tick{Value: i * step, Label: short(i * step)})
		}
		return ticks
	}
}

// logTicks are powers of ten, or with less than two of these 1, 2 and 5 times
// such, or what a linear scale has if that is still too few.
func logTicks(n int) plot.TickerFunc {
	return func(lo, hi float64) (ticks []plot.Tick) {
		if hi/lo < 8 {
			return linearTicks(n)(lo, hi)
		}
		steps := []float64{1}
		if hi/lo < 100 {
			steps = []float64{1, 2, 5}
		}
		first, last := math.Floor(math.Log10(lo)), math.Ceil(math.Log10(hi))
		skip := math.Max(1, math.Ceil((last-first)/float64(2*n)))
		for e := first; e <= last; e += skip {
			for _, m := range steps {
				if v := m * math.Pow(10, e); v >= lo*(1-1e-9) && v <= hi*(1+1e-9) {
					ticks = append(ticks, plot.Tick{Value: v, Label: short(v)})
				}
			}
		}
		return ticks
	}
}

// relabelled are the ticks of t with other labels.
func relabelled(t plot.Ticker, write func(float64) string) plot.TickerFunc {
	return func(lo, hi float64) []plot.Tick {
		ticks := t.Ticks(lo, hi)
		for i := range ticks {
			ticks[i].Label = write(ticks[i].Value)
		}
		return ticks
	}
}

// short writes a round number in few letters: 250k, 10M.
func short(v float64) string {
	a := math.Abs(v)
	for _, s := range []struct {
		of   float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if a >= s.of && math.Abs(v/s.of*100-math.Round(v/s.of*100)) < 1e-6 {
			return strconv.FormatFloat(math.Round(v/s.of*100)/100, 'f', -1, 64) + s.name
		}
	}
	if a < 1e-12 {
		return "0"
	}
	if a < 1e4 {
		return strconv.FormatFloat(math.Round(v*1e9)/1e9, 'f', -1, 64)
	}
	return result.Number(v)
}
