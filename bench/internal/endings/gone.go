package endings

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/spindleweb/spindle/bench/internal/peer"
	"github.com/spindleweb/spindle/bench/internal/usage"
)

// A sweep is n sessions that were made with the same timeout, in a library that
// tells by nothing but their number when they have ended.
type sweep struct {
	n       int
	app     *peer.App
	timeout time.Duration
	others  int // sessions that live on

	start time.Time
	made  [parts]time.Duration // when there were so many
	gone  [parts]time.Duration // when so many were gone
	left  int                  // at the limit

	watching atomic.Int64 // processor time that watching has taken, in ns
}

// parts is in how many the course of making and going is recorded.
const parts = 1000

// gone is how late the library let go of sessions, in milliseconds: the one that
// was the k-th to go is taken for the one that was the k-th to be due.
type gone struct {
	Left  int // still kept at the limit
	First float64
	Late  usage.Times
	Curve [][2]float64
}

// priceOf returns what a session takes to be made, on all processors.
func priceOf(in openIn) (time.Duration, error) {
	p := process{quiet: in.Quiet}
	if _, err := p.open(in); err != nil {
		return 0, err
	}
	start := time.Now()
	err := each(in.N, p.sweep.visitor(func() {}))
	return time.Since(start) / time.Duration(in.N), err
}

// open starts the server of a library, with no sessions yet.
func (p *process) open(in openIn) (out opened, err error) {
	library := peer.Get(in.Peer)
	if library == nil {
		return out, fmt.Errorf("there is no peer %q", in.Peer)
	}
	if p.app, err = library.New(peer.Options{Timeout: in.Timeout, Sweep: in.Sweep}); err != nil {
		return out, err
	}
	if p.app.Len == nil {
		return out, errors.New("it does not tell how many sessions there are")
	}
	p.quiet = in.Quiet
	p.sweep = &sweep{n: in.N, app: p.app, timeout: in.Timeout}
	return p.serve()
}

// visitor makes sessions by requests without a cookie.
func (s *sweep) visitor(made func()) func() func(int) error {
	return func() func(int) error {
		c := s.app.Client(peer.Session)
		return func(int) error {
			if status := c.Get(""); status != 200 {
				return fmt.Errorf("a request without a cookie got %d", status)
			}
			made()
			return nil
		}
	}
}

// fill makes the sessions.
func (p *process) fill() (out filled, err error) {
	s := p.sweep
	s.others = s.app.Len()
	s.start = time.Now()
	var made atomic.Int64
	err = each(s.n, s.visitor(func() {
		if done := int(made.Add(1)); done*parts/s.n != (done-1)*parts/s.n {
			now := time.Since(s.start)
			for k := (done - 1) * parts / s.n; k < done*parts/s.n; k++ {
				s.made[k] = now
			}
		}
	}))
	if err != nil {
		return out, err
	}
	runtime.GC()
	out.Left = s.timeout - time.Since(s.start)
	out.Short = out.Left < p.quiet+ahead
	return out, nil
}

// watch asks for the number of sessions, from the quiet time on, until those that
// were made are gone or the limit is reached; then the channel is closed.
func (s *sweep) watch(quiet time.Duration) <-chan struct{} {
	all := make(chan struct{})
	go func() {
		defer close(all)
		runtime.LockOSThread() // so that the time of its processor is known
		defer runtime.UnlockOSThread()
		<-time.After(s.timeout - quiet - time.Since(s.start))
		from, counts := usage.ThreadCPU(), time.Duration(math.MaxInt64)
		for k := 0; k < parts; {
			asked := time.Now()
			kept := s.app.Len()
			now := time.Now()
			s.watching.Store(int64(usage.ThreadCPU() - from))
			// The least that it ever took, since the rest was waiting for a lock.
			counts = min(counts, now.Sub(asked))
			s.left = max(0, kept-s.others)
			for ; k < parts && (s.n-s.left)*parts >= (k+1)*s.n; k++ {
				s.gone[k] = now.Sub(s.start)
			}
			if now.Sub(s.start) > s.timeout+limit {
				return
			}
			// Some libraries count one by one, which would keep a processor busy.
			<-time.After(max(2*time.Millisecond, 4*counts))
		}
	}()
	return all
}

// late sums up what watch has seen.
func (s *sweep) late() (g gone) {
	if g.Left = s.left; g.Left > 0 {
		return g
	}
	late := make([]time.Duration, parts)
	for k := range late {
		late[k] = s.gone[k] - (s.made[k] + s.timeout)
	}
	g.Late, g.Curve = distribution(late)
	g.First = g.Curve[0][0]
	return g
}
