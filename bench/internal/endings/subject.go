package endings

import "github.com/spindleweb/spindle/bench/internal/peer"

// A subject is one whose sessions call back: a program for requests of live
// sessions, and maker, which returns a function that makes the session with a
// number, for one goroutine. A session is made for as long as it is to last, as
// users of the library do.
type subject struct {
	app   *peer.App
	maker func() func(i int) error
	ready func() // called when all are made, before requests come; may be nil
}

var subjects = map[string]func(*record) (*subject, error){
	"spindle": spindle,
	"iris":    irisTimers,
	runtimes:  afterFunc,
}
