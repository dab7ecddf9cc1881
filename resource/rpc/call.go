package rpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"runtime/debug"
	"time"

	"github.com/spindleweb/spindle/session"
)

// A Call is a call of a function on its way.
type Call struct {
	// Service and Method name the function. To change them changes nothing.
	Service, Method string

	// Params are the parameters as they came: nil, bool, int64, float64, string,
	// time.Time, []byte, []any or map[string]any; strings, where the client sent
	// text. A Hook may change them, to whatever a function could return. There are
	// none if they were given by names that are wrong.
	Params []any

	// Session is that which the call is for, nil if for none.
	Session *session.Session

	f      *Function
	hooks  []Hook // that have yet to see it
	hooked bool   // there are such, or were
	as     converter
	wrong  *Fault // with the names of the parameters
}

// Invoke makes the call. The error is that of the function, or a *Fault that
// says what is wrong with the parameters.
func (c *Call) Invoke(ctx context.Context) (any, error) {
	if left := c.hooks; len(left) > 0 {
		c.hooks = left[1:]
		defer func() { c.hooks = left }() // it may be made once more
		return left[0](ctx, c)
	}
	if c.wrong != nil {
		return nil, c.wrong
	}
	f := c.f
	if n := len(c.Params); n < f.required || n > len(f.params) {
		want := fmt.Sprint(len(f.params))
		if f.required < len(f.params) {
			want = fmt.Sprintf("%d to %d", f.required, len(f.params))
		}
		return nil, newFault(ofParams, "Expected %s arguments, received %d.", want, n)
	}
	var in []reflect.Value
	if f.context {
		in = append(in, reflect.ValueOf(ctx))
	}
	for i, p := range f.params {
		var v reflect.Value
		var err error
		if i < len(c.Params) {
			v, err = c.param(i)
		} else {
			v, err = p.missing()
		}
		if err != nil {
			return nil, newFault(ofParams, "Parameter %d (%s): %v.", i+1, p.name, err)
		}
		in = append(in, v)
	}
	out := f.f.Call(in)
	if f.fails {
		if err, _ := out[len(out)-1].Interface().(error); err != nil {
			return nil, err
		}
	}
	if f.result == nil {
		return nil, nil
	}
	return out[0].Interface(), nil
}

// param returns the i-th parameter as the function takes it.
func (c *Call) param(i int) (reflect.Value, error) {
	given := c.Params[i]
	if c.hooked {
		var err error
		if given, err = neutral(given); err != nil {
			return reflect.Value{}, err
		}
	}
	return c.as.convert(given, c.f.params[i].typ)
}

// void stands for the result of a function that has none.
type void struct{}

// grace is how long a call may still take when its session has ended: it has been
// told by its context, and may be what ended the session.
const grace = time.Second

// do makes a call, and its result one of what can be encoded. The call of a
// session runs on a goroutine of its own, so that it is answered when the session
// ends even if it goes on.
func (g *Gateway) do(ctx context.Context, c *Call) (any, *Fault) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if g.Session == nil {
		return g.attempt(ctx, c)
	}
	over := g.Session.Context()
	if over.Err() != nil {
		return nil, away()
	}
	if c.Service == system && !c.hooked { // which waits for nothing but calls that come here too
		return g.attempt(ctx, c)
	}
	late := make(chan struct{})
	defer context.AfterFunc(over, func() {
		cancel(session.ErrEnded)
		time.AfterFunc(grace, func() { close(late) })
	})()
	type outcome struct {
		v any
		f *Fault
	}
	done := make(chan outcome, 1)
	go func() {
		o := outcome{f: newFault(ofPanic, "The function did not return.")}
		defer func() { done <- o }()
		o.v, o.f = g.attempt(ctx, c)
	}()
	select {
	case o := <-done:
		if o.f != nil && over.Err() != nil {
			return nil, away() // whatever it has found amiss comes of that
		}
		return o.v, o.f
	case <-late:
		return nil, away()
	}
}

// attempt has the hooks and the function do their work, and makes a Fault of
// whatever goes wrong.
func (g *Gateway) attempt(ctx context.Context, c *Call) (v any, f *Fault) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if aborted, ok := p.(*Fault); ok && aborted != nil {
			v, f = nil, aborted
			return
		}
		g.report("rpc: a call panicked", "service", c.Service, "method", c.Method, "panic", describe(p), "stack", string(debug.Stack()))
		v, f = nil, newFault(ofPanic, "The function failed.")
	}()
	v, err := c.Invoke(ctx)
	if err != nil {
		return nil, c.faultOf(err)
	}
	if v == nil && c.f.result == nil {
		return void{}, nil
	}
	if v, err = neutral(v); err != nil {
		return nil, newFault(ofResponse, "%v.", err)
	}
	return v, nil
}

// faultOf returns what the client is told of an error.
func (c *Call) faultOf(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) && f != nil {
		return f
	}
	f = &Fault{Origin: c.Service, Description: err.Error()}
	if errors.Is(err, session.ErrFull) || errors.Is(err, session.ErrClosed) || errors.Is(err, session.ErrStore) {
		f.kind = ofCrowd
	}
	return f
}

func (g *Gateway) report(msg string, args ...any) {
	defer func() { _ = recover() }() // the logger is the user's
	log := g.Log
	if log == nil {
		log = slog.Default()
	}
	log.Error(msg, args...)
}

// describe puts a panic's value into words, whatever its own methods do.
func describe(p any) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("%T", p)
		}
	}()
	return fmt.Sprint(p)
}
