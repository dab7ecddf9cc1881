package site_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/persession"
	"github.com/spindleweb/spindle/session"
	"github.com/stretchr/testify/require"
)

// secretSite has a Space at /cursors whose sessions answer, panic at /panic and
// hide their query at /login.
func secretSite(t *testing.T) (h *host, id string, log, access *lines) {
	space := &persession.Space{New: func(context.Context, *session.Session) (resource.Resource, error) {
		b := branch(map[string]resource.Resource{
			"":      say("here"),
			"rows":  say("rows"),
			"panic": resource.Func(func(*resource.Request) { panic("x") }),
			"login": resource.Func(func(req *resource.Request) { req.SecretQuery() }),
			"late":  resource.Func(func(req *resource.Request) { req.TimeoutError("late") }),
		})
		return b, nil
	}}
	s, log, access := newSite(branch(map[string]resource.Resource{
		"cursors": space,
		"login":   resource.Func(func(req *resource.Request) { req.SecretQuery() }),
		"guarded": resource.Func(func(*resource.Request) { panic("no database") }),
		"plain":   say("plain"),
	}))
	space.Sessions.Clock, space.Sessions.Log = s.Clock, s.Log
	s.Managers = []*session.Manager{&space.Sessions}
	h = serve(t, s)
	t.Cleanup(func() { require.NoError(t, s.Shutdown(context.Background())) })
	r := h.ask(t, post("/cursors"))
	require.Equal(t, 201, r.StatusCode)
	require.Equal(t, "no-store", r.Header.Get("Cache-Control"))
	_, id, _ = strings.Cut(r.Header.Get("Location"), "/cursors/")
	require.Len(t, id, 22)
	return h, id, log, access
}

func post(path string) string {
	return "POST " + path + " HTTP/1.1\r\nHost: example.org\r\nContent-Length: 0\r\n\r\n"
}

func TestTheAccessLogShowsNoSecret(t *testing.T) {
	const site = "Referer: http://example.org"
	for name, test := range map[string]struct{ path, referer, shown, from string }{
		"an address":           {"/cursors/ID", "", `"GET /cursors/* HTTP/1.1" 405`, `"-"`},
		"a slash more":         {"/cursors/ID/", "", `"GET /cursors/*/ HTTP/1.1" 200`, `"-"`},
		"below it":             {"/cursors/ID/rows?from=1", site + "/cursors/ID/rows?x", `"GET /cursors/*/rows?from=1 HTTP/1.1" 200`, `"http://example.org/cursors/*/rows?x"`},
		"nothing there":        {"/cursors/ID/columns", "", `"GET /cursors/*/columns HTTP/1.1" 404`, `"-"`},
		"a panic":              {"/cursors/ID/panic", site + "/cursors/ID", `"GET /cursors/*/panic HTTP/1.1" 500`, `"http://example.org/cursors/*"`},
		"a timeout":            {"/cursors/ID/late", "", `"GET /cursors/*/late HTTP/1.1" 408`, `"-"`},
		"a full URL":           {"http://example.org/cursors/ID/rows", "", `"GET http://example.org/cursors/*/rows HTTP/1.1" 200`, `"-"`},
		"an escape":            {"/cursors/%2d", "", `"GET /cursors/* HTTP/1.1" 404`, `"-"`},
		"one that is none":     {"/cursors/password", "", `"GET /cursors/* HTTP/1.1" 404`, `"-"`},
		"its query":            {"/cursors/ID/login?password=x", site + "/cursors/ID/?password=x", `"GET /cursors/*/login?* HTTP/1.1" 200`, `"http://example.org/cursors/*/?*"`},
		"a query":              {"/login?password=x", site + "/login?password=x", `"GET /login?* HTTP/1.1" 200`, `"http://example.org/login?*"`},
		"no secret":            {"/plain?password=x", site + "/login?password=x", `"GET /plain?password=x HTTP/1.1" 200`, `"http://example.org/login?password=x"`},
		"a secret with quotes": {`/cursors/"ID"`, "", `"GET /cursors/* HTTP/1.1" 404`, `"-"`},
	} {
		t.Run(name, func(t *testing.T) {
			h, id, log, access := secretSite(t)
			var headers []string
			if test.referer != "" {
				headers = append(headers, strings.ReplaceAll(test.referer, "ID", id))
			}
			h.ask(t, get(strings.ReplaceAll(test.path, "ID", id), headers...))
			require.Len(t, access.all(), 2)
			line := access.all()[1]
			require.Contains(t, line, test.shown)
			require.Contains(t, line, " "+test.from+` "-"`)
			unseen(t, id, log, access)
		})
	}
}

