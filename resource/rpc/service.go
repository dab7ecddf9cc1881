package rpc

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/spindleweb/spindle/resource/persession"
)

// A Service is a named set of functions. It is complete before it is added to a
// Registry; nothing of it may be changed afterwards.
type Service struct {
	// Name is what clients call it by, such as "database", or with the names of
	// modules before it, "astrogrid.community".
	Name string

	// Help is a sentence for people who look at the pages. Default none.
	Help string

	// Hook sees every call of the service's functions. Default none.
	Hook Hook

	// Sessions has the sessions that the service opens: their addresses are below
	// the service's own. Default none.
	Sessions *persession.Space

	functions map[string]*Function
}

// A Hook stands between the client and a function: it sees the call, and has it
// made by Call.Invoke, or not. It may return another result or error than Invoke
// has. It runs on the goroutine that the function runs on, which an Abort or a panic
// unwinds: what has to be done after those too it defers.
type Hook func(ctx context.Context, c *Call) (any, error)

// A Function is what a client may call.
type Function struct {
	// Help tells people, and system.methodHelp, what it does. Default "".
	Help string

	name     string
	f        reflect.Value
	context  bool // f takes one first
	params   []param
	required int // the params from here on are optional
	result   reflect.Type
	fails    bool // f returns an error last
}

// param is a parameter. What stands for one that is missing is converted for each
// call anew, as functions may change what they get.
type param struct {
	name     string
	typ      reflect.Type
	fallback string
}

// missing returns what the parameter is if it is left out.
func (p param) missing() (reflect.Value, error) {
	if p.absent() {
		return reflect.Zero(p.typ), nil
	}
	return converter{texts: true, lenient: true}.convert(p.fallback, p.typ)
}

// absent reports whether the parameter is nil if it is left out.
func (p param) absent() bool {
	return p.fallback == "" && (p.typ.Kind() == reflect.Pointer || p.typ.Kind() == reflect.Interface)
}

// standard returns that as a client would have sent it.
func (p param) standard() (any, error) {
	if p.absent() {
		return nil, nil
	}
	if readsItself(p.typ) {
		return p.fallback, nil
	}
	v, err := p.missing()
	if err != nil {
		return nil, err
	}
	return neutral(v.Interface())
}

var (
	contextType = reflect.TypeFor[context.Context]()
	errorType   = reflect.TypeFor[error]()
)

// Export has clients call f by the name. f is a function or a method value; it
// may take a context first, which is done when the call returns or the session that
// it is for ends, and returns nothing, a result, an error, or both.
//
// The params are the names of its parameters, for faces that call by name and for
// people. One with a default, such as "timeout=60", may be left out, if those
// after it may; a pointer or an any is nil then by a default of "", as in "since=".
// What f takes and returns are booleans, numbers, strings, time.Time, []byte, what
// reads and writes itself as text, and slices, maps with strings as keys, structs
// that embed none (their fields by their json names, omitempty counting for
// nothing) and pointers of these, nil being what is not there.
//
// Calls come on many goroutines at once, also those for one session.
//
// Export panics if f is none, or what is said of it is wrong.
func (s *Service) Export(name string, f any, params ...string) *Function {
	fn := &Function{name: name, f: reflect.ValueOf(f)}
	fail := func(format string, args ...any) {
		panic(fmt.Sprintf("rpc: exporting %s.%s: %s", s.Name, name, fmt.Sprintf(format, args...)))
	}
	if !isName(name) {
		fail("a name has letters, digits and underscores")
	}
	if s.functions[name] != nil {
		fail("there is one of that name")
	}
	if fn.f.Kind() != reflect.Func || fn.f.IsNil() {
		fail("%T is no function", f)
	}
	t := fn.f.Type()
	if t.IsVariadic() {
		fail("it takes any number of parameters; have it take a slice")
	}
	first := 0
	if t.NumIn() > 0 && t.In(0) == contextType {
		fn.context, first = true, 1
	}
	if n := t.NumIn() - first; n != len(params) {
		fail("it has %d parameters, and %d names are given", n, len(params))
	}
	for i, text := range params {
		p := param{typ: t.In(first + i)}
		name, fallback, optional := strings.Cut(text, "=")
		if p.name = name; !isName(name) {
			fail("%q is no name for a parameter", name)
		}
		if fn.hasParam(name) {
			fail("there are two parameters %s", name)
		}
		if err := supported(p.typ); err != nil {
			fail("parameter %s: %v", name, err)
		}
		switch {
		case optional:
			p.fallback = fallback
			_, err := p.missing()
			if err == nil {
				_, err = p.standard()
			}
			if err != nil {
				fail("parameter %s: its default: %v", name, err)
			}
		case fn.required < i:
			fail("parameter %s has no default, but one before it has", name)
		default:
			fn.required++
		}
		fn.params = append(fn.params, p)
	}
	for o := range t.Outs() {
		if o != errorType && o.Implements(errorType) {
			fail("%v is an error, and as a result it would be none; have it return error", o)
		}
	}
	out := t.NumOut()
	if out > 0 && t.Out(out-1) == errorType {
		fn.fails = true
		out--
	}
	switch out {
	case 0:
	case 1:
		fn.result = t.Out(0)
		if err := supported(fn.result); err != nil {
			fail("its result: %v", err)
		}
	default:
		fail("it returns more than a result and an error")
	}
	if s.functions == nil {
		s.functions = make(map[string]*Function)
	}
	s.functions[name] = fn
	return fn
}

// names returns those of the functions, in alphabetical order.
func (s *Service) names() []string { return slices.Sorted(maps.Keys(s.functions)) }

// isName reports whether text can be the name of a function, and a segment of a
// URL.
func isName(text string) bool {
	for _, c := range []byte(text) {
		if c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return text != ""
}
