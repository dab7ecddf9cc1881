package rpc

import (
	"context"
	"slices"
)

// system is the service by which clients learn what there is.
const system = "system"

// newSystem returns that service as it is for a caller.
func newSystem(c *caller) *Service {
	s := &Service{Name: system}
	find := func(method string) *Function {
		_, f := c.find(method)
		if f == nil {
			panic(newFault(ofMethod, "There is no %.80q.", method))
		}
		return f
	}
	s.Export("listMethods", func() []string { return c.methods(s) }).
		Help = "Returns the names of all functions that can be called here."
	s.Export("methodHelp", func(name string) string { return find(name).Help }, "name").
		Help = "Returns a sentence on the function."
	s.Export("methodSignature", func(name string) [][]string { return find(name).signatures() }, "name").
		Help = "Returns, for each way to call the function, the type of its result and those of its parameters."
	s.Export("multicall", c.multicall, "calls").
		Help = "Makes several calls, structs with methodName and params, and returns an array with each result in an array, or a fault."
	return s
}

// multicall makes several calls; what one comes to says nothing of the others.
func (c *caller) multicall(ctx context.Context, calls []any) []any {
	results := make([]any, len(calls))
	for i, one := range calls {
		v, f := c.one(ctx, one)
		if f == nil {
			v = c.result(v)
			if err := c.writes([]any{[]any{v}}); err != nil { // where it will be
				f = newFault(ofResponse, "%v.", err)
			}
		}
		if f == nil {
			results[i] = []any{v}
			continue
		}
		code, text := c.fault(f)
		results[i] = map[string]any{"faultCode": code, "faultString": text}
	}
	return results
}

// one makes a call of a multicall.
func (c *caller) one(ctx context.Context, call any) (any, *Fault) {
	members, is := call.(map[string]any)
	method, named := members["methodName"].(string)
	params, list := members["params"].([]any)
	switch {
	case !is || !named:
		return nil, newFault(ofParams, "A call is a struct with a methodName, which is a string.")
	case !list && members["params"] != nil:
		return nil, newFault(ofParams, "The params of a call are an array.")
	}
	if _, f := c.find(method); f != nil && f == c.system().functions["multicall"] {
		return nil, newFault(ofParams, "A multicall cannot be part of another.")
	}
	return c.call(ctx, method, params, nil)
}

// methods lists what can be called at the place.
func (c *caller) methods(s *Service) []string {
	var names []string
	for _, s := range append(c.g.Registry.all(c.g.Group, c.name), s) {
		for name := range s.functions {
			switch {
			case s.Name == system || c.name == "":
				name = s.Name + "." + name
			case s.Name != c.name:
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
