package rpc

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
)

// mostCalls is how many calls a request may make: a few bytes may ask for one
// whose result is many.
const mostCalls = 1000

// caller makes the calls of a request that has come to a place and speaks a
// language.
type caller struct {
	place
	language
	limits limits
	made   *atomic.Int32 // calls
	system func() *Service
}

func newCaller(p place, l language) *caller {
	c := &caller{place: p, language: l, limits: p.g.limits(), made: new(atomic.Int32)}
	c.system = sync.OnceValue(func() *Service {
		asks := c
		if p.name == system { // there it tells of the whole gateway
			asks = newCaller(place{g: p.g}, l)
			asks.limits, asks.made = c.limits, c.made
		}
		return newSystem(asks)
	})
	return c
}

// call makes a call of a function by its name, with parameters in order or, if
// they are not nil, those by name.
func (c *caller) call(ctx context.Context, method string, params []any, named map[string]any) (any, *Fault) {
	if c.made.Add(1) > mostCalls {
		return nil, newFault(ofRequest, "A request may make %d calls.", mostCalls)
	}
	s, f := c.find(method)
	if f == nil {
		return nil, newFault(ofMethod, "There is no %.80q.", method)
	}
	return c.g.callFunction(ctx, s, f, c.converter(), params, named)
}

// find returns the service and the function of that name, or nil. At a service the
// name is that of one of its functions.
func (c *caller) find(method string) (*Service, *Function) {
	service, name := c.name, method
	if dot := strings.LastIndexByte(method, '.'); dot >= 0 && (c.name == "" || method[:dot] == system) {
		service, name = method[:dot], method[dot+1:]
	}
	s := c.service(service)
	if s == nil {
		return nil, nil
	}
	return s, s.functions[name]
}

// service returns the service of that name, or nil.
func (c *caller) service(name string) *Service {
	if name == system {
		return c.system()
	}
	return c.g.Registry.find(c.g.Group, name)
}

// callFunction makes a call.
func (g *Gateway) callFunction(ctx context.Context, s *Service, f *Function, as converter, params []any, named map[string]any) (any, *Fault) {
	c := &Call{Service: s.Name, Method: f.name, Params: params, Session: g.Session, f: f, as: as}
	if named != nil {
		c.Params, c.wrong = f.inOrder(named)
	}
	for _, h := range []Hook{g.Hook, s.Hook} {
		if h != nil {
			c.hooks, c.hooked = append(c.hooks, h), true
		}
	}
	return g.do(ctx, c)
}

// inOrder returns parameters that are given by name as the function takes them.
func (f *Function) inOrder(named map[string]any) ([]any, *Fault) {
	var params []any
	known := 0
	for i, p := range f.params {
		v, ok := named[p.name]
		switch {
		case ok:
			known++
			for _, before := range f.params[len(params):i] {
				standard, _ := before.standard() // it could when it was exported
				params = append(params, standard)
			}
			params = append(params, v)
		case i < f.required:
			return nil, newFault(ofParams, "There is no parameter %q.", p.name)
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
