package rpc

import "github.com/spindleweb/spindle/resource"

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
	s := p.service()
	var f *functionPage
	if s != nil && s.functions[string(name)] != nil {
		f = &functionPage{g: p.g, s: s, f: s.functions[string(name)]}
	}
	full := string(name)
	if p.name != "" {
		full = p.name + "." + full
	}
	// What is no name at all may have a dot in it.
	isPlace := isName(string(name)) && (full == system || p.g.Registry.has(p.g.Group, full))
	switch {
	case isPlace && f != nil:
		return functionAndPlace{f, place{p.g, full}}
	case isPlace:
		return place{p.g, full}
	case f != nil:
		return f
	}
	if s != nil && s.Sessions != nil {
		return s.Sessions.GetChild(name, req)
	}
	if rest := req.Postpath(); len(rest) > 0 && string(rest[0]) == "plain" {
		return noFunction{g: p.g, name: full}
	}
	return nil
}

// noFunction answers a program that calls what there is not.
type noFunction struct {
	resource.Leaf
	g    *Gateway
	name string
}

// Render tells it so in the words of the dialect.
func (n noFunction) Render(req *resource.Request) {
	req.SecretQuery()
	answerPlain(req, n.g.refusal(req, newFault(ofMethod, "There is no %.80q.", n.name)))
}

// RenderPOST makes calls in the language that the Content-Type says.
func (p place) RenderPOST(req *resource.Request) { (&face{at: p}).RenderPOST(req) }

// functionAndPlace is a function named as a part of a service's name.
type functionAndPlace struct {
	*functionPage
	at place
}

// GetChild returns what calls the function, or else what is at the place.
func (b functionAndPlace) GetChild(name []byte, req *resource.Request) resource.Resource {
	if child := b.functionPage.GetChild(name, req); child != nil {
		return child
	}
	return b.at.GetChild(name, req)
}

// RenderPOST makes calls, as at the place.
func (b functionAndPlace) RenderPOST(req *resource.Request) { b.at.RenderPOST(req) }

// service returns the service at the place, or nil.
func (p place) service() *Service {
	if p.name == system {
		return newCaller(place{g: p.g}, newXML(p.g)).service(system)
	}
	return p.g.Registry.find(p.g.Group, p.name)
}
