package endings

import (
	"sync"
	"time"

	"github.com/spindleweb/spindle/bench/internal/peer"
	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/site"
)

// spindle is a Site, its sessions with a timeout each.
func spindle(r *record) (*subject, error) {
	root := new(resource.Branch)
	root.PutChild("session", resource.GET(func(req *resource.Request) {
		req.GetSession()
		req.WriteString("hello")
	}))
	s := site.New(root)
	// A timeout counts from before the factory is called, so how long is left is
	// found out before that; under a lock, as a factory is told nothing.
	var mu sync.Mutex
	var number int
	var left time.Duration
	s.SessionFactory = func(uid string) *session.Session {
		i := number
		made := session.New(uid)
		made.NotifyOnExpire(func() { r.called(i) })
		made.SetTimeout(left)
		return made
	}
	m := s.Sessions()
	return &subject{
		app: &peer.App{Cookie: "sid", Fast: s.Handler},
		maker: func() func(int) error {
			return func(i int) error {
				mu.Lock()
				defer mu.Unlock()
				number, left = i, r.left(i)
				_, err := m.Create(nil)
				return err
			}
		},
		ready: func() { m.SetFactory(session.New) },
	}, nil
}
