package guard

import (
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/spindleweb/spindle/resource"
	"github.com/valyala/fasthttp"
)

// Hosts has a resource, and all that is below it, answer to the server's own names
// alone. What listens on 127.0.0.1 and has no log-in needs it: a site may have a
// name of its own lead here, and its pages then count as those of this server (DNS
// rebinding).
type Hosts struct {
	resource.Leaf

	// Resource is what is guarded.
	Resource resource.Resource

	// Names are those that the Host of a request may have, without a port.
	// Addresses and localhost, which are no site's name, it may have in any case.
	// Default none.
	Names []string
}

var _ resource.Renderer = (*Hosts)(nil)

// Render answers 421 (RFC 9110 15.5.20) to who has come by another name.
func (h *Hosts) Render(req *resource.Request) {
	if !h.knows(string(req.Request.Header.Host())) {
		req.Abort(fasthttp.StatusMisdirectedRequest, "This server does not know itself by that name.")
	}
	resource.Serve(h.Resource, req)
}

func (h *Hosts) knows(host string) bool {
	name := hostname(host)
	if _, err := netip.ParseAddr(name); err == nil || host == "" { // no browser is so old as to send none
		return true
	}
	is := func(known string) bool { return known != "" && strings.EqualFold(name, known) }
	return is("localhost") || slices.ContainsFunc(h.Names, is)
}

// hostname returns a Host without its port and the brackets of an address.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
}
