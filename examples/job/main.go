// Job does work for a visitor that takes longer than the session would last
// without a visit: a Hold keeps the session from being idle until the work is
// done, and the end of the session calls off what is not.
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

var (
	addr    = flag.String("addr", "127.0.0.1:8080", "address to listen on")
	timeout = flag.Duration("timeout", 5*time.Second, "how long a session lasts without a visit")
	work    = flag.Int("work", 20, "how many seconds the work takes")
)

var done = session.NewKey[int]("seconds of the work that are done")

type page struct{ resource.Branch }

var _ interface {
	resource.Getter
	resource.Poster
} = (*page)(nil)

// RenderGET tells how far the work is, without touching the session.
func (*page) RenderGET(req *resource.Request) {
	s := req.PeekSession()
	if s == nil {
		fmt.Fprintln(req, "You have no session. POST here to start the work.")
		return
	}
	n, _ := done.Get(s)
	fmt.Fprintf(req, "%d of %d seconds done; the session has %v left.\n", n, *work, s.Remaining().Round(time.Second))
}

// RenderPOST starts the work and does not wait for it.
func (*page) RenderPOST(req *resource.Request) {
	s := req.GetSession()
	over := s.Context().Done()
	s.Hold()
	go func() {
		defer s.Release()
		for n := 1; n <= *work; n++ {
			select {
			case <-time.After(time.Second):
			case <-over:
				return
			}
			_ = done.Set(s, n) // fails only when the session is over
		}
	}()
	req.SetStatusCode(202)
	fmt.Fprintf(req, "The work takes %d seconds, the session lasts %v. GET this page to see both.\n", *work, *timeout)
}

func main() {
	flag.Parse()
	s := site.New(new(page))
	s.SessionFactory = session.Lasting(*timeout)
	s.Sessions().OnExpire = func(s *session.Session) { fmt.Println("A session has ended:", s.Reason()) }
	serve.Sites(serve.At{Addr: *addr, Site: s})
}
