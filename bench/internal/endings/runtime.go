package endings

import (
	"crypto/rand"
	"encoding/hex"
	"sync"
	"time"

	"github.com/spindleweb/spindle/bench/internal/peer"
	"github.com/spindleweb/spindle/session"
	"github.com/valyala/fasthttp"
)

// runtimes is the name of the base: a timer of Go's runtime for each session.
const runtimes = "time.AfterFunc"

// plain is the least that there can be for sessions: a map for many goroutines at
// once, and a timer of the runtime's each.
type plain struct{ table sync.Map }

// create makes a session that lasts for longer than it takes to note it.
func (p *plain) create(d time.Duration, ended func()) string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	id := hex.EncodeToString(random[:])
	p.table.Store(id, time.AfterFunc(d, func() {
		p.table.Delete(id)
		ended()
	}))
	return id
}

func (p *plain) touch(id []byte) bool {
	t, ok := p.table.Load(string(id))
	return ok && t.(*time.Timer).Reset(session.DefaultTimeout)
}

func afterFunc(r *record) (*subject, error) {
	p := new(plain)
	return &subject{
		app: &peer.App{Cookie: "sid", Fast: func(ctx *fasthttp.RequestCtx) {
			if !p.touch(ctx.Request.Header.Cookie("sid")) {
				ctx.Response.Header.Set("Set-Cookie", "sid="+p.create(session.DefaultTimeout, func() {}))
			}
			ctx.WriteString("hello")
		}},
		maker: func() func(int) error {
			return func(i int) error {
				p.create(r.left(i), func() { r.called(i) })
				return nil
			}
		},
	}, nil
}
