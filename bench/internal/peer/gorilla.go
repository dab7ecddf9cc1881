package peer

import (
	"crypto/rand"
	"net/http"
	"strconv"

	"github.com/gorilla/sessions"
)

// gorilla keeps nothing: the values travel in the cookie, signed and encrypted.
// Save is what extends the idle life, as the time of signing is in the cookie, so
// every request saves and every response brings another cookie. A client that
// sends an old one again has the old values again.
var gorilla = &Peer{
	Name: "gorilla/sessions", Module: "github.com/gorilla/sessions",
	Base: "net/http",
	New: func(o Options) (*App, error) {
		sign, encrypt := make([]byte, 64), make([]byte, 32)
		_, _ = rand.Read(sign) // never fails
		_, _ = rand.Read(encrypt)
		store := sessions.NewCookieStore(sign, encrypt)
		store.MaxAge(max(1, int(o.timeout().Seconds())))
		store.Options.Secure = false // there is no TLS here
		store.Options.SameSite = http.SameSiteLaxMode
		store.Options.HttpOnly = true

		const name = "session-name"
		// with answers with the body that f returns.
		with := func(f func(*sessions.Session) []byte) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				s, _ := store.Get(r, name) // an error is a cookie that is no good, and s a new session
				body := f(s)
				if err := s.Save(r, w); err != nil {
					http.Error(w, err.Error(), http.StatusInternalServerError)
					return
				}
				w.Write(body)
			}
		}
		mux := http.NewServeMux()
		mux.HandleFunc(Bare, func(w http.ResponseWriter, _ *http.Request) { w.Write(hello) })
		mux.HandleFunc(Session, with(func(*sessions.Session) []byte { return hello }))
		mux.HandleFunc(Value, with(func(s *sessions.Session) []byte {
			n, _ := s.Values["visits"].(int)
			n++
			s.Values["visits"] = n
			return strconv.AppendInt(nil, int64(n), 10)
		}))
		return &App{Cookie: name, Std: mux}, nil
	},
}
