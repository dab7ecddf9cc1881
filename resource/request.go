package resource

import (
	"bytes"
	"errors"

	"github.com/spindleweb/spindle/session"
	"github.com/valyala/fasthttp"
)

// A Request is a request on its way through the tree, and its response: a
// fasthttp.RequestCtx with its place in the path and its session. It belongs to
// the goroutine that serves it, and it and its bytes live until Render returns;
// what is kept for longer has to be copied.
type Request struct {
	*fasthttp.RequestCtx

	tree    *Tree
	path    [][]byte // all segments, decoded
	at      int      // how many of them have been walked
	decoded []byte   // what path points into, if it had escapes

	had             // the session, once there is one
	earlier []had   // those before Bind, the last one first to go
	secret  bool    // the URL has something that nobody else is to see
	hijack  *hijack // what Hijack has set
}

// had is a session that the request has, held until its end.
type had struct {
	session *session.Session
	bound   bool // it came by Bind
	fresh   bool // its uid is still to be sent
	forget  bool // the client's is to be cleared
}

// manySegments is more than a path has that anyone wrote by hand; the memory
// of longer ones is not kept.
const manySegments = 64

func (r *Request) reset() {
	path, decoded := r.path[:0], r.decoded[:0]
	if cap(path) > manySegments {
		path, decoded = nil, nil
	}
	*r = Request{path: path, decoded: decoded}
}

// Shift takes the next segment off what is left of the path, and nil if none
// is. A GetChild that reads more than its own segment calls it.
func (r *Request) Shift() []byte {
	if r.at == len(r.path) {
		return nil
	}
	r.at++
	return r.path[r.at-1]
}

// Prepath returns the segments of the path that were walked, decoded.
func (r *Request) Prepath() [][]byte { return r.path[:r.at:r.at] }

// PrepathRaw returns the path as far as it was walked, as it was sent.
func (r *Request) PrepathRaw() []byte {
	raw := r.target()
	end := 0
	for n := 0; end < len(raw); end++ {
		if raw[end] == '/' {
			if n++; n > r.at {
				break
			}
		}
	}
	return raw[:end]
}

// Postpath returns the segments of the path that are left, decoded; after a
// trailing slash the last of them is empty.
func (r *Request) Postpath() [][]byte { return r.path[r.at:] }

// GetSession returns the client's session, a new one if it has none that is
// alive. It counts as activity, and until the request ends the session is not
// idle. The first call may come anywhere before Render returns; a new
// session's uid is sent whatever becomes of the response.
//
// If no session can be made, GetSession does not return: the request is
// answered with 503 where there are too many sessions, the site shuts down or
// the session's Store does not answer, and with 500 where the factory failed.
//
// With a Store, what the request changes in the session is saved before it is
// answered, and if that fails it is answered with 503 in place of its answer.
//
// Where Bind has set the session there is no other, and GetSession returns it
// even when it has ended meanwhile.
func (r *Request) GetSession() *session.Session {
	if s := r.session; s != nil && (r.bound || s.Reason() == session.Alive) {
		return s
	}
	s, isNew, err := r.tree.Sessions.Acquire(r.RequestCtx)
	if err != nil {
		r.Refuse(err)
	}
	r.have(s)
	r.fresh = isNew
	return s
}

// PeekSession returns the client's session, or nil, without touching it. If that
// cannot be told, which is where the session's Store does not answer, it does
// not return: the request is answered with 503.
func (r *Request) PeekSession() *session.Session {
	if s := r.session; s != nil && s.Reason() == session.Alive {
		return s
	}
	if r.bound {
		return nil
	}
	s, err := r.tree.Sessions.Peek(r.RequestCtx)
	if err != nil {
		r.Refuse(err)
	}
	return s
}

// RenewSession is GetSession with a new uid for the session, which belongs to
// every log-in: who knew the old one has no part in the session any more
// (OWASP: session fixation). A session that Bind has set keeps its uid.
func (r *Request) RenewSession() *session.Session {
	s := r.GetSession()
	if r.fresh || r.bound {
		return s
	}
	switch err := r.tree.Sessions.Renew(r.RequestCtx, s); {
	case errors.Is(err, session.ErrEnded):
		if n := r.GetSession(); n != s {
			return n // a new one will do as well
		}
		r.Refuse(session.ErrStore) // it is due, and the Store is being asked
	case err != nil:
		r.Refuse(err) // who logs in must not go on with the old uid
	}
	r.fresh = true
	return s
}

// ExpireSession ends the client's session, if it has one, and has the client
// forget it, which belongs to every log-out. It returns when all that was
// registered with NotifyOnExpire has run.
func (r *Request) ExpireSession() {
	s := r.PeekSession()
	if s == nil {
		return
	}
	if s != r.session {
		s.Hold()
		r.have(s)
	}
	r.forget = !r.bound
	s.Expire()
}

// Bind makes s the session of the request, as if the client had brought its
// uid; nothing is sent to the client. It counts as activity, and until the
// request ends s is not idle, nor is the session that the request had before. For
// resources that know a session by other means, such as a part of the URL. The other
// methods are then about s alone. Bind reports false, and does nothing, if s has
// ended.
func (r *Request) Bind(s *session.Session) bool {
	if !s.Touch() {
		return false
	}
	if r.bound && r.session == s {
		return true
	}
	s.Hold()
	if s.Reason() != session.Alive {
		s.Release()
		return false
	}
	if r.session != nil {
		r.earlier = append(r.earlier, r.had)
	}
	r.had = had{session: s, bound: true}
	return true
}

// Sessions returns the manager of the site's sessions.
func (r *Request) Sessions() *session.Manager { return r.tree.Sessions }

// have makes s, which is held, the session of the request in place of one that has
// ended.
func (r *Request) have(s *session.Session) {
	if r.session != nil {
		r.session.Release()
	}
	r.had = had{session: s}
}

// MediaType returns the type of the body, in lower case and without parameters
// (RFC 9110 8.3.1).
func (r *Request) MediaType() string {
	t, _, _ := bytes.Cut(r.Request.Header.ContentType(), []byte(";"))
	return string(bytes.ToLower(bytes.TrimSpace(t)))
}
