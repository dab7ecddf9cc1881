package peer

import (
	"context"
	"strconv"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/site"
	"github.com/valyala/fasthttp"
)

// visits is the number that Value counts.
var visits = session.NewKey[int]("visits")

func factory(o Options) session.Factory {
	return func(uid string) *session.Session {
		s := session.New(uid)
		s.SetTimeout(o.timeout())
		if o.Ended != nil {
			s.NotifyOnExpire(o.Ended)
		}
		return s
	}
}

// Count answers with the number in the session, which it increases.
func Count(ctx *fasthttp.RequestCtx, s *session.Session) {
	var now int
	if err := visits.Update(s, func(n *int) { *n++; now = *n }); err != nil {
		ctx.Error(err.Error(), fasthttp.StatusInternalServerError)
		return
	}
	ctx.Response.SetBody(strconv.AppendInt(nil, int64(now), 10))
}

// spindleSite is a Site with a tree.
var spindleSite = &Peer{
	Name: "spindle", Module: "github.com/spindleweb/spindle", Ours: true, Tells: true, Kept: true,
	Base: "fasthttp",
	New: func(o Options) (*App, error) {
		root := new(resource.Branch)
		root.PutChild("bare", resource.GET(func(req *resource.Request) { req.Write(hello) }))
		root.PutChild("session", resource.GET(func(req *resource.Request) {
			req.GetSession()
			req.Write(hello)
		}))
		root.PutChild("value", resource.GET(func(req *resource.Request) { Count(req.RequestCtx, req.GetSession()) }))
		s := site.New(root)
		s.SessionFactory = factory(o)
		return &App{
			Cookie: "sid", Fast: s.Handler,
			Len:   func() int { return int(s.Sessions().Stats().Live) },
			Close: func() { _ = s.Shutdown(context.Background()) },
		}, nil
	},
}

// spindleManager is session.Manager alone, in a fasthttp program of another's.
var spindleManager = &Peer{
	Name: "spindle/session", Module: "github.com/spindleweb/spindle", Ours: true, Tells: true, Kept: true,
	Base: "fasthttp",
	New: func(o Options) (*App, error) {
		m := &session.Manager{Factory: factory(o)}
		return &App{
			Cookie: "sid",
			Fast: func(ctx *fasthttp.RequestCtx) {
				path := string(ctx.RequestURI())
				if path == Bare {
					ctx.Write(hello)
					return
				}
				s, err := m.Open(ctx)
				switch {
				case err != nil:
					ctx.Error(err.Error(), fasthttp.StatusInternalServerError)
				case path == Value:
					Count(ctx, s)
				default:
					ctx.Write(hello)
				}
			},
			Len:   func() int { return int(m.Stats().Live) },
			Close: func() { _ = m.Close(context.Background()) },
		}, nil
	},
}
