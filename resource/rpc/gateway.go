package rpc

import (
	"context"
	"log/slog"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/guard"
	"github.com/spindleweb/spindle/session"
)

// A Gateway is the resource by which clients call services. Below its own URL,
//
//   - POST, XML-RPC or JSON-RPC by its Content-Type, calls "service.function";
//     so do xmlrpc (RPC2, which some clients take without being told) and
//     jsonrpc, which know nothing else;
//   - POST to service, where a service named a.b is at a/b, calls "function";
//   - GET and POST of service/function/plain and of service/function/html call it
//     with the parameters of the query or form;
//   - GET of all others shows what there is, and forms to try it;
//   - service/ID leads to a session; see Service.Sessions.
//
// A Gateway may be copied, to serve each session with one of its own, but its
// fields not be changed once it serves.
type Gateway struct {
	// Registry has the services, of which those in the Group are served.
	Registry *Registry

	// Group is what services have to have joined. Default "", that of the services
	// that were added to none.
	Group string

	// Dialect is how faults are told of. Default OSE.
	Dialect Dialect

	// I8 and Nil have XML-RPC read and write integers of 64 bits and nil, for
	// clients that know these extensions. Default false.
	I8, Nil bool

	// Hook sees every call before the service's own does. Default none.
	Hook Hook

	// Session is the session that all calls belong to, where the gateway is what its
	// address leads to. A call that is under way when it ends has its
	// context end and, if it goes on nevertheless, is answered after a second: the
	// service went away. Default none.
	Session *session.Session

	// Context returns what the contexts of the request's calls have as their
	// parent. It runs on the goroutine of the request; the context must not be
	// the request's. Default context.Background.
	Context func(req *resource.Request) context.Context

	// MaxDepth, MaxValues and MaxSize are how deeply the parameters of a request
	// may be nested, how many values and how many bytes it may have; the server has
	// a limit of its own for bytes, MaxRequestBodySize. Default 64, 65,536 and 1 MiB.
	MaxDepth, MaxValues, MaxSize int

	// Log hears of panics in functions. Default slog.Default.
	Log *slog.Logger
}

var _ interface {
	resource.Resource
	resource.Getter
	resource.Poster
} = (*Gateway)(nil)

// IsLeaf returns false.
func (g *Gateway) IsLeaf() bool { return false }

// GetChild returns a face, a module or a service.
func (g *Gateway) GetChild(name []byte, req *resource.Request) resource.Resource {
	if lang, ok := faces[string(name)]; ok {
		return &face{at: place{g: g}, only: lang}
	}
	return place{g: g}.GetChild(name, req)
}

// At returns what is at the place of the service, to have it elsewhere in the tree:
// there "function" is called, as at a session's address that has one service.
func (g *Gateway) At(service string) resource.Resource { return place{g, service} }

// RenderGET shows the services.
func (g *Gateway) RenderGET(req *resource.Request) { place{g: g}.RenderGET(req) }

// RenderPOST makes a call.
func (g *Gateway) RenderPOST(req *resource.Request) { place{g: g}.RenderPOST(req) }

// context is what the calls of a request have.
func (g *Gateway) context(req *resource.Request) context.Context {
	ctx := context.Background()
	if g.Context != nil {
		ctx = g.Context(req)
	}
	if user := guard.User(req); user != "" {
		ctx = guard.WithUser(ctx, user)
	}
	return ctx
}

func orDefault(n, otherwise int) int {
	if n > 0 {
		return n
	}
	return otherwise
}

// The defaults of the limits.
const (
	mostDepth  = 64
	mostValues = 1 << 16
	mostBytes  = 1 << 20
)

func (g *Gateway) limits() limits {
	return newLimits(orDefault(g.MaxDepth, mostDepth), orDefault(g.MaxValues, mostValues))
}
