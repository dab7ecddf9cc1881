// Expiration prints a line whenever a session ends, as the example of Twisted's
// tutorial "Session Endings" does. Visit /logme and keep visiting it to keep the
// session alive; stop for as long as -timeout says to see it end.
package main

import (
	"flag"
	"fmt"
	"sync"
	"time"

	"github.com/spindleweb/spindle/examples/internal/serve"
	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/site"
)

var (
	addr    = flag.String("addr", "127.0.0.1:8080", "address to listen on")
	timeout = flag.Duration("timeout", 5*time.Second, "how long a session lasts without a visit")
)

func ShortSession(uid string) *session.Session {
	s := session.New(uid)
	s.SetTimeout(*timeout)
	return s
}

type ExpirationLogger struct {
	resource.Branch
	sessions sync.Map
}

var _ resource.Getter = (*ExpirationLogger)(nil)

func (l *ExpirationLogger) RenderGET(req *resource.Request) {
	s := req.GetSession()
	if _, seen := l.sessions.LoadOrStore(s.UID(), s); !seen {
		s.NotifyOnExpire(func() { l.expired(s.UID()) })
	}
	fmt.Fprintf(req, "Your session ends %v after your last visit.\n", *timeout)
}

func (l *ExpirationLogger) expired(uid string) {
	fmt.Println("Session", uid, "has expired.")
	l.sessions.Delete(uid)
}

func main() {
	flag.Parse()
	root := new(resource.Branch)
	root.PutChild("", resource.Redirect("/logme"))
	root.PutChild("logme", new(ExpirationLogger))
	s := site.New(root)
	s.SessionFactory = ShortSession
	serve.Sites(serve.At{Addr: *addr, Site: s})
}
