package peer

import (
	"net/http"
	"reflect"
	"strconv"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"
)

// scsPeer keeps gob in a map under a lock. With an IdleTimeout its middleware
// saves after every request, which extends the idle life, up to a Lifetime of 24
// hours. A session that has no value is never saved, so a new one is given one.
// Sessions that are over are not found; they are kept until a sweep comes by,
// once a minute by default. The sweep cannot be stopped without a race.
var scsPeer = &Peer{
	Name: "scs", Module: "github.com/alexedwards/scs/v2",
	Base: "net/http", Kept: true,
	New: func(o Options) (*App, error) {
		store := memstore.New
		if o.Sweep > 0 {
			store = func() *memstore.MemStore { return memstore.NewWithCleanupInterval(o.Sweep) }
		}
		kept := store()
		m := scs.New()
		m.Store = kept
		m.IdleTimeout = o.timeout()
		m.Lifetime = max(m.Lifetime, m.IdleTimeout)

		mux := http.NewServeMux()
		mux.HandleFunc(Session, func(w http.ResponseWriter, r *http.Request) {
			if m.Token(r.Context()) == "" {
				m.Put(r.Context(), "new", true)
			}
			w.Write(hello)
		})
		mux.HandleFunc(Value, func(w http.ResponseWriter, r *http.Request) {
			n := m.GetInt(r.Context(), "visits") + 1
			m.Put(r.Context(), "visits", n)
			w.Write(strconv.AppendInt(nil, int64(n), 10))
		})
		return &App{
			Cookie: m.Cookie.Name,
			Std:    outside(m.LoadAndSave(mux)),
			Len:    func() int { return mapLen(reflect.ValueOf(kept), "mu", "items") },
		}, nil
	},
}

// outside answers Bare and leaves the rest to h.
func outside(h http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(Bare, func(w http.ResponseWriter, _ *http.Request) { w.Write(hello) })
	mux.Handle("/", h)
	return mux
}
