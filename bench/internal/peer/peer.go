// Package peer puts each library behind one small program, the same for all, so
// that they can be measured side by side. A file is a library.
package peer

import (
	"net/http"
	"time"

	"github.com/valyala/fasthttp"
)

// The paths of the program. Each answers 200 with a short body.
const (
	Bare    = "/bare"    // no session: what the library's own server and router cost
	Session = "/session" // the visitor's session is found and touched; a new one if there is none
	Value   = "/value"   // a number in the session is read, increased and kept; it is the body
)

// A Peer is one library.
type Peer struct {
	Name   string // "scs"
	Module string // whose version is reported; "" for the standard library
	// Base says what it stands on: the peer that is the same server without
	// sessions, "fasthttp" or "net/http". "" for those two.
	Base string
	// Ours is set for Spindle's own.
	Ours bool
	// Tells is set if the library can call a function when a session ends.
	Tells bool
	// Kept is set if the state is kept by the server; with gorilla/sessions it
	// travels in the cookie, and there is nothing to measure in memory.
	Kept bool

	New func(Options) (*App, error)
}

// Options are what a library is asked for.
type Options struct {
	Timeout time.Duration // without activity; 0 is 15 minutes
	Sweep   time.Duration // between looks for sessions that are over, in libraries that look; 0 is the library's default
	Ended   func()        // called at each end, by libraries that tell
}

func (o Options) timeout() time.Duration {
	if o.Timeout <= 0 {
		return 15 * time.Minute
	}
	return o.Timeout
}

// An App is the program under one library, ready to answer.
type App struct {
	Cookie string // name of the session's cookie

	// One of both is set.
	Fast fasthttp.RequestHandler
	Std  http.Handler

	// Len returns how many sessions the library keeps, and may be nil.
	Len func() int
	// Close ends what the library does in the background, and may be nil.
	Close func()
}

// All are the peers: the bases, ours, the others on fasthttp, the others on
// net/http.
var All = []*Peer{
	fastHTTP, netHTTP,
	spindleSite, spindleManager,
	fasthttpSession, fiber2, fiber3,
	scsPeer, gorilla, irisPeer, iczaPeer,
}

// Get returns the peer of that name, or nil.
func Get(name string) *Peer {
	for _, p := range All {
		if p.Name == name {
			return p
		}
	}
	return nil
}

var hello = []byte("hello")
