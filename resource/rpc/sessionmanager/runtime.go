package sessionmanager

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/persession"
	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/spindleweb/spindle/session"
)

// A Runtime is the resource that serves the default session at its own URL, and
// all others below session/, so that a service of the name session has no URL there.
// The fields must not be changed, nor the Runtime be copied, after its first use.
type Runtime struct {
	resource.Leaf

	// Gateway is what each session's is a copy of. Its Registry has the services
	// that all share, with one state for all.
	Gateway rpc.Gateway

	// PerSession returns services for s alone, whose calls may come at once. It is
	// called for the default session and for each new one. What they hold is
	// released by s.Own or s.NotifyOnExpire. Default none.
	PerSession func(s *session.Session) []*rpc.Service

	// Space keeps the sessions but for the default one. It has the limits of their
	// timeouts, and Sessions.Limit that of their number; its New and URL are of no
	// use, nor is a Store, since the services live here.
	Space persession.Space

	// URL is the Runtime's own as clients see it, for where a proxy changes it.
	// Default the address that the request came to, and its path: never the Host
	// that the client names.
	URL string

	// Single has createNewSession fail with NotApplicableException. Default false.
	Single bool

	// Allow returns an error if the caller may not open a session, with which
	// createNewSession fails as a SecurityException. The context is that of the
	// call; see guard.User. Default everybody may.
	Allow func(ctx context.Context) error

	wired    sync.Once
	defaults session.Manager // of the default session alone, whose id so leads nowhere
	shared   rpc.Registry
	making   sync.Mutex
	home     atomic.Pointer[rpc.Gateway] // of the default session
}

var _ resource.Renderer = (*Runtime)(nil)

// Managers returns the managers of the sessions, for Site.Managers. It reads the
// fields: set them before.
func (rt *Runtime) Managers() []*session.Manager {
	rt.wired.Do(func() {
		rt.defaults.Clock, rt.defaults.Log = rt.Space.Sessions.Clock, rt.Space.Sessions.Log
		rt.defaults.Factory = session.Lasting(session.Never)
		rt.shared.Parent = rt.Gateway.Registry
		rt.shared.Add(rt.service(), rt.Gateway.Group)
		rt.Space.New = func(_ context.Context, s *session.Session) (resource.Resource, error) {
			return rt.gateway(s), nil
		}
	})
	return []*session.Manager{&rt.Space.Sessions, &rt.defaults}
}

// init returns the gateway of the default session, which the first request makes,
// and the next where that has failed.
func (rt *Runtime) init() (*rpc.Gateway, error) {
	if g := rt.home.Load(); g != nil {
		return g, nil
	}
	rt.making.Lock()
	defer rt.making.Unlock()
	if g := rt.home.Load(); g != nil {
		return g, nil
	}
	rt.Managers()
	s, err := rt.defaults.Create(nil)
	if err != nil {
		return nil, err
	}
	defer func() {
		if rt.home.Load() == nil { // PerSession has panicked
			s.Expire()
		}
	}()
	rt.home.Store(rt.gateway(s))
	return rt.home.Load(), nil
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
	g, err := rt.init()
	if err != nil {
		req.Refuse(err)
	}
	req.SetUserValue(urlKey{}, rt.url(req))
	resource.Serve(home{g, rt}, req)
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
