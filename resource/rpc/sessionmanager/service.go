package sessionmanager

import (
	"context"
	"time"

	"github.com/spindleweb/spindle/resource/persession"
	"github.com/spindleweb/spindle/resource/rpc"
)

// defaultID is what the default session is called by; its address is no secret.
const defaultID = "default"

// service is AstroGrid's session manager.
func (rt *Runtime) service() *rpc.Service {
	s := &rpc.Service{Name: "builtin.sessionManager", Help: "Creates and manages sessions."}
	s.Export("createNewSession", rt.createNewSession, "inactivityTimeout").
		Help = "Creates a session that ends after so many minutes without a call, and returns its id."
	s.Export("exists", rt.exists, "sessionId").
		Help = "Tells whether there is such a session, without keeping it alive."
	s.Export("dispose", rt.dispose, "sessionId").
		Help = "Ends a session, unless it is the default one."
	s.Export("findXmlRpcSession", rt.find("/xmlrpc"), "sessionId").
		Help = "Returns the URL to which an XML-RPC client of the session connects."
	s.Export("findHttpSession", rt.find("/"), "sessionId").
		Help = "Returns the URL that functions are called below by plain HTTP in the session."
	return s
}

func fault(name, description string) *rpc.Fault {
	return &rpc.Fault{Name: name, Origin: "sessionManager", Description: description}
}

func (rt *Runtime) createNewSession(ctx context.Context, minutes float64) (string, error) {
	if rt.Single {
		return "", fault("NotApplicableException", "there is one session only")
	}
	if rt.Allow != nil {
		if err := rt.Allow(ctx); err != nil {
			return "", fault("SecurityException", err.Error())
		}
	}
	timeout, err := persession.Span(minutes, time.Minute)
	if err != nil {
		return "", fault("InvalidArgumentException", "the timeout is a number of minutes, above 0")
	}
	s, err := rt.Space.Open(ctx, timeout)
	if err != nil {
		return "", err
	}
	return s.UID(), nil
}

func (rt *Runtime) exists(ctx context.Context, id string) (bool, error) {
	if id == defaultID {
		return true, nil
	}
	return rt.Space.Sessions.Exists(ctx, id)
}

func (rt *Runtime) dispose(ctx context.Context, id string) error {
	if id == defaultID {
		return nil
	}
	s, err := rt.Space.Sessions.Get(ctx, id)
	if s != nil {
		s.Expire()
	}
	return err
}

// find returns a function for the URL of a session, with that at its end.
func (rt *Runtime) find(end string) func(ctx context.Context, id string) (string, error) {
	return func(ctx context.Context, id string) (string, error) {
		url, _ := ctx.Value(urlKey{}).(string)
		if id == defaultID {
			return url + end[1:], nil
		}
		is, err := rt.exists(ctx, id)
		if err == nil && !is {
			err = fault("InvalidArgumentException", "there is no such session")
		}
		return url + sessionSegment + "/" + id + end, err
	}
}
