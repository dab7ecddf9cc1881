package inprocess

import (
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/spindleweb/spindle/bench/internal/peer"
	"github.com/spindleweb/spindle/bench/internal/usage"
)

// sample takes one.
func (s *service) sample(j job) (sample, error) {
	app, path, visitors := s.app, peer.Session, s.visitors
	switch j.What {
	case base:
		app, path = s.base, peer.Bare
	case nobody:
		app, path, visitors = s.base, peer.Bare, cookies{}
	case bare:
		path = peer.Bare
	case existing:
	case value:
		path, visitors = peer.Value, s.valued
	case fresh:
		visitors = cookies{}
		// One of its own for each sample, or it grows with every sample.
		runtime.GC()
		var err error
		if app, err = s.open(); err != nil {
			return sample{}, err
		}
		if app.Close != nil {
			defer app.Close()
		}
	default:
		return sample{}, fmt.Errorf("nothing is called %q", j.What)
	}

	cores := 1
	if j.All {
		cores = runtime.GOMAXPROCS(0)
	}
	loops := make([]loop, cores)
	for core := range loops {
		l := &loops[core]
		l.client, l.visitors = app.Client(path), visitors
		if visitors.width == 0 {
			continue
		}
		s.seeds++
		// Most libraries read a number and write it in two steps, so that one
		// visitor's requests must not come on two cores at once.
		l.pick = pick(visitors.len(), j.What == value, s.seeds, core, cores)
		if l.pick.n == 0 {
			return sample{}, fmt.Errorf("%d sessions are too few for %d cores", visitors.len(), cores)
		}
	}
	got, err := measure(loops, j.Each)
	if j.What == value {
		for core, l := range loops {
			s.counted = append(s.counted, run{s.seeds - uint64(cores-1-core), core, cores, l.requests})
		}
	}
	return got, err
}

// measure runs the loops at once, each on a core. What a library or the
// collector does in the background is done by these cores too.
func measure(loops []loop, each time.Duration) (sample, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(len(loops)))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if len(loops) == 1 {
		// By processor time, in which is no waiting for other programs; there is
		// nothing else to wait for. Where the system counts too coarsely for
		// that, what the clock says stays.
		from := usage.CPU()
		loops[0].run(each)
		if took := usage.CPU() - from; took > 0 {
			loops[0].took = took
		}
	} else {
		var all sync.WaitGroup
		ready := make(chan struct{})
		for i := range loops {
			all.Go(func() { <-ready; loops[i].run(each) })
		}
		close(ready)
		all.Wait()
	}
	runtime.ReadMemStats(&after)

	var requests, wrong int
	var took time.Duration
	for _, l := range loops {
		requests += l.requests
		wrong += l.wrong
		took += l.took
	}
	if wrong > 0 {
		return sample{}, fmt.Errorf("%d of %d requests were not answered with 200", wrong, requests)
	}
	n := float64(requests)
	return sample{
		NS:     float64(took.Nanoseconds()) / n,
		Bytes:  float64(after.TotalAlloc-before.TotalAlloc) / n,
		Allocs: float64(after.Mallocs-before.Mallocs) / n,
	}, nil
}

// A loop makes requests, one after the other.
type loop struct {
	client   *peer.Client
	visitors cookies // none: without a cookie
	pick     picker

	requests, wrong int
	took            time.Duration
}

// batch is how many requests are made between two looks at the clock.
const batch = 16

func (l *loop) run(each time.Duration) {
	from, pick := time.Now(), l.pick
	for l.took < each {
		for range batch {
			var cookie string
			if l.visitors.width > 0 {
				cookie = l.visitors.at(pick.next())
			}
			if l.client.Get(cookie) != 200 {
				l.wrong++
			}
		}
		l.requests += batch
		l.took = time.Since(from)
	}
}
