package timers

import (
	"runtime"
	"time"

	"github.com/spindleweb/spindle/bench/internal/usage"
)

// standing is what many timers take that wait.
type standing struct {
	Heap     float64 // bytes each
	Resident float64 // bytes each
	Objects  float64 // each
}

// stand makes n timers wait.
func (s *server) stand(n int) (out standing, err error) {
	was, err := usage.Settled()
	if err != nil {
		return out, err
	}
	r := dice(1)
	s.n = n
	s.wheel.grow(n)
	for i := range n {
		s.wheel.schedule(i, far(r), nothing)
	}
	if n > 0 {
		is, err := usage.Settled()
		if err != nil {
			return out, err
		}
		out.Heap = (is.Heap - was.Heap) / float64(n)
		out.Objects = (is.Objects - was.Objects) / float64(n)
		out.Resident = (is.RSS - was.RSS) / float64(n)
	}
	s.wheel.grow(n + scratch)
	return out, nil
}

// idle returns the time of a processor that the process takes in each second
// while its timers wait.
func (s *server) idle(d time.Duration) float64 {
	runtime.GC() // so that none is under way
	was, start := usage.CPU(), time.Now()
	<-time.After(d)
	return float64(usage.CPU()-was) / float64(time.Since(start))
}
