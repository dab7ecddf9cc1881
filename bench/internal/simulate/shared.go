package simulate

import (
	"math"
	"time"
)

// coming is a stream of entries that come up in a wheel at multiples of a
// grain.
type coming struct {
	grain time.Duration
	rate  float64 // a second
}

// wakeUps returns how many times a second a wheel wakes for several streams.
// An entry comes up at a multiple of its grain, so all that come up at one take
// one waking, and a moment has none with the probability e^-n, n being what is
// to be expected there. Grains are powers of two, so the multiples of a coarser
// one are among those of a finer.
//
// Cascades need no waking of their own as long as something comes up at each
// moment of the coarsest grain: slots begin at multiples of it.
func wakeUps(streams []coming) float64 {
	if len(streams) == 0 {
		return 0
	}
	fine, coarse := streams[0].grain, streams[0].grain
	for _, s := range streams {
		fine, coarse = min(fine, s.grain), max(coarse, s.grain)
	}
	var rate float64
	for g := fine; g <= coarse; g *= 2 {
		// Moments that are multiples of g, and of nothing coarser.
		moments := 1 / g.Seconds()
		if g < coarse {
			moments /= 2
		}
		var expected float64
		for _, s := range streams {
			if s.grain <= g {
				expected += s.rate * s.grain.Seconds()
			}
		}
		rate += moments * -math.Expm1(-expected)
	}
	return rate
}

// comings are the streams of one node's wheel, from the rates at which entries
// of each timeout come up on it.
func comings(t timeouts, rates []float64) []coming {
	var streams []coming
	for i, c := range t {
		streams = append(streams, coming{max(grain(c.timeout), tick), rates[i]})
	}
	return streams
}

// batches returns how many batches of at most size take a number of things that
// is Poisson with the given mean: the mean of the number divided by size,
// rounded up.
func batches(mean float64, size int) float64 {
	if mean > 1e5 || mean > 30*float64(size)*float64(size) {
		return mean/float64(size) + (1-1/float64(size))/2 // the last is half full
	}
	var sum float64
	p := math.Exp(-mean) // of none
	logP := -mean
	for n := 0; ; n++ {
		sum += p * math.Ceil(float64(n)/float64(size))
		if float64(n) > mean && p < 1e-12 {
			return sum
		}
		// In logarithms, as e^-mean may be too small for a number.
		logP += math.Log(mean) - math.Log(float64(n+1))
		p = math.Exp(logP)
	}
}

// batchesPerSecond returns how many batches a second a node writes of what
// comes at a rate and waits for the next of the moments that are every apart.
func batchesPerSecond(rate float64, every time.Duration, size int) float64 {
	if rate == 0 {
		return 0
	}
	return batches(rate*every.Seconds(), size) / every.Seconds()
}
