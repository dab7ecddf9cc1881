// Package sessionmanager has several users share a gateway of package rpc, each in
// a session of their own, as in the runtime of AstroGrid.
//
//	rt := &sessionmanager.Runtime{
//		Gateway: rpc.Gateway{Registry: &shared, Dialect: rpc.AstroGrid},
//		PerSession: func(s *session.Session) []*rpc.Service {
//			return []*rpc.Service{newCommunity(s)}
//		},
//	}
//	s := site.New(rt)
//	s.Managers = rt.Managers()
//
// A program that connects to it finds itself in the default session, which nobody
// has to open and which has no end. By builtin.sessionManager.createNewSession
// it opens another, which findXmlRpcSession and findHttpSession tell the address
// of. Below that is the same gateway once more, with services of PerSession made
// for this session alone.
//
//   - createNewSession(inactivityTimeout) takes minutes, more than 0, and returns an
//     id that nobody can guess. Fewer or more than the Space allows are taken for
//     its limit.
//   - exists(sessionId) does not keep the session alive; a call through its own
//     address does, for as long as it takes.
//   - dispose(sessionId) ends it at once. It is no error if there is none, and the
//     default session, "default", stays.
//   - findXmlRpcSession and findHttpSession return full URLs to be used as they
//     are; with an unknown id they fail with InvalidArgumentException.
package sessionmanager
