package persession

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
)

// A Space is the resource below which its sessions have their addresses. POST
// opens one; a program does so with Open. To have another method open sessions,
// or none, embed *Space in a type with a RenderPOST of its own.
//
// The fields must not be changed, nor the Space be copied, after its first use.
type Space struct {
	// New makes the resource for all that comes to the address of s or below. It
	// is called when the session is opened, on the goroutine that opens it, before
	// anyone knows the address. An error ends the session, and Open returns it; a
	// POST is answered with 500 then. With a Store it is also called when a process
	// first has the session, and again with the next request after an error; what an
	// earlier try has had s own stays until the end. ctx is that of Open or the
	// request, not to be kept: s.Context is for what lasts. Requests for one session
	// may come at once, and the resource serves them so.
	New func(ctx context.Context, s *session.Session) (resource.Resource, error)

	// Sessions keeps the sessions. Set its fields before the first use: Factory
	// for the timeout of those who choose none, Limit, Log and so on. Its Carrier
	// is of no use. Add it to the Managers of the site, or call its Close, so that
	// all is released at a shutdown.
	Sessions session.Manager

	// MinTimeout and MaxTimeout are the limits of the timeout that a client may
	// choose; one beyond is taken for the limit, as with the leases of WebDAV (RFC
	// 4918 10.7), and the answer tells. Default a second and a day.
	MinTimeout, MaxTimeout time.Duration

	// Gone is the status for an address that leads to no session: 404, 403 or
	// 410. Default 404.
	Gone int

	// URL is the address of the Space as clients see it, without a slash at the
	// end, for where a proxy changes it. Default the path of the request.
	URL string

	resources sync.Map // *session.Session to *made
}

var (
	_ resource.Resource = (*Space)(nil)
	_ resource.Poster   = (*Space)(nil)
)

// made is what New has returned for a session.
type made struct {
	mu  sync.Mutex
	res resource.Resource // nil until New has returned one
}

// Open opens a session with the timeout, within the limits, or that of the Factory
// if it is 0. The errors are those of session.Manager.Create, of New, and of saving
// the session if there is a Store, and session.ErrEnded if it has ended meanwhile.
func (sp *Space) Open(ctx context.Context, timeout time.Duration) (*session.Session, error) {
	s, err := sp.Sessions.CreateHeld(nil) // New may take its time
	if err != nil {
		return nil, err
	}
	defer s.Release()
	if timeout > 0 {
		s.SetTimeout(sp.limited(timeout))
	}
	if _, err = sp.resource(ctx, s); err == nil {
		err = sp.Sessions.Save(nil, s)
	}
	if err == nil && s.Reason() != session.Alive {
		err = session.ErrEnded // by its lifetime, or a shutdown
	}
	if err != nil {
		s.Expire()
		return nil, err
	}
	return s, nil
}

func (sp *Space) limited(timeout time.Duration) time.Duration {
	least, most := sp.MinTimeout, sp.MaxTimeout
	if least <= 0 {
		least = time.Second
	}
	if most <= 0 {
		most = 24 * time.Hour
	}
	return min(max(timeout, least), most)
}

// resource returns what New has made for s, and has it made first if need be.
func (sp *Space) resource(ctx context.Context, s *session.Session) (resource.Resource, error) {
	v, known := sp.resources.Load(s)
	if !known {
		if v, known = sp.resources.LoadOrStore(s, new(made)); !known {
			s.NotifyOnExpire(func() { sp.resources.Delete(s) })
		}
	}
	m := v.(*made)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.res == nil {
		if s.Reason() != session.Alive {
			return nil, session.ErrEnded // and what there was has gone with it
		}
		res, err := sp.make(ctx, s)
		if err != nil {
			return nil, err
		}
		m.res = res
	}
	return m.res, nil
}

// make calls New.
func (sp *Space) make(ctx context.Context, s *session.Session) (res resource.Resource, err error) {
	defer func() {
		if v := recover(); v != nil {
			sp.report("persession: New panicked", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			res, err = nil, errors.New("persession: New panicked")
		}
	}()
	if res, err = sp.New(ctx, s); res == nil && err == nil {
		err = errors.New("persession: New returned no resource")
	}
	return res, err
}
