package memory

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spindleweb/spindle/bench/internal/child"
	"github.com/spindleweb/spindle/bench/internal/peer"
	"github.com/spindleweb/spindle/bench/internal/usage"
)

func init() {
	child.Register(name, func() child.Service { return new(held).call })
}

// held is a child: one library's program with its sessions.
type held struct {
	app     *peer.App
	began   time.Time    // when the first session was made
	cookies []string     // of some sessions
	made    float64      // sessions that each was found from
	filled  usage.Memory // with all sessions
	each    usage.Memory // of a session
}

type fillIn struct {
	Peer    string
	N       int
	Timeout time.Duration
	Told    bool // a callback for each
}

type fillOut struct {
	Took time.Duration
	Each usage.Memory // for a session
}

type collectIn struct {
	Times int           // collections
	For   time.Duration // for how long requests are made, quiet and meanwhile
}

type collectOut struct {
	Walls         []float64 // of each collection, ms
	Pause         float64   // the longest, ms
	Quiet, During usage.Times
	Age           time.Duration // of the oldest session by now
}

type endOut struct {
	Left      int     // sessions that are still kept
	Heap, RSS float64 // given back, %
}

func (h *held) call(method string, raw json.RawMessage) (any, error) {
	switch method {
	case "fill":
		var in fillIn
		if err := json.Unmarshal(raw, &in); err != nil {
			return nil, err
		}
		return h.fill(in)
	case "collect":
		var in collectIn
		if err := json.Unmarshal(raw, &in); err != nil {
			return nil, err
		}
		return h.collect(in)
	case "end":
		var limit time.Duration
		if err := json.Unmarshal(raw, &limit); err != nil {
			return nil, err
		}
		return h.end(limit)
	}
	return nil, fmt.Errorf("unknown method %q", method)
}

// kept is of how many sessions the cookies are kept, to be looked up.
const kept = 1000

// fill makes the sessions. The first few are made before anything is measured,
// so that what the library sets up at its first use is not counted.
func (h *held) fill(in fillIn) (out fillOut, err error) {
	p := peer.Get(in.Peer)
	if p == nil {
		return out, fmt.Errorf("there is no peer %q", in.Peer)
	}
	// The first sweep should not disturb what is measured, and find all over.
	o := peer.Options{Timeout: in.Timeout, Sweep: in.Timeout * 3 / 2}
	if in.Told {
		o.Ended = func() {}
	}
	if h.app, err = p.New(o); err != nil {
		return out, err
	}
	// In a group of its own, a process that is stopped when the program dies
	// dies too; in the program's group all would get a hang-up when the shell
	// that started it ends.
	if err := syscall.Setpgid(0, 0); err != nil {
		return out, err
	}
	h.began = time.Now()
	if h.cookies, err = visit(h.app, min(kept, max(1, in.N/10))); err != nil {
		return out, err
	}
	h.made = float64(in.N - len(h.cookies))
	before, err := usage.Settled()
	if err != nil {
		return out, err
	}
	start := time.Now()
	if _, err = visit(h.app, int(h.made)); err != nil {
		return out, err
	}
	out.Took = time.Since(start)
	if h.filled, err = usage.Settled(); err != nil {
		return out, err
	}
	h.each = usage.Memory{
		Heap:    (h.filled.Heap - before.Heap) / h.made,
		Objects: (h.filled.Objects - before.Objects) / h.made,
		RSS:     (h.filled.RSS - before.RSS) / h.made,
	}
	out.Each = h.each
	return out, nil
}

// visit makes n sessions, each by a request without a cookie, on all
// processors, and returns the cookies of the first few.
func visit(app *peer.App, n int) ([]string, error) {
	var next atomic.Int64
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	cookies := make([][]string, workers)
	errs := make([]error, workers)
	for w := range workers {
		wg.Go(func() {
			c := app.Client(peer.Session)
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				if status := c.Get(""); status != 200 {
					errs[w] = fmt.Errorf("a request without a cookie got %d", status)
					return
				}
				if i > kept {
					continue
				}
				cookie := c.Cookie()
				if cookie == "" {
					errs[w] = errors.New("a request without a cookie got none")
					return
				}
				cookies[w] = append(cookies[w], cookie)
			}
		})
	}
	wg.Wait()
	var all []string
	for _, some := range cookies {
		all = append(all, some...)
	}
	return all, errors.Join(errs...)
}

// collect measures collections, alone and with requests meanwhile.
func (h *held) collect(in collectIn) (out collectOut, err error) {
	paused := usage.CollectorPauses()
	for range in.Times {
		start := time.Now()
		runtime.GC()
		out.Walls = append(out.Walls, usage.MS(time.Since(start)))
	}

	// Nothing is collected in the quiet time, whatever the library throws away.
	// The first turn is for nothing: in the second there is room for that which
	// need not be got from the system.
	percent := debug.SetGCPercent(-1)
	var quiet usage.Times
	for range 2 {
		if quiet, err = h.requests(func() <-chan time.Time { return time.After(in.For) }); err != nil {
			return out, err
		}
		runtime.GC()
	}
	debug.SetGCPercent(percent)
	during, err := h.requests(func() <-chan time.Time {
		over := make(chan time.Time)
		go func() {
			// A collection must have gone on for long enough for requests to
			// be made meanwhile.
			for start, n := time.Now(), 0; time.Since(start) < in.For || n < 2; n++ {
				runtime.GC()
			}
			close(over)
		}()
		return over
	})
	if err != nil {
		return out, err
	}
	out.Quiet, out.During = quiet, during
	out.Pause = usage.MS(usage.CollectorPauses().LongestSince(paused))
	// What requests have left behind, as the collector's own records of a heap
	// that was larger for a while, is no session's.
	h.filled, err = usage.Settled()
	out.Age = time.Since(h.began)
	return out, err
}

// requests makes requests of live sessions, one after the other, until the
// channel has something. Nobody asks while one waits, so a stop of the whole
// process is one slow request, however long: it shows in the longest alone.
func (h *held) requests(until func() <-chan time.Time) (usage.Times, error) {
	c := h.app.Client(peer.Session)
	took := usage.NewRecorder()
	over := until()
	for {
		select {
		case <-over:
			return took.Times(), nil
		default:
		}
		cookie := h.cookies[rand.IntN(len(h.cookies))]
		start := time.Now()
		status := c.Get(cookie)
		took.Record(time.Since(start))
		if status != 200 {
			return usage.Times{}, fmt.Errorf("a request with a cookie got %d", status)
		}
	}
}

// end waits until all sessions have ended.
func (h *held) end(limit time.Duration) (out endOut, err error) {
	if h.app.Len != nil {
		over := time.After(limit)
		for out.Left = h.app.Len(); out.Left > 0; out.Left = h.app.Len() {
			select {
			case <-over:
				return out, nil
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	visited := float64(len(h.cookies))
	h.cookies = nil
	after, err := usage.Settled()
	all := h.made + visited
	out.Heap = percent(h.filled.Heap-after.Heap, h.each.Heap*all)
	out.RSS = percent(h.filled.RSS-after.RSS, h.each.RSS*all)
	runtime.KeepAlive(h.app)
	return out, err
}

func percent(part, whole float64) float64 {
	if whole <= 0 { // of so few sessions that they hide in pages that were there
		return 0
	}
	return 100 * part / whole
}
