package endings

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spindleweb/spindle/bench/internal/child"
	"github.com/spindleweb/spindle/bench/internal/peer"
	"github.com/spindleweb/spindle/bench/internal/usage"
	"github.com/valyala/fasthttp"
)

func init() {
	child.Register(name, func() child.Service { return new(process).call })
}

// process is a child: a server, and sessions that will end in it.
type process struct {
	app   *peer.App
	quiet time.Duration

	record *record // of sessions that call back
	sweep  *sweep  // or of such that are swept
}

// opened is the answer when there is a server.
type opened struct {
	Addr   string
	Cookie string // its name
}

type makeIn struct {
	Subject             string
	N                   int
	Lead, Quiet, Within time.Duration
}

type openIn struct {
	Peer           string
	N              int
	Timeout, Sweep time.Duration
	Quiet          time.Duration
}

// filled is the answer when the sessions are made.
type filled struct {
	opened
	Short bool          // there is not enough time left
	Left  time.Duration // until the first session is due
}

// watched is what was seen from the moment in which the first session was due
// until the last had ended.
type watched struct {
	Took time.Duration
	CPU  time.Duration // for each session, beyond what the quiet time took
	Told told
	Gone gone
}

func (p *process) call(method string, raw json.RawMessage) (any, error) {
	switch method {
	case "make":
		var in makeIn
		if err := json.Unmarshal(raw, &in); err != nil {
			return nil, err
		}
		return p.make(in)
	case "price":
		var in openIn
		if err := json.Unmarshal(raw, &in); err != nil {
			return nil, err
		}
		return priceOf(in)
	case "open":
		var in openIn
		if err := json.Unmarshal(raw, &in); err != nil {
			return nil, err
		}
		return p.open(in)
	case "fill":
		return p.fill()
	case "watch":
		return p.watch()
	}
	return nil, fmt.Errorf("unknown method %q", method)
}

// ahead is how much earlier than the quiet time everything must be ready, for
// clients to connect.
const ahead = 100 * time.Millisecond

// eve is how long before the first session is due the quiet time ends: in the
// moment itself this process may be too busy to look at the clock.
const eve = 10 * time.Millisecond

// limit is for how long ends are waited for.
const limit = time.Minute

// make makes sessions that call back, and then starts the server.
func (p *process) make(in makeIn) (out filled, err error) {
	start := subjects[in.Subject]
	if start == nil {
		return out, fmt.Errorf("there is no subject %q", in.Subject)
	}
	p.quiet = in.Quiet
	p.record = newRecord(in.N, in.Lead, in.Within)
	s, err := start(p.record)
	if err != nil {
		return out, err
	}
	p.app = s.app
	if err := each(in.N, func() func(int) error { return s.maker() }); err != nil {
		return out, err
	}
	if s.ready != nil {
		s.ready()
	}
	runtime.GC()
	if out.opened, err = p.serve(); err != nil {
		return out, err
	}
	out.Left = p.record.first - time.Since(p.record.start)
	out.Short = out.Left < in.Quiet+ahead
	return out, nil
}

// each calls the functions that worker returns, on all processors, with the
// numbers from 0 to n-1.
func each(n int, worker func() func(i int) error) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, runtime.GOMAXPROCS(0))
	for w := range errs {
		wg.Go(func() {
			do := worker()
			for i := next.Add(1) - 1; i < int64(n) && errs[w] == nil; i = next.Add(1) - 1 {
				errs[w] = do(int(i))
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// serve answers on a port of the loopback until the process ends.
func (p *process) serve() (opened, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return opened{}, err
	}
	if p.app.Fast != nil {
		go func() { _ = fasthttp.Serve(ln, p.app.Fast) }()
	} else {
		go func() { _ = http.Serve(ln, p.app.Std) }()
	}
	return opened{Addr: ln.Addr().String(), Cookie: p.app.Cookie}, nil
}

// watch waits for the quiet time, and from then until all sessions have ended.
func (p *process) watch() (out watched, err error) {
	var start time.Time
	var first time.Duration
	var all <-chan struct{}
	look, cpu := func() {}, usage.CPU
	if p.record != nil {
		start, first, all, look = p.record.start, p.record.first, p.record.all, p.record.look
	} else {
		start, first, all = p.sweep.start, p.sweep.timeout, p.sweep.watch(p.quiet)
		cpu = func() time.Duration { return usage.CPU() - time.Duration(p.sweep.watching.Load()) }
	}
	looking := time.NewTicker(time.Millisecond)
	defer looking.Stop()
	// until returns the time and the processor time used when d has come, or
	// before that when over has something.
	until := func(d time.Duration, over <-chan struct{}) (time.Duration, time.Duration) {
		wait := time.After(d - time.Since(start))
		for {
			select {
			case <-looking.C:
				look()
				continue
			case <-wait:
			case <-over:
			}
			return time.Since(start), cpu()
		}
	}
	t0, cpu0 := until(first-p.quiet, nil)
	t1, cpu1 := until(first-eve, nil)
	t2, cpu2 := until(first+limit+time.Second, all)

	out.Took = t2 - first
	quiet := float64(cpu1-cpu0) / float64(max(t1-t0, 1)) // processors in use
	var n int
	if p.record != nil {
		// A callback that comes twice may do so a little later.
		until(time.Since(start)+50*time.Millisecond, nil)
		out.Told, n = p.record.told(), len(p.record.calls)
	} else {
		<-all // it looks no more
		out.Gone, n = p.sweep.late(), p.sweep.n
	}
	out.CPU = time.Duration((float64(cpu2-cpu1) - quiet*float64(t2-t1)) / float64(n))
	return out, nil
}
