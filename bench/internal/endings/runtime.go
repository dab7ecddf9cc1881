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

// plain is the least that there can be for sessions: a map under a lock, and a
// timer of the runtime's each.
type plain struct {
	mu    sync.Mutex
	table map[string]*time.Timer
}

func (p *plain) create(d time.Duration, ended func()) string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	id := hex.EncodeToString(random[:])
	p.mu.Lock()
	defer p.mu.Unlock()
	p.table[id] = time.AfterFunc(d, func() {
		p.mu.Lock()
		delete(p.table, id)
		p.mu.Unlock()
		ended()
	})
	return id
}

func (p *plain) touch(id []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.table[string(id)]
	return t != nil && t.Reset(session.DefaultTimeout)
}

func afterFunc(r *record) (*subject, error) {
	p := &plain{table: make(map[string]*time.Timer)}
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
