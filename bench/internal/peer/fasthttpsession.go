package peer

import (
	"bytes"
	"io"
	"log"
	"strconv"

	fastsession "github.com/fasthttp/session/v2"
	"github.com/fasthttp/session/v2/providers/memory"
	"github.com/valyala/fasthttp"
)

// fasthttpSession keeps encoded values in a sync.Map. Save is what extends the
// idle life, so every request saves. Sessions end when a sweep comes by, once a
// minute by default; one that is over is found until then. The sweep cannot be
// stopped.
var fasthttpSession = &Peer{
	Name: "fasthttp/session", Module: "github.com/fasthttp/session/v2",
	Base: "fasthttp", Kept: true,
	New: func(o Options) (*App, error) {
		store, err := memory.New(memory.Config{})
		if err != nil {
			return nil, err
		}
		c := fastsession.NewDefaultConfig()
		c.Expiration = o.timeout()
		c.Logger = log.New(io.Discard, "", 0)
		// As its own example has it for this store.
		c.EncodeFunc, c.DecodeFunc = fastsession.MSGPEncode, fastsession.MSGPDecode
		if o.Sweep > 0 {
			c.GCLifetime = o.Sweep
		}
		m := fastsession.New(c)
		if err := m.SetProvider(store); err != nil {
			return nil, err
		}
		return &App{
			Cookie: c.CookieName,
			Fast: func(ctx *fasthttp.RequestCtx) {
				path := string(ctx.RequestURI())
				if path == Bare {
					ctx.Write(hello)
					return
				}
				s, err := m.Get(ctx)
				if err != nil {
					ctx.Error(err.Error(), fasthttp.StatusInternalServerError)
					return
				}
				// Save keeps the id as the key of its map, and the bytes of a
				// request are overwritten by the next: without a copy visitors
				// get each other's sessions.
				s.SetSessionID(bytes.Clone(s.GetSessionID()))
				if path == Value {
					n, _ := s.Get("visits").(int64) // what an int is when it comes back
					n++
					s.Set("visits", n)
					ctx.SetBody(strconv.AppendInt(nil, n, 10))
				} else {
					ctx.Write(hello)
				}
				if err := m.Save(ctx, s); err != nil {
					ctx.Error(err.Error(), fasthttp.StatusInternalServerError)
				}
			},
			Len: store.Count,
		}, nil
	},
}
