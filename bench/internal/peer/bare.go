package peer

import (
	"net/http"

	"github.com/valyala/fasthttp"
)

// The bases answer every path alike.

var fastHTTP = &Peer{
	Name:   "fasthttp",
	Module: "github.com/valyala/fasthttp",
	New: func(Options) (*App, error) {
		return &App{Fast: func(ctx *fasthttp.RequestCtx) { ctx.Write(hello) }}, nil
	},
}

var netHTTP = &Peer{
	Name: "net/http",
	New: func(Options) (*App, error) {
		return &App{Std: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(hello) })}, nil
	},
}
