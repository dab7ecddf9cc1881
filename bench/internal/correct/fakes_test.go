package correct

import (
	"crypto/rand"
	"net/http"
	"strconv"
	"sync"

	"github.com/spindleweb/spindle/bench/internal/peer"
)

// The children know the libraries of this file as well.
func init() { others = []*peer.Peer{broken, crashing, refusing, deaf} }

// broken does everything wrong that there is a check for.
var broken = &peer.Peer{
	Name: "broken", Base: "net/http", Kept: true, Tells: true,
	New: func(o peer.Options) (*peer.App, error) {
		b := &brokenSessions{o: o, values: map[string]int{}}
		return &peer.App{Cookie: "id", Std: b, Close: func() {}}, nil
	},
}

type brokenSessions struct {
	o      peer.Options
	mu     sync.Mutex
	values map[string]int
	asked  int
}

func (b *brokenSessions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	id := ""
	if c, err := r.Cookie("id"); err == nil {
		id = c.Value // adopted, and the first of several
	} else {
		id = rand.Text()
		http.SetCookie(w, &http.Cookie{Name: "id", Value: id})
		if b.o.Ended != nil { // at once, and twice
			b.o.Ended()
			b.o.Ended()
		}
	}
	if r.URL.Path == peer.Value {
		if b.asked++; b.asked%10 != 0 { // every tenth is lost
			b.values[id]++
		}
	} else {
		delete(b.values, id)
	}
	body := strconv.Itoa(b.values[id])
	b.mu.Unlock()
	_, _ = w.Write([]byte(body))
}

// crashing ends the process.
var crashing = &peer.Peer{
	Name: "crashing", Base: "net/http",
	New: func(peer.Options) (*peer.App, error) {
		panic("there is no such program")
	},
}

// refusing answers nothing that could be judged.
var refusing = &peer.Peer{
	Name: "refusing", Base: "net/http",
	New: func(peer.Options) (*peer.App, error) {
		return &peer.App{Cookie: "id", Std: http.NotFoundHandler()}, nil
	},
}

// deaf has neither calls nor a shutdown.
var deaf = &peer.Peer{
	Name: "deaf", Base: "net/http",
	New: broken.New,
}
