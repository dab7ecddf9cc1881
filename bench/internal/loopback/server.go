package loopback

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spindleweb/spindle/bench/internal/child"
	"github.com/spindleweb/spindle/bench/internal/peer"
	"github.com/valyala/fasthttp"
)

// serverService is the child that serves one peer.
const serverService = "loopback server"

// serving is what the child tells when it serves.
type serving struct {
	Addr   string
	Cookie string // the session cookie's name
	Counts bool   // whether it can tell how many sessions there are
}

func init() {
	child.Register(serverService, func() child.Service {
		var app *peer.App
		var stop func(context.Context) error
		return func(method string, in json.RawMessage) (any, error) {
			switch method {
			case "serve":
				var name string
				if err := json.Unmarshal(in, &name); err != nil {
					return nil, err
				}
				p := peer.Get(name)
				if p == nil {
					return nil, fmt.Errorf("there is no peer %q", name)
				}
				var err error
				if app, err = p.New(peer.Options{}); err != nil {
					return nil, fmt.Errorf("%s: %w", name, err)
				}
				l, err := net.Listen("tcp4", "127.0.0.1:0")
				if err != nil {
					return nil, err
				}
				stop = serve(app, l)
				return serving{l.Addr().String(), app.Cookie, app.Len != nil}, nil
			case "live":
				return app.Len(), nil
			case "stop":
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				err := stop(ctx)
				if app.Close != nil {
					app.Close()
				}
				return nil, err
			}
			return nil, fmt.Errorf("no method %q", method)
		}
	})
}

// serve serves with the default settings of fasthttp or net/http, for every
// peer the same. A server that ends by itself ends the process.
func serve(app *peer.App, l net.Listener) (stop func(context.Context) error) {
	var run func(net.Listener) error
	if app.Fast != nil {
		s := &fasthttp.Server{Handler: app.Fast, CloseOnShutdown: true}
		run, stop = s.Serve, s.ShutdownWithContext
	} else {
		s := &http.Server{Handler: app.Std}
		run, stop = s.Serve, s.Shutdown
	}
	go func() {
		if err := run(l); err != nil && err != http.ErrServerClosed {
			fmt.Fprintln(os.Stderr, "serve:", err)
			os.Exit(1)
		}
	}()
	return stop
}

// A server is a process that serves, as this one sees it.
type server struct {
	name    string
	version string // where that is not a module's
	must    bool   // without it the step makes no sense
	base    bool   // has no sessions
	failed  bool   // and is not measured any more

	addr   string
	cookie string
	pid    int
	cores  int                 // that it can use
	live   func() (int, error) // the sessions it keeps; nil if it cannot tell
	close  func()
}

// startPeer starts a server for p.
func startPeer(ctx context.Context, p *peer.Peer) (*server, error) {
	s := &server{name: p.Name, must: p.Ours || p.Base == "", base: p.Base == "", cores: len(cores.server)}
	var c *child.Process
	err := on(cores.server, func() (err error) {
		c, err = child.Start(ctx, serverService, fmt.Sprintf("GOMAXPROCS=%d", s.cores))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Name, err)
	}
	var is serving
	if err := c.Call("serve", p.Name, &is); err != nil {
		c.Close()
		return nil, fmt.Errorf("%s: %w", p.Name, err)
	}
	s.addr, s.cookie, s.pid = is.Addr, is.Cookie, c.PID()
	if is.Counts && p.Kept {
		s.live = func() (n int, err error) { return n, c.Call("live", nil, &n) }
	}
	s.close = func() {
		_ = c.Call("stop", nil, nil) // it is killed if it does not
		c.Close()
	}
	return s, nil
}
