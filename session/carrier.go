package session

import "github.com/valyala/fasthttp"

// A Carrier takes the uid of a session to the client and brings it back.
// Its methods run on the goroutine of the request, for many requests at once.
type Carrier interface {
	// UID returns the n-th uid, from 0, that the request brought, as it came
	// from the client, and nil when there is none. The bytes belong to the
	// request.
	UID(ctx *fasthttp.RequestCtx, n int) []byte

	// Send puts the uid of a new session, or the new uid of one, into the
	// response, in place of one that was sent before.
	Send(ctx *fasthttp.RequestCtx, uid string)

	// Clear has the client forget the uid of a session that has ended.
	Clear(ctx *fasthttp.RequestCtx)
}

// Carriers is several carriers at once: it brings what the first of them has,
// then what the next has, and sends by all.
type Carriers []Carrier

// UID returns the n-th of all uids of all carriers.
func (cs Carriers) UID(ctx *fasthttp.RequestCtx, n int) []byte {
	for _, c := range cs {
		for i := 0; ; i++ {
			uid := c.UID(ctx, i)
			if uid == nil {
				break
			}
			if n == 0 {
				return uid
			}
			n--
		}
	}
	return nil
}

// Send sends by every carrier.
func (cs Carriers) Send(ctx *fasthttp.RequestCtx, uid string) {
	for _, c := range cs {
		c.Send(ctx, uid)
	}
}

// Clear clears by every carrier.
func (cs Carriers) Clear(ctx *fasthttp.RequestCtx) {
	for _, c := range cs {
		c.Clear(ctx)
	}
}

// Header carries uids in a header of requests and responses, for clients that
// are programs. A page of another site cannot send it, so it needs no token
// against forged requests.
type Header struct {
	Name string // default "X-Session"
}

func (h Header) name() string {
	if h.Name == "" {
		return "X-Session"
	}
	return h.Name
}

// UID returns the header's value; only the first counts.
func (h Header) UID(ctx *fasthttp.RequestCtx, n int) []byte {
	if n > 0 {
		return nil
	}
	return ctx.Request.Header.Peek(h.name())
}

// Send sets the header.
func (h Header) Send(ctx *fasthttp.RequestCtx, uid string) {
	ctx.Response.Header.Set(h.name(), uid)
}

// Clear sends the header with no value.
func (h Header) Clear(ctx *fasthttp.RequestCtx) { ctx.Response.Header.Set(h.name(), "") }
