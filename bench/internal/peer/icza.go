package peer

import (
	"net/http"
	"reflect"
	"strconv"

	"github.com/icza/session"
)

// iczaPeer keeps values as they are, in a map under a lock. Finding a session
// extends its idle life. One that is over is found until a sweep comes by, every
// ten seconds by default.
var iczaPeer = &Peer{
	Name: "icza/session", Module: "github.com/icza/session",
	Base: "net/http", Kept: true,
	New: func(o Options) (*App, error) {
		store := session.NewInMemStoreOptions(&session.InMemStoreOptions{
			SessCleanerInterval: o.Sweep,
			Logger:              session.NoopLogger,
		})
		m := session.NewCookieManagerOptions(store, &session.CookieMngrOptions{AllowHTTP: true})
		open := func(w http.ResponseWriter, r *http.Request) session.Session {
			s := m.Get(r)
			if s == nil {
				s = session.NewSessionOptions(&session.SessOptions{Timeout: o.timeout()})
				m.Add(s, w)
			}
			return s
		}
		mux := http.NewServeMux()
		mux.HandleFunc(Bare, func(w http.ResponseWriter, _ *http.Request) { w.Write(hello) })
		mux.HandleFunc(Session, func(w http.ResponseWriter, r *http.Request) {
			open(w, r)
			w.Write(hello)
		})
		mux.HandleFunc(Value, func(w http.ResponseWriter, r *http.Request) {
			s := open(w, r)
			n, _ := s.Attr("visits").(int)
			n++
			s.SetAttr("visits", n)
			w.Write(strconv.AppendInt(nil, int64(n), 10))
		})
		return &App{
			Cookie: "sessid", Std: mux,
			Len:   func() int { return mapLen(reflect.ValueOf(store), "mux", "sessions") },
			Close: m.Close,
		}, nil
	},
}
