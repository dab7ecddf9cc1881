package sessionmanager

import (
	"strings"

	"github.com/spindleweb/spindle/resource"
)

// sessionSegment is the one below which sessions have their addresses.
const sessionSegment = "session"

// urlKey is the key of the Runtime's own URL among the values of a request, and
// of the contexts of its calls.
type urlKey struct{}

// url returns the Runtime's own URL, with a slash at its end.
func (rt *Runtime) url(req *resource.Request) string {
	if rt.URL != "" {
		return strings.TrimSuffix(rt.URL, "/") + "/"
	}
	scheme := "http://"
	if req.IsTLS() {
		scheme = "https://"
	}
	return scheme + req.LocalAddr().String() + string(req.PrepathRaw()) + "/"
}
