package peer

import (
	"reflect"
	"strconv"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/session"
)

// fiber2 keeps gob in a map under a lock. Save is what extends the idle life, so
// every request saves. Sessions that are over are not found, to the second; they
// are kept until a sweep comes by every ten seconds, which cannot be changed.
var fiber2 = &Peer{
	Name: "fiber/v2", Module: "github.com/gofiber/fiber/v2",
	Base: "fasthttp", Kept: true,
	New: func(o Options) (*App, error) {
		store := session.New(session.Config{Expiration: o.timeout()})
		app := fiber.New(fiber.Config{DisableStartupMessage: true})
		app.Get(Bare, func(c *fiber.Ctx) error { return c.Send(hello) })
		app.Get(Session, func(c *fiber.Ctx) error {
			s, err := store.Get(c)
			if err != nil {
				return err
			}
			if err := s.Save(); err != nil {
				return err
			}
			return c.Send(hello)
		})
		app.Get(Value, func(c *fiber.Ctx) error {
			s, err := store.Get(c)
			if err != nil {
				return err
			}
			n, _ := s.Get("visits").(int)
			n++
			s.Set("visits", n)
			if err := s.Save(); err != nil {
				return err
			}
			return c.Send(strconv.AppendInt(nil, int64(n), 10))
		})
		return &App{
			Cookie: "session_id", Fast: app.Handler(),
			Len:   func() int { return mapLen(reflect.ValueOf(store.Storage), "mux", "db") },
			Close: func() { _ = store.Storage.Close() },
		}, nil
	},
}
