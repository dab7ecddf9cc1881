package timers

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/spindleweb/spindle/bench/internal/usage"
)

// firing is what became of many timers that were due at a million a second.
type firing struct {
	N          int
	Early      int           // called before their time
	Earliest   time.Duration // the worst of these
	Twice      int           // called more than once
	Lost       int           // not called long after the last was due
	P50, P99   time.Duration // how late the calls were
	Max        time.Duration
	CPU        time.Duration // of the process, each; 0 if most were called while others were being scheduled
	Goroutines int           // at most, seen every few milliseconds
	Course     [][2]float64  // a share in percent, and how many ms late those were at most
}

// patience is how long the last call may take.
const patience = 20 * time.Second

// fire schedules n timers that are due within window and waits for the calls.
// They are scheduled beforehand, so that scheduling takes nothing from calling.
func fire(k *kind, w wheel, n int, window time.Duration) firing {
	w.grow(n)
	each := 2 * time.Microsecond
	if k.slow {
		each *= 3
	}
	var (
		zero  = time.Now()
		lead  = 100*time.Millisecond + time.Duration(n)*each
		r     = rand.New(rand.NewPCG(1, 2))
		due   = make([]time.Duration, n)
		at    = make([]atomic.Int64, n)
		done  atomic.Int64
		twice atomic.Int64
	)
	for i := range n {
		now := time.Since(zero)
		// Where scheduling takes longer than the lead, at once.
		due[i] = lead + time.Duration(r.Int64N(int64(window)))
		if due[i] <= now {
			due[i] = now + 1
		}
		w.schedule(i, due[i]-now, func() {
			if at[i].Swap(int64(time.Since(zero))) == 0 {
				done.Add(1)
			} else {
				twice.Add(1)
			}
		})
	}
	left := n - int(done.Load()) // are to be called from now on
	cpu, most := usage.CPU(), 0
	for last := lead + window + patience; done.Load() < int64(n) && time.Since(zero) < last; {
		most = max(most, runtime.NumGoroutine())
		<-time.After(5 * time.Millisecond)
	}
	cpu = usage.CPU() - cpu
	out := firing{N: n, Twice: int(twice.Load()), Goroutines: most}
	if 2*left >= n {
		out.CPU = cpu / time.Duration(left)
	}
	var late []time.Duration
	for i := range n {
		when := time.Duration(at[i].Load())
		if when == 0 {
			out.Lost++
			continue
		}
		by := when - due[i]
		if by < 0 {
			out.Early++
			out.Earliest = max(out.Earliest, -by)
		}
		late = append(late, max(by, 0))
	}
	out.spread(late)
	return out
}

// spread notes how late the calls were.
func (f *firing) spread(late []time.Duration) {
	if len(late) == 0 {
		return
	}
	slices.Sort(late)
	f.P50, f.P99, f.Max = usage.Rank(late, 0.5), usage.Rank(late, 0.99), usage.Rank(late, 1)
	for percent := 0; percent <= 100; percent += 2 {
		f.Course = append(f.Course, [2]float64{float64(percent), usage.MS(usage.Rank(late, float64(percent)/100))})
	}
}
