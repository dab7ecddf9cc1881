package correct

import (
	"bytes"
	"strconv"

	fastsession "github.com/fasthttp/session/v2"
	"github.com/fasthttp/session/v2/providers/memory"
	fiberv2 "github.com/gofiber/fiber/v2"
	fiberv2session "github.com/gofiber/fiber/v2/middleware/session"
	fiberv3 "github.com/gofiber/fiber/v3"
	fiberv3session "github.com/gofiber/fiber/v3/middleware/session"
	"github.com/spindleweb/spindle/bench/internal/peer"
	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/site"
	"github.com/valyala/fasthttp"
)

// With fasthttp a response is written when the handler is over, so that a
// request which takes long needs a handler that does. A longProgram is that of
// package peer's with one more, which opens the session and pauses.
type longProgram struct {
	how   string // what the program has to do for it
	serve func(o peer.Options, pause func()) (cookie string, h fasthttp.RequestHandler, err error)
}

// path is that of the handler that takes long.
const path = "/long"

var long = map[string]*longProgram{
	"spindle":          {serve: longSite},
	"spindle/session":  {serve: longManager, how: ", as the handler holds it (Acquire)"},
	"fasthttp/session": {serve: longFasthttpSession},
	"fiber/v2":         {serve: longFiberV2},
	"fiber/v3":         {serve: longFiberV3},
}

// open returns a visitor of the program, and what makes the long request.
func (l *longProgram) open(o peer.Options, pause func()) (v *visitor, work func() error, err error) {
	cookie, h, err := l.serve(o, pause)
	if err != nil {
		return nil, nil, err
	}
	v = newVisitor(&peer.App{Cookie: cookie, Fast: h}, "")
	return v, func() error { return v.window(path).get() }, nil
}

func factory(o peer.Options) session.Factory {
	return func(uid string) *session.Session {
		s := session.New(uid)
		s.SetTimeout(o.Timeout)
		s.NotifyOnExpire(o.Ended)
		return s
	}
}

func longSite(o peer.Options, pause func()) (string, fasthttp.RequestHandler, error) {
	root := new(resource.Branch)
	root.PutChild("value", resource.GET(func(req *resource.Request) { peer.Count(req.RequestCtx, req.GetSession()) }))
	root.PutChild("long", resource.GET(func(req *resource.Request) {
		req.GetSession()
		pause()
	}))
	s := site.New(root)
	s.SessionFactory = factory(o)
	return "sid", s.Handler, nil
}

func longManager(o peer.Options, pause func()) (string, fasthttp.RequestHandler, error) {
	m := &session.Manager{Factory: factory(o)}
	return "sid", func(ctx *fasthttp.RequestCtx) {
		s, isNew, err := m.Acquire(ctx)
		if err != nil {
			ctx.Error(err.Error(), fasthttp.StatusInternalServerError)
			return
		}
		defer s.Release()
		if string(ctx.Path()) == path {
			pause()
		} else {
			peer.Count(ctx, s)
		}
		if isNew {
			m.Send(ctx, s)
		}
	}, nil
}

func longFasthttpSession(o peer.Options, pause func()) (string, fasthttp.RequestHandler, error) {
	store, err := memory.New(memory.Config{})
	if err != nil {
		return "", nil, err
	}
	c := fastsession.NewDefaultConfig()
	c.Expiration, c.GCLifetime = o.Timeout, o.Sweep
	c.EncodeFunc, c.DecodeFunc = fastsession.MSGPEncode, fastsession.MSGPDecode
	m := fastsession.New(c)
	if err := m.SetProvider(store); err != nil {
		return "", nil, err
	}
	return c.CookieName, func(ctx *fasthttp.RequestCtx) {
		s, err := m.Get(ctx)
		if err != nil {
			ctx.Error(err.Error(), fasthttp.StatusInternalServerError)
			return
		}
		// Save would keep the request's bytes as the id.
		s.SetSessionID(bytes.Clone(s.GetSessionID()))
		if string(ctx.Path()) == path {
			pause()
		} else {
			n, _ := s.Get("visits").(int64)
			s.Set("visits", n+1)
			ctx.SetBody(strconv.AppendInt(nil, n+1, 10))
		}
		if err := m.Save(ctx, s); err != nil {
			ctx.Error(err.Error(), fasthttp.StatusInternalServerError)
		}
	}, nil
}

func longFiberV2(o peer.Options, pause func()) (string, fasthttp.RequestHandler, error) {
	store := fiberv2session.New(fiberv2session.Config{Expiration: o.Timeout})
	app := fiberv2.New()
	app.Use(func(c *fiberv2.Ctx) error {
		s, err := store.Get(c)
		if err != nil {
			return err
		}
		if c.Path() == path {
			pause()
		} else {
			n, _ := s.Get("visits").(int)
			s.Set("visits", n+1)
			if err := c.Send(strconv.AppendInt(nil, int64(n+1), 10)); err != nil {
				return err
			}
		}
		return s.Save()
	})
	return "session_id", app.Handler(), nil
}

func longFiberV3(o peer.Options, pause func()) (string, fasthttp.RequestHandler, error) {
	app := fiberv3.New()
	app.Use(fiberv3session.New(fiberv3session.Config{IdleTimeout: o.Timeout}))
	app.Use(func(c fiberv3.Ctx) error {
		if c.Path() == path {
			pause()
			return nil
		}
		s := fiberv3session.FromContext(c)
		n, _ := s.Get("visits").(int)
		s.Set("visits", n+1)
		return c.Send(strconv.AppendInt(nil, int64(n+1), 10))
	})
	return "session_id", app.Handler(), nil
}
