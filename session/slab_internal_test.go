package session

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"
)

// BenchmarkSlab weighs sessions allocated one by one, as they are, against
// sessions that share a slab with others: what a live one of a million takes,
// table included, what a collection takes, and what is still held when seven of
// eight have ended, whichever they were. A slab cannot be used again while
// anyone may have a pointer into it, and goes only when all in it have.
func BenchmarkSlab(b *testing.B) {
	const n = 1 << 20
	for _, bench := range []struct {
		name string
		slab int
	}{{"one by one", 1}, {"slabs of 2", 2}, {"slabs of 4", 4}, {"slabs of 8", 8}, {"slabs of 64", 64}, {"slabs of 512", 512}} {
		b.Run(bench.name, func(b *testing.B) {
			for b.Loop() {
				m := new(Manager)
				var t table
				before := heapInUse()
				left := []Session{}
				for range n {
					if len(left) == 0 {
						left = make([]Session, bench.slab)
					}
					s := &left[0]
					left = left[1:]
					s.m = m
					s.setID(randomID(), "")
					t.add(s)
				}
				full := heapInUse()
				took := make([]time.Duration, 5)
				for i := range took {
					start := time.Now()
					runtime.GC()
					took[i] = time.Since(start)
				}
				slices.Sort(took)
				var gone []*Session
				t.all(func(s *Session) bool {
					if rand.IntN(8) > 0 {
						gone = append(gone, s)
					}
					return true
				})
				ended := len(gone)
				for _, s := range gone {
					t.remove(s)
				}
				gone, left = nil, nil
				after := heapInUse()
				b.ReportMetric((full-before)/n, "B/live")
				b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms/collection")
				b.ReportMetric((after-before)/float64(n-ended), "B/left-of-8")
				runtime.KeepAlive(&t)
			}
		})
	}
}

func heapInUse() float64 {
	runtime.GC()
	var ms runtime.MemStats
	runtime.ReadMemStats(&ms)
	return float64(ms.HeapAlloc)
}
