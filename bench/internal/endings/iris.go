package endings

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"

	"github.com/kataras/iris/v12"
	"github.com/kataras/iris/v12/sessions"
	"github.com/spindleweb/spindle/bench/internal/peer"
	"github.com/spindleweb/spindle/session"
)

// irisTimers is iris, whose listener is told the id of the session alone; so the
// number is put into that.
func irisTimers(r *record) (*subject, error) {
	const made = "/made"
	app := iris.New()
	app.Logger().SetLevel("disable")
	var next atomic.Int64
	m := sessions.New(sessions.Config{
		Logger:  app.Logger(),
		Cookie:  "session_id",
		Expires: session.DefaultTimeout,
		SessionIDGenerator: func(ctx iris.Context) string {
			var random [16]byte
			_, _ = rand.Read(random[:])
			id := hex.EncodeToString(random[:])
			if ctx.Path() == made {
				id += fmt.Sprintf("%08x", next.Add(1)-1)
			}
			return id
		},
	})
	m.OnDestroy(func(id string) {
		if i, err := number(id); err == nil {
			r.called(i)
		}
	})
	app.Get(made, func(ctx iris.Context) {
		s := m.Start(ctx)
		i, err := number(s.ID())
		if err != nil {
			ctx.StopWithError(iris.StatusInternalServerError, err)
			return
		}
		s.Lifetime.Shift(r.left(i))
	})
	app.Get(peer.Session, func(ctx iris.Context) {
		if s := m.Start(ctx); !s.IsNew() {
			_ = m.ShiftExpiration(ctx) // fails only if the session ends meanwhile
		}
		ctx.WriteString("hello")
	})
	if err := app.Build(); err != nil {
		return nil, err
	}
	s := &subject{app: &peer.App{Cookie: "session_id", Std: app}}
	s.maker = func() func(int) error {
		c := s.app.Client(made)
		return func(int) error {
			if status := c.Get(""); status != 200 {
				return fmt.Errorf("making a session got %d", status)
			}
			return nil
		}
	}
	return s, nil
}

// number returns what is in the id after the random part.
func number(id string) (int, error) {
	if len(id) <= 32 {
		return 0, errors.New("an id without a number")
	}
	i, err := strconv.ParseInt(id[32:], 16, 0)
	return int(i), err
}
