package endings

import (
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/spindleweb/spindle/bench/internal/usage"
)

// A record takes down the callbacks of n sessions that are numbered from 0.
type record struct {
	start  time.Time
	first  time.Duration // when the first is due, from start
	within time.Duration // all are due in that time from first on

	calls []callback
	done  atomic.Int64
	all   chan struct{} // closed when there have been n callbacks
	most  atomic.Int64  // goroutines, as seen
}

type callback struct {
	times atomic.Int32
	late  time.Duration
}

func newRecord(n int, lead, within time.Duration) *record {
	return &record{start: time.Now(), first: lead, within: within, calls: make([]callback, n), all: make(chan struct{})}
}

// due returns when a session is due, from start; the same each time.
func (r *record) due(i int) time.Duration {
	if r.within == 0 {
		return r.first
	}
	// Weyl's sequence: spread evenly, in no order that could help anyone.
	share := uint64(i+1) * 0x9e3779b97f4a7c15 >> 32
	return r.first + time.Duration(share*uint64(r.within)>>32)
}

// left returns how long a session that is made now has to last.
func (r *record) left(i int) time.Duration { return r.due(i) - time.Since(r.start) }

// called is a session's callback.
func (r *record) called(i int) {
	now := time.Since(r.start)
	if c := &r.calls[i]; c.times.Add(1) == 1 {
		c.late = now - r.due(i)
	}
	done := r.done.Add(1)
	if done%256 == 1 {
		r.look()
	}
	if done == int64(len(r.calls)) {
		close(r.all)
	}
}

// look counts the goroutines.
func (r *record) look() {
	n := int64(runtime.NumGoroutine())
	for most := r.most.Load(); n > most && !r.most.CompareAndSwap(most, n); most = r.most.Load() {
	}
}

// told is what a record says in the end. Lateness is in milliseconds.
type told struct {
	Early, Twice, Never int     // sessions
	Earliest            float64 // ms after its due time
	Late                usage.Times
	Curve               [][2]float64 // lateness, and the share of sessions that were at most so late
	Most                int          // goroutines
}

func (r *record) told() (t told) {
	t.Most = int(r.most.Load())
	late := make([]time.Duration, 0, len(r.calls))
	for i := range r.calls {
		c := &r.calls[i]
		switch times := c.times.Load(); {
		case times == 0:
			t.Never++
			continue
		case times > 1:
			t.Twice++
		}
		if c.late < 0 {
			t.Early++
		}
		late = append(late, c.late)
	}
	t.Late, t.Curve = distribution(late)
	if len(late) > 0 {
		t.Earliest = usage.MS(late[0])
	}
	return t
}

// distribution sums up latenesses, which it sorts.
func distribution(late []time.Duration) (sum usage.Times, curve [][2]float64) {
	if len(late) == 0 {
		return sum, nil
	}
	slices.Sort(late)
	at := func(share float64) float64 { return usage.MS(usage.Rank(late, share)) }
	for i := range 100 {
		curve = append(curve, [2]float64{at(float64(i) / 100), float64(i) / 100})
	}
	for _, share := range []float64{0.995, 0.999, 1} {
		curve = append(curve, [2]float64{at(share), share})
	}
	return usage.Times{P50: at(0.5), P99: at(0.99), Max: at(1)}, curve
}
