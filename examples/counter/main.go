// Counter counts the visits of each session: a value of a type of its own, kept
// in the session under a Key.
package main

import (
	"flag"
	"fmt"
	"time"

	"github.com/spindleweb/spindle/examples/internal/serve"
	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/site"
)

type visits struct {
	count int
	last  time.Time
}

var visited = session.NewKey[visits]("visits")

// page counts with Update, so that requests of one visitor at the same time
// are all counted.
func page(req *resource.Request) {
	var now visits
	err := visited.Update(req.GetSession(), func(v *visits) {
		v.count++
		now, v.last = *v, req.Time()
	})
	switch {
	case err != nil: // the session ended in this very moment
		req.Abort(503)
	case now.count == 1:
		fmt.Fprintln(req, "Welcome. This is your first visit.")
	default:
		ago := req.Time().Sub(now.last).Round(time.Second)
		fmt.Fprintf(req, "This is visit %d; the one before was %v ago.\n", now.count, ago)
	}
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	timeout := flag.Duration("timeout", 15*time.Minute, "how long a session lasts without a visit")
	flag.Parse()
	s := site.New(resource.GET(page))
	s.SessionFactory = session.Lasting(*timeout)
	serve.Sites(serve.At{Addr: *addr, Site: s})
}
