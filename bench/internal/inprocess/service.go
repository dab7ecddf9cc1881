package inprocess

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"time"

	"github.com/spindleweb/spindle/bench/internal/child"
	"github.com/spindleweb/spindle/bench/internal/peer"
)

func init() {
	child.Register(name, func() child.Service { return new(service).serve })
}

// What is asked for.
const (
	base     = "base"     // the bare handler of the same server, with the visitors' cookies
	bare     = "bare"     // the library's own path without a session
	existing = "existing" // a session is found
	value    = "value"    // and its number increased
	fresh    = "fresh"    // no cookie, so a new session
	nobody   = "nobody"   // the bare handler without a cookie
)

// A population is what a child begins with.
type population struct {
	Peer string
	Live int // 0 if only new sessions are to be made
}

// A job is one sample to be taken.
type job struct {
	What string
	All  bool // on all cores, a goroutine on each, and not on one
	Each time.Duration
}

// A sample is what one request has cost.
type sample struct {
	NS     float64 // of one core
	Bytes  float64
	Allocs float64
}

// service is one library with its visitors.
type service struct {
	peer *peer.Peer
	app  *peer.App
	base *peer.App
	live int
	// visitors bring cookies, and where the state is in the cookie, another one
	// for value.
	visitors, valued cookies
	counted          []run
	seeds            uint64 // used
}

// A run is what one core has done to the visitors' numbers; seed and core tell
// which visitors it picked.
type run struct {
	seed        uint64
	core, cores int
	requests    int
}

func (s *service) serve(method string, in json.RawMessage) (any, error) {
	switch method {
	case "start":
		var p population
		if err := json.Unmarshal(in, &p); err != nil {
			return nil, err
		}
		return nil, s.start(p)
	case "sample":
		var j job
		if err := json.Unmarshal(in, &j); err != nil {
			return nil, err
		}
		return s.sample(j)
	case "check":
		return nil, s.check()
	}
	return nil, fmt.Errorf("no method %q", method)
}

func (s *service) start(p population) (err error) {
	if s.peer = peer.Get(p.Peer); s.peer == nil {
		return fmt.Errorf("no peer %q", p.Peer)
	}
	under := s.peer
	if s.peer.Base != "" {
		under = peer.Get(s.peer.Base)
	}
	if s.base, err = under.New(peer.Options{}); err != nil {
		return err
	}
	if s.live = p.Live; s.live == 0 {
		return nil
	}
	if s.app, err = s.open(); err != nil {
		return err
	}
	if s.peer.Base == "" {
		s.visitors = strangers(s.live)
		s.valued = s.visitors
		return nil
	}
	if s.visitors, err = populate(s.app, peer.Session, s.live); err != nil {
		return err
	}
	s.valued = s.visitors
	if !s.peer.Kept {
		if s.valued, err = populate(s.app, peer.Value, s.live); err != nil {
			return err
		}
	}
	runtime.GC()
	return nil
}

// open returns the program under the library. No session is to end while it is
// measured, and no library to look for those that have, if it can be told.
func (s *service) open() (*peer.App, error) {
	return s.peer.New(peer.Options{Timeout: 12 * time.Hour, Sweep: time.Hour})
}

// check tells whether the library has kept all that it was given: all sessions
// are there, and the number of each, of a thousand, is that of its requests.
func (s *service) check() error {
	if !s.peer.Kept || s.live == 0 {
		return nil
	}
	if s.app.Len == nil {
		return errors.New("nothing tells how many sessions it keeps")
	}
	if n := s.app.Len(); n != s.live {
		return fmt.Errorf("%d sessions were made and only found since, and it keeps %d", s.live, n)
	}
	want := make([]int, s.live)
	for _, r := range s.counted {
		p := pick(s.live, true, r.seed, r.core, r.cores)
		for range r.requests {
			want[p.next()]++
		}
	}
	client := s.app.Client(peer.Value)
	for i := 0; i < s.live; i += max(1, s.live/1000) {
		for range 2 {
			want[i]++
			status := client.Get(s.visitors.at(i))
			if got := string(client.Body()); status != 200 || got != strconv.Itoa(want[i]) {
				return fmt.Errorf("after %d requests to a session its number is %s, with status %d", want[i], got, status)
			}
		}
	}
	return nil
}
