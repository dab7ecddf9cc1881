package correct

import (
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"

	"github.com/spindleweb/spindle/bench/internal/peer"
)

// A visitor is a browser that asks a library's program, with several requests
// at once if need be.
type visitor struct {
	app *peer.App
	jar atomic.Pointer[string] // the session's cookie, "name=value"
}

// visit opens a library's program and has a new visitor.
func visit(p *peer.Peer, o peer.Options) (*visitor, error) {
	app, err := p.New(o)
	if err != nil {
		return nil, err
	}
	return newVisitor(app, ""), nil
}

func newVisitor(app *peer.App, cookie string) *visitor {
	v := &visitor{app: app}
	v.jar.Store(&cookie)
	return v
}

func (v *visitor) cookie() string { return *v.jar.Load() }

// A window is one of a visitor's, with one request after the other.
type window struct {
	*visitor
	client *peer.Client
}

func (v *visitor) window(path string) *window { return &window{v, v.app.Client(path)} }

// get makes a request and keeps the cookie that comes back.
func (w *window) get() error {
	if status := w.client.Get(w.cookie()); status != http.StatusOK {
		return fmt.Errorf("status %d", status)
	}
	if cookie := w.client.Cookie(); cookie != "" {
		w.jar.Store(&cookie)
	}
	return nil
}

// value asks for the session's number to be increased, and returns it.
func (w *window) value() (int, error) {
	if err := w.get(); err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(string(w.client.Body()))
	if err != nil {
		return 0, fmt.Errorf("the answer is no number: %w", err)
	}
	return n, nil
}

// value is that of a window of its own.
func (v *visitor) value() (int, error) { return v.window(peer.Value).value() }
