package peer

import (
	"reflect"
	"strconv"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/session"
)

// fiber3 keeps gob in a map under a lock. Its middleware saves after every
// request, which extends the idle life. Sessions that are over are not found, to
// the second; they are kept until a sweep comes by every ten seconds, which
// cannot be changed.
var fiber3 = &Peer{
	Name: "fiber/v3", Module: "github.com/gofiber/fiber/v3",
	Base: "fasthttp", Kept: true,
	New: func(o Options) (*App, error) {
		middleware, store := session.NewWithStore(session.Config{IdleTimeout: o.timeout()})
		app := fiber.New()
		app.Get(Bare, func(c fiber.Ctx) error { return c.Send(hello) })
		app.Use(middleware) // of the routes that follow
		app.Get(Session, func(c fiber.Ctx) error { return c.Send(hello) })
		app.Get(Value, func(c fiber.Ctx) error {
			s := session.FromContext(c)
			n, _ := s.Get("visits").(int)
			n++
			s.Set("visits", n)
			return c.Send(strconv.AppendInt(nil, int64(n), 10))
		})
		return &App{
			Cookie: "session_id", Fast: app.Handler(),
			Len:   func() int { return mapLen(reflect.ValueOf(store.Storage), "mux", "db") },
			Close: func() { _ = store.Storage.Close() },
		}, nil
	},
}
