package sessionmanager

import (
	"context"
	"sync"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/persession"
	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/spindleweb/spindle/session"
)

// A Runtime is the resource that serves the default session at its own URL, and
// all others below session/. The fields must not be changed, nor the Runtime be
// copied, after its first use.
type Runtime struct {
	resource.Leaf

	// Gateway is what each session's is a copy of. Its Registry has the services
	// that all share, with one state for all.
	Gateway rpc.Gateway

	// PerSession returns services for s alone. It is called for the default session
	// and for each new one. What they hold is released by s.Own or
	// s.NotifyOnExpire. Default none.
	PerSession func(s *session.Session) []*rpc.Service

	// Space keeps the sessions, and has the limits of their timeouts; its New and
	// URL are of no use, and nor is a Store, since the services live here. Add its
	// Sessions to the Managers of the site.
	Space persession.Space

	// URL is the Runtime's own as clients see it, for where a proxy changes it.
	// Default the address that the request came to, and its path: never the Host
	// that the client names.
	URL string

	// Limit is how many sessions there may be besides the default one. Default 0:
	// as many as the Space has room for.
	Limit int

	// Single has createNewSession fail with NotApplicableException. Default false.
	Single bool

	// Allow reports, by an error, that who calls may open no session, which
	// createNewSession fails with as a SecurityException. The context is that of
	// the call; see guard.User. Default everybody may.
	Allow func(ctx context.Context) error

	setup   sync.Once
	shared  rpc.Registry
	home    *rpc.Gateway // of the default session
	failure error
}

var _ resource.Renderer = (*Runtime)(nil)

func (rt *Runtime) init() {
	rt.setup.Do(func() {
		rt.shared.Parent = rt.Gateway.Registry
		rt.shared.Add(rt.service(), rt.Gateway.Group)
		rt.Space.New = func(_ context.Context, s *session.Session) (resource.Resource, error) {
			return rt.gateway(s), nil
		}
		if rt.Limit > 0 {
			rt.Space.Sessions.Limit = rt.Limit + 1
		}
		var s *session.Session
		if s, rt.failure = rt.Space.Sessions.Create(nil); rt.failure == nil {
			s.SetLifetime(session.Never) // whatever the Factory says
			s.SetTimeout(session.Never)
			s.Hold() // and nothing evicts what is in use
			rt.home = rt.gateway(s)
		}
	})
}

// gateway returns one for s.
func (rt *Runtime) gateway(s *session.Session) *rpc.Gateway {
	g := rt.Gateway
	g.Session = s
	g.Registry = &rpc.Registry{Parent: &rt.shared}
	if rt.PerSession != nil {
		for _, service := range rt.PerSession(s) {
			g.Registry.Add(service, g.Group)
		}
	}
	g.Context = func(req *resource.Request) context.Context {
		ctx := context.Background()
		if rt.Gateway.Context != nil {
			ctx = rt.Gateway.Context(req)
		}
		return context.WithValue(ctx, urlKey{}, req.Value(urlKey{}))
	}
	return &g
}

// Render has the gateway of a session answer.
func (rt *Runtime) Render(req *resource.Request) {
	if rt.init(); rt.failure != nil {
		req.Abort(503)
	}
	req.SetUserValue(urlKey{}, rt.url(req))
	resource.Serve(home{rt.home, rt}, req)
}

// home is the gateway of the default session, and what leads to the others.
type home struct {
	*rpc.Gateway
	rt *Runtime
}

// GetChild returns what leads to the sessions, or what the gateway has.
func (h home) GetChild(name []byte, req *resource.Request) resource.Resource {
	if string(name) == sessionSegment {
		return sessions{space: &h.rt.Space}
	}
	return h.Gateway.GetChild(name, req)
}

// sessions leads to them, and opens none.
type sessions struct{ space *persession.Space }

// IsLeaf returns false.
func (sessions) IsLeaf() bool { return false }

// GetChild returns the gateway of a session.
func (s sessions) GetChild(name []byte, req *resource.Request) resource.Resource {
	return s.space.GetChild(name, req)
}
