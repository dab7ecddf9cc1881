package usage

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Times sums up many durations, in milliseconds.
type Times struct{ P50, P99, Max float64 }

// A Recorder takes down durations, to a thousandth, in a fixed amount of memory.
// It is for one goroutine.
type Recorder struct{ h *hdrhistogram.Histogram }

// longest is the longest that a Recorder tells from longer ones.
const longest = 10 * time.Minute

// NewRecorder returns an empty Recorder.
func NewRecorder() Recorder {
	return Recorder{hdrhistogram.New(1, int64(longest), 3)}
}

// Record takes down one duration.
func (r Recorder) Record(d time.Duration) {
	_ = r.h.RecordValue(int64(min(max(d, 0), longest))) // fails only outside of these
}

// Times sums up what was taken down.
func (r Recorder) Times() Times {
	at := func(percent float64) float64 { return MS(time.Duration(r.h.ValueAtPercentile(percent))) }
	return Times{P50: at(50), P99: at(99), Max: at(100)}
}

// Rank returns the value that a share of the sorted are not above, and 0 of none.
func Rank(sorted []time.Duration, share float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

// MS is d in milliseconds.
func MS(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
