package rpc

import (
	"bytes"
	"context"
	"log/slog"
	"strings"

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

	// Session is that which all calls are for, where the gateway is what a
	// session's address leads to. A call that is under way when it ends has its
	// context end and, if it goes on nevertheless, is answered after a second: the
	// service went away. Default none.
	Session *session.Session

	// Context returns what the contexts of the request's calls have as their
	// parent. It runs on the goroutine of the request; the context must not be
	// the request's. Default context.Background.
	Context func(req *resource.Request) context.Context

	// MaxDepth, MaxValues and MaxSize are how deeply the parameters of a request
	// may be nested, how many values and how many bytes it may have. Default 64,
	// 65,536 and 1 MiB.
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
	if f, ok := faces[string(name)]; ok {
		return &face{place: place{g: g}, only: f}
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

// place is where in a gateway a request is: at a module or a service.
type place struct {
	g    *Gateway
	name string // "" is the gateway itself
}

// IsLeaf returns false.
func (p place) IsLeaf() bool { return false }

// GetChild returns the function, the module or service, or the session of that
// name.
func (p place) GetChild(name []byte, req *resource.Request) resource.Resource {
	if len(name) == 0 {
		return nil
	}
	s := p.g.service(p.name, place{g: p.g}, inJSONRPC{p.g})
	if s != nil && s.functions[string(name)] != nil {
		return &functionPage{g: p.g, s: s, f: s.functions[string(name)]}
	}
	full := string(name)
	if p.name != "" {
		full = p.name + "." + full
	}
	// What is no name at all may have a dot in it.
	if isName(string(name)) && (full == system || len(p.g.Registry.all(p.g.Group, full)) > 0) {
		return place{p.g, full}
	}
	if s != nil && s.Sessions != nil {
		return s.Sessions.GetChild(name, req)
	}
	return nil
}

// RenderPOST makes a call in the language that the Content-Type says.
func (p place) RenderPOST(req *resource.Request) { (&face{place: p}).RenderPOST(req) }

// service returns the service of that name, or nil; system as it is at the place.
func (g *Gateway) service(name string, p place, l language) *Service {
	if name == system {
		return g.system(p, l)
	}
	return g.Registry.find(g.Group, name)
}

// call makes a call of a function by its name. Where the place is a service, the
// name is that of one of its functions.
func (p place) call(ctx context.Context, l language, method string, params []any, named map[string]any) (any, *Fault) {
	s, f := p.find(method, l)
	if f == nil {
		return nil, newFault(ofMethod, "There is no %.80q.", method)
	}
	return p.g.callFunction(ctx, s, f, l.converter(), params, named)
}

// find returns the service and the function of that name, or nil.
func (p place) find(method string, l language) (*Service, *Function) {
	service, name := p.name, method
	if dot := strings.LastIndexByte(method, '.'); dot >= 0 && (p.name == "" || method[:dot] == system) {
		service, name = method[:dot], method[dot+1:]
	}
	s := p.g.service(service, p, l)
	if s == nil {
		return nil, nil
	}
	return s, s.functions[name]
}

// callFunction makes a call. The parameters are given in order, or by their names.
func (g *Gateway) callFunction(ctx context.Context, s *Service, f *Function, as converter, params []any, named map[string]any) (any, *Fault) {
	c := &Call{Service: s.Name, Method: f.name, Params: params, Session: g.Session, f: f, as: as}
	if named != nil {
		c.Params, c.wrong = f.inOrder(named)
	}
	for _, h := range []Hook{g.Hook, s.Hook} {
		if h != nil {
			c.hooks = append(c.hooks, h)
		}
	}
	return g.do(ctx, c)
}

// inOrder returns parameters that are given by name as the function takes them.
func (f *Function) inOrder(named map[string]any) ([]any, *Fault) {
	var params []any
	known, left := 0, 0
	for i, p := range f.params {
		v, ok := named[p.name]
		switch {
		case ok:
			known++
			for ; left > 0; left-- {
				params = append(params, missing{})
			}
			params = append(params, v)
		case i < f.required:
			return nil, newFault(ofParams, "There is no parameter %q.", p.name)
		default:
			left++
		}
	}
	if known == len(named) {
		return params, nil
	}
	for name := range named {
		if !f.hasParam(name) {
			return nil, newFault(ofParams, "There is a parameter %.40q, which is not known.", name)
		}
	}
	return params, nil
}

func (f *Function) hasParam(name string) bool {
	for _, p := range f.params {
		if p.name == name {
			return true
		}
	}
	return false
}

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

func (g *Gateway) limits() limits {
	return limits{depth: orDefault(g.MaxDepth, 64), values: orDefault(g.MaxValues, 1<<16)}
}

func (g *Gateway) maxSize() int { return orDefault(g.MaxSize, 1<<20) }

// mediaType returns the type of the body, in lower case and without parameters.
func mediaType(req *resource.Request) string {
	t, _, _ := bytes.Cut(req.Request.Header.ContentType(), []byte(";"))
	return string(bytes.ToLower(bytes.TrimSpace(t)))
}
