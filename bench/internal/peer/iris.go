package peer

import (
	"reflect"
	"strconv"

	"github.com/kataras/iris/v12"
	"github.com/kataras/iris/v12/sessions"
)

// irisPeer keeps values as they are, in maps under locks, and a timer of the
// runtime's for each session, which calls the listener while it holds the lock
// of all sessions. Being used does not extend a session's life; ShiftExpiration
// does, so every request with a session calls it. DestroyAll ends all sessions,
// and leaves their timers.
var irisPeer = &Peer{
	Name: "iris", Module: "github.com/kataras/iris/v12",
	Base: "net/http", Kept: true, Tells: true,
	New: func(o Options) (*App, error) {
		app := iris.New()
		app.Logger().SetLevel("disable")
		m := sessions.New(sessions.Config{
			Logger:       app.Logger(),
			Cookie:       "session_id",
			Expires:      o.timeout(),
			AllowReclaim: true, // as its own examples have it
		})
		if o.Ended != nil {
			m.OnDestroy(func(string) { o.Ended() })
		}
		app.Get(Bare, func(ctx iris.Context) { ctx.Write(hello) })
		app.Use(m.Handler()) // on the routes that follow
		app.Use(func(ctx iris.Context) {
			if !sessions.Get(ctx).IsNew() {
				if err := m.ShiftExpiration(ctx); err != nil {
					ctx.StopWithError(iris.StatusInternalServerError, err)
					return
				}
			}
			ctx.Next()
		})
		app.Get(Session, func(ctx iris.Context) { ctx.Write(hello) })
		app.Get(Value, func(ctx iris.Context) {
			n := sessions.Get(ctx).Increment("visits", 1)
			ctx.Write(strconv.AppendInt(nil, int64(n), 10))
		})
		if err := app.Build(); err != nil {
			return nil, err
		}
		provider := reflect.ValueOf(m).Elem().FieldByName("provider")
		return &App{
			Cookie: "session_id", Std: app,
			Len:   func() int { return mapLen(provider, "mu", "sessions") },
			Close: m.DestroyAll,
		}, nil
	},
}
