// Two-sites serves two sites in one process, each with sessions of its own that
// last as long as the site says. Browsers do not tell the ports of a host
// apart, so the sites' cookies need two names.
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

func newSite(name string, timeout time.Duration) *site.Site {
	s := site.New(resource.GET(func(req *resource.Request) {
		ss := req.GetSession()
		fmt.Fprintf(req, "%s: one of %d sessions here, which last %v.\n", name, req.Sessions().Stats().Live, ss.Timeout())
	}))
	s.SessionFactory = session.Lasting(timeout)
	s.Carrier = &session.Cookie{Name: name}
	s.Sessions().OnExpire = func(ss *session.Session) {
		fmt.Printf("%s: a session has ended (%v)\n", name, ss.Reason())
	}
	return s
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address of the hasty site")
	addr2 := flag.String("addr2", "127.0.0.1:8081", "address of the patient site")
	hasty := flag.Duration("hasty", 3*time.Second, "how long a session of the hasty site lasts")
	patient := flag.Duration("patient", 15*time.Second, "how long a session of the patient site lasts")
	flag.Parse()
	serve.Sites(
		serve.At{Addr: *addr, Site: newSite("hasty", *hasty)},
		serve.At{Addr: *addr2, Site: newSite("patient", *patient)},
	)
}
