package rpc

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// A Registry has the services that gateways serve, in groups: a Gateway serves
// those that have joined its group, and no others. The zero value is empty. It
// must not be copied.
type Registry struct {
	// Parent has the services that this one has not: what all sessions share,
	// where each has a Registry of its own. Default none.
	Parent *Registry

	mu     sync.RWMutex
	groups map[string]map[string]*Service
}

// Add has the service join the groups, or the group "" if none is named. It
// panics if one of them has a service of that name, and if no client could call
// by it. It may be called while gateways serve.
func (r *Registry) Add(s *Service, groups ...string) {
	segments := strings.Split(s.Name, ".")
	for _, segment := range segments {
		if !isName(segment) {
			panic(fmt.Sprintf("rpc: %q is no name for a service", s.Name))
		}
	}
	if _, is := faces[segments[0]]; is || segments[0] == system {
		panic(fmt.Sprintf("rpc: %q: the name has a meaning of its own", s.Name))
	}
	if len(groups) == 0 {
		groups = []string{""}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.groups == nil {
		r.groups = make(map[string]map[string]*Service)
	}
	for _, name := range groups {
		if r.groups[name][s.Name] != nil {
			panic(fmt.Sprintf("rpc: group %q has a service %q", name, s.Name))
		}
	}
	for _, name := range groups {
		if r.groups[name] == nil {
			r.groups[name] = make(map[string]*Service)
		}
		r.groups[name][s.Name] = s
	}
}

// find returns the service of that name in the group, or nil.
func (r *Registry) find(group, name string) *Service {
	for ; r != nil; r = r.Parent {
		r.mu.RLock()
		s := r.groups[group][name]
		r.mu.RUnlock()
		if s != nil {
			return s
		}
	}
	return nil
}

// has reports whether there is a service whose name begins with the module's.
func (r *Registry) has(group, module string) bool {
	for ; r != nil; r = r.Parent {
		if r.hasHere(group, module) {
			return true
		}
	}
	return false
}

func (r *Registry) hasHere(group, module string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for name := range r.groups[group] {
		if within(name, module) {
			return true
		}
	}
	return false
}

// all returns the services of the group whose names begin with the module's, in
// alphabetical order.
func (r *Registry) all(group, module string) []*Service {
	found := make(map[string]*Service)
	for ; r != nil; r = r.Parent {
		r.mu.RLock()
		for name, s := range r.groups[group] {
			if within(name, module) && found[name] == nil {
				found[name] = s
			}
		}
		r.mu.RUnlock()
	}
	return slices.SortedFunc(maps.Values(found), func(a, b *Service) int { return cmp.Compare(a.Name, b.Name) })
}

// within reports whether name is module or below it.
func within(name, module string) bool {
	rest, ok := strings.CutPrefix(name, module)
	return ok && (module == "" || rest == "" || rest[0] == '.')
}
