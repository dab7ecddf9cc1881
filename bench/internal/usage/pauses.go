package usage

import (
	"math"
	"runtime/metrics"
	"slices"
	"time"
)

// Pauses are the times for which the collector has stopped everything, since the
// process began.
type Pauses struct{ h metrics.Float64Histogram }

// CollectorPauses returns those until now.
func CollectorPauses() Pauses {
	s := []metrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindFloat64Histogram {
		return Pauses{}
	}
	h := s[0].Value.Float64Histogram()
	return Pauses{metrics.Float64Histogram{Counts: slices.Clone(h.Counts), Buckets: h.Buckets}}
}

// LongestSince returns the longest pause that is in p and was not yet in
// earlier, rounded up as the runtime's histogram has it, by at most a quarter.
func (p Pauses) LongestSince(earlier Pauses) time.Duration {
	for i := len(p.h.Counts) - 1; i >= 0; i-- {
		if i < len(earlier.h.Counts) && p.h.Counts[i] == earlier.h.Counts[i] {
			continue
		}
		if p.h.Counts[i] == 0 {
			continue
		}
		top := p.h.Buckets[i+1]
		if math.IsInf(top, 1) {
			top = p.h.Buckets[i]
		}
		return time.Duration(top * float64(time.Second))
	}
	return 0
}
