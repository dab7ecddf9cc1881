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
	// anyone knows the address; with a Store, also when a process first has the
	// session. An error ends the session, and Open returns it; a POST is answered
	// with 500 then. ctx is that of Open or the request, not to be kept:
	// s.Context is for what lasts.
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
	once sync.Once
	res  resource.Resource
	err  error
}

// Open opens a session with the timeout, or that of the Factory if it is 0. The
// errors are those of session.Manager.Create, of New, and of saving the session
// if there is a Store.
func (sp *Space) Open(ctx context.Context, timeout time.Duration) (*session.Session, error) {
	s, err := sp.Sessions.Create(nil)
	if err != nil {
		return nil, err
	}
	s.Hold() // so that New may take its time
	defer s.Release()
	if timeout > 0 {
		s.SetTimeout(sp.limited(timeout))
	}
	if _, err = sp.resource(ctx, s); err == nil {
		err = sp.Sessions.Save(nil, s)
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
	return max(min(timeout, most), least)
}

// errPanic has no more to tell: the log has the rest.
var errPanic = errors.New("persession: New panicked")

// resource returns what New has made for s, and has it made first if need be.
func (sp *Space) resource(ctx context.Context, s *session.Session) (resource.Resource, error) {
	v, known := sp.resources.Load(s)
	if !known {
		if v, known = sp.resources.LoadOrStore(s, &made{err: errPanic}); !known {
			s.NotifyOnExpire(func() { sp.resources.Delete(s) })
		}
	}
	m := v.(*made)
	m.once.Do(func() {
		defer func() {
			if v := recover(); v != nil {
				sp.report("persession: New panicked", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			}
		}()
		if s.Reason() != session.Alive {
			m.err = session.ErrEnded // the end has taken what there was
			return
		}
		if m.res, m.err = sp.New(ctx, s); m.err == nil && m.res == nil {
			m.err = errors.New("persession: New returned no resource")
		}
	})
	return m.res, m.err
}