// unseen requires that no log has the id.
func unseen(t testing.TB, id string, logs ...*lines) {
	t.Helper()
	for _, log := range logs {
		for _, line := range log.all() {
			require.NotContains(t, line, id)
			require.NotContains(t, line, id[1:])
		}
	}
}

func TestThePanicOfASecretInTheLog(t *testing.T) {
	h, id, log, access := secretSite(t)
	r := h.ask(t, get("/cursors/"+id+"/panic?"+"a=b"))
	require.Equal(t, 500, r.StatusCode)
	require.Equal(t, "no-referrer", r.Header.Get("Referrer-Policy"))
	require.Len(t, log.all(), 1)
	require.Contains(t, log.all()[0], "path=/cursors/*/panic")
	unseen(t, id, log, access)
}

// A guard before a Space may be what panics, which is before the Space could say
// that there is a secret.
func TestAPanicBeforeASecret(t *testing.T) {
	h, id, log, access := secretSite(t)
	require.Equal(t, 500, h.ask(t, get("/guarded/"+id)).StatusCode)
	require.Len(t, log.all(), 1)
	require.Contains(t, log.all()[0], "path=/guarded/*")
	unseen(t, id, log, access)
}

// What cannot be walked, or is refused before, has an address in it all the same.
func TestRequestsThatAreRefusedAtAnAddress(t *testing.T) {
	const version = " HTTP/1.1\r\nHost: example.org\r\n"
	for name, test := range map[string]struct {
		text string
		code int
	}{
		"a bad escape below":      {"GET /cursors/ID/100%" + version + "\r\n", 400},
		"NUL below":               {"GET /cursors/ID/%00" + version + "\r\n", 400},
		"an unknown word":         {"BREW /cursors/ID" + version + "\r\n", 501},
		"two lengths":             {"POST /cursors/ID" + version + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
		"an old version":          {"GET /cursors/ID HTTP/2.0\r\nHost: example.org\r\n\r\n", 505},
		"too large a body":        {"POST /cursors/ID" + version + "Content-Length: 100000000\r\n\r\n", 413},
		"too large a header":      {"GET /cursors/ID" + version + "X: " + strings.Repeat("x", 20<<10) + "\r\n\r\n", 431},
		"a bad header":            {"GET /cursors/ID" + version + "X\r\n\r\n", 400},
		"the Referer of the same": {"GET /cursors/ID/%" + version + "Referer: http://example.org/cursors/ID\r\n\r\n", 400},
	} {
		t.Run(name, func(t *testing.T) {
			h, id, log, access := secretSite(t)
			c, br := h.dial(t)
			r := exchange(t, c, br, strings.ReplaceAll(test.text, "ID", id))
			require.Equal(t, test.code, r.StatusCode)
			require.NotContains(t, r.body, id)
			require.Len(t, access.all(), 2)
			unseen(t, id, log, access)
		})
	}
}

// One connection, requests with secrets and without: each line is of its own.
func TestSecretsOfOneConnection(t *testing.T) {
	h, id, log, access := secretSite(t)
	c, br := h.dial(t)
	for range 3 {
		require.Equal(t, 200, exchange(t, c, br, get("/cursors/"+id+"/rows")).StatusCode)
		r := exchange(t, c, br, get("/plain/"+"things?password=y"))
		require.Equal(t, http.StatusNotFound, r.StatusCode)
		require.Empty(t, r.Header.Get("Referrer-Policy"))
		require.Empty(t, r.Header.Get("Cache-Control"))
	}
	unseen(t, id, log, access)
	all := access.all()[1:]
	require.Len(t, all, 6)
	for i, line := range all {
		if i%2 == 0 {
			require.Contains(t, line, `"GET /cursors/*/rows HTTP/1.1"`)
		} else {
			require.Contains(t, line, `"GET /plain/things?password=y HTTP/1.1"`)
		}
	}
}
