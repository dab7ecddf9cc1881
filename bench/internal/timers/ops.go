package timers

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"time"
)

// scratch is how many numbers beyond those of the standing timers are there for
// timers that come and go.
const scratch = 4096

// cost is what calls have cost.
type cost struct {
	Calls   int
	Time    time.Duration // of each core
	Mallocs uint64
	Bytes   uint64
}

func (c cost) each() float64   { return float64(c.Time.Nanoseconds()) / float64(c.Calls) }
func (c cost) allocs() float64 { return float64(c.Mallocs) / float64(c.Calls) }

// meter notes what the process allocates and how long it takes.
type meter struct {
	mem   runtime.MemStats
	start time.Time
}

func begin() (m meter) {
	runtime.ReadMemStats(&m.mem)
	m.start = time.Now()
	return m
}

func (m *meter) end(calls int) cost {
	took := time.Since(m.start)
	was := m.mem
	runtime.ReadMemStats(&m.mem)
	return cost{calls, took, m.mem.Mallocs - was.Mallocs, m.mem.TotalAlloc - was.TotalAlloc}
}

// far is when a standing timer is due: within the second hour from now.
func far(r *rand.Rand) time.Duration { return time.Hour + time.Duration(r.Int64N(int64(time.Hour))) }

// soon is when a timer is due that is scheduled and called off at once.
func soon(i int) time.Duration { return time.Minute + time.Duration(i%1000)*time.Millisecond }

// dice returns random numbers. Their state has a cache line of its own, as cores
// that wrote into the same one would wait for each other.
func dice(seed int) *rand.Rand {
	alone := new(struct {
		rand.PCG
		_ [48]byte
	})
	alone.Seed(uint64(seed), 1)
	return rand.New(&alone.PCG)
}

// schedule schedules timers by the thousand, and calls them off again while
// nobody looks.
func (s *server) schedule(d time.Duration) (c cost) {
	for end := time.Now().Add(d); c.Calls == 0 || time.Now().Before(end); {
		m := begin()
		for i := range scratch {
			s.wheel.schedule(s.n+i, soon(i), nothing)
		}
		batch := m.end(scratch)
		c.Calls, c.Time = c.Calls+batch.Calls, c.Time+batch.Time
		c.Mallocs, c.Bytes = c.Mallocs+batch.Mallocs, c.Bytes+batch.Bytes
		for i := range scratch {
			s.wheel.cancel(s.n + i)
		}
	}
	return c
}

// cancel schedules one timer after the other and calls each off at once.
func (s *server) cancel(cores int, d time.Duration) cost {
	return hammer(cores, d, func(core int) func(int) {
		mine := s.n + 64*core // a cache line of one's own
		return func(i int) {
			s.wheel.schedule(mine, soon(i), nothing)
			s.wheel.cancel(mine)
		}
	})
}

// rearmLater moves standing timers at random, each to later than any before, as
// a sign of life does. Ours and the runtime's only note the new time, and file
// the timer again when its old one comes: once for however many moves, and here
// that is not counted.
func (s *server) rearmLater(cores int, d time.Duration) cost {
	base := s.later
	c := hammer(cores, d, func(core int) func(int) {
		r, share := dice(base+core), s.n/cores
		mine := core * share // a number is one goroutine's
		return func(i int) {
			after := 2*time.Hour + time.Duration(base+i)*time.Microsecond
			s.wheel.rearm(mine+int(r.Uint64N(uint64(share))), after, nothing)
		}
	})
	s.later += c.Calls
	return c
}

// look reads from standing timers at random, each after the one before, as each
// moving is: the part of that which is spent on waiting for the memory.
// It returns nil where a timer cannot be looked at.
func (s *server) look(d time.Duration) *cost {
	w, ok := s.wheel.(looker)
	if !ok {
		return nil
	}
	c := hammer(1, d, func(int) func(int) {
		var seen uint64
		r := dice(s.later)
		return func(int) {
			// The shift makes 0 of it, which the processor knows only when it
			// has been read.
			seen = w.look(int(r.Uint64N(uint64(s.n)) + seen>>63))
		}
	})
	return &c
}

// rearmEarlier moves standing timers at random, each to earlier than any before.
func (s *server) rearmEarlier(d time.Duration) cost {
	s.near++
	round := s.near
	return hammer(1, d, func(int) func(int) {
		r := dice(-round)
		return func(i int) {
			// In each round a minute earlier, so that it is earlier in spite of
			// the time that has passed since the last.
			after := time.Hour - time.Duration(round%40)*time.Minute - time.Duration(i)*10*time.Microsecond
			s.wheel.rearm(int(r.Uint64N(uint64(s.n))), max(after, time.Minute), nothing)
		}
	})
}

// hammer makes calls on some cores at once for as long as d.
func hammer(cores int, d time.Duration, ready func(core int) (op func(i int))) cost {
	before := runtime.GOMAXPROCS(cores)
	defer runtime.GOMAXPROCS(before)
	var (
		wg    sync.WaitGroup
		calls = make([]int, 64*cores)
		ops   = make([]func(int), cores)
	)
	for core := range cores {
		ops[core] = ready(core)
		ops[core](0)
	}
	m := begin()
	for core := range cores {
		wg.Go(func() {
			n, op := 0, ops[core]
			for n == 0 || time.Since(m.start) < d {
				for range 64 {
					n++
					op(n)
				}
			}
			calls[64*core] = n
		})
	}
	wg.Wait()
	total := 0
	for _, n := range calls {
		total += n
	}
	c := m.end(total)
	c.Time *= time.Duration(cores)
	return c
}
