package rpc

import (
	"context"
	"slices"
)

// system is the service by which clients learn what there is.
const system = "system"

// system returns that service as it is at a place, speaking that language.
func (g *Gateway) system(p place, l language) *Service {
	s := &Service{Name: system}
	find := func(method string) *Function {
		_, f := p.find(method, l)
		if f == nil {
			panic(newFault(ofMethod, "There is no %.80q.", method))
		}
		return f
	}
	s.Export("listMethods", func() []string { return p.methods(s) }).
		Help = "Returns the names of all functions that can be called here."
	s.Export("methodHelp", func(name string) string { return find(name).Help }, "name").
		Help = "Returns a sentence on the function."
	s.Export("methodSignature", func(name string) [][]string { return find(name).signatures() }, "name").
		Help = "Returns, for each way to call the function, the type of its result and those of its parameters."
	s.Export("multicall", func(ctx context.Context, calls []map[string]any) []any {
		results := make([]any, len(calls))
		for i, c := range calls {
			v, f := p.one(ctx, l, c)
			if f == nil {
				results[i] = []any{l.result(v)}
				continue
			}
			code, text := l.fault(f)
			results[i] = map[string]any{"faultCode": code, "faultString": text}
		}
		return results
	}, "calls").
		Help = "Makes several calls, structs with methodName and params, and returns an array with each result in an array, or a fault."
	return s
}

// one makes a call of a multicall.
func (p place) one(ctx context.Context, l language, c map[string]any) (any, *Fault) {
	method, ok := c["methodName"].(string)
	params, list := c["params"].([]any)
	switch {
	case !ok:
		return nil, newFault(ofParams, "A call has a methodName, which is a string.")
	case !list && c["params"] != nil:
		return nil, newFault(ofParams, "The params of a call are an array.")
	case method == system+".multicall":
		return nil, newFault(ofParams, "A multicall cannot be part of another.")
	}
	return p.call(ctx, l, method, params, nil)
}

// methods lists what can be called at the place.
func (p place) methods(s *Service) []string {
	var names []string
	for _, s := range append(p.g.Registry.all(p.g.Group, p.name), s) {
		for name := range s.functions {
			switch {
			case s.Name == system || p.name == "":
				name = s.Name + "." + name
			case s.Name != p.name:
				continue
			}
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// signatures returns one for each number of parameters that f can be called
// with.
func (f *Function) signatures() [][]string {
	one := []string{"string"} // OK, or nothing
	if f.result != nil {
		one[0] = typeName(f.result)
	}
	for _, p := range f.params[:f.required] {
		one = append(one, typeName(p.typ))
	}
	all := [][]string{slices.Clone(one)}
	for _, p := range f.params[f.required:] {
		one = append(one, typeName(p.typ))
		all = append(all, slices.Clone(one))
	}
	return all
}
