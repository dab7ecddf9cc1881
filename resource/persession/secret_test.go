package persession_test

import (
	"bufio"
	"fmt"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

// Whatever a resource answers, the address does not get about.
func TestEveryAnswerIsConcealed(t *testing.T) {
	for name, test := range map[string]struct {
		code int
		end  func(*resource.Request)
	}{
		"200":            {200, func(req *resource.Request) { _, _ = req.WriteString("x") }},
		"empty":          {200, func(*resource.Request) {}},
		"204":            {204, func(req *resource.Request) { req.SetStatusCode(204) }},
		"304":            {304, func(req *resource.Request) { req.NotModified() }},
		"404":            {404, func(req *resource.Request) { req.NotFound() }},
		"abort":          {418, func(req *resource.Request) { req.Abort(418, "x") }},
		"error":          {502, func(req *resource.Request) { req.Error("x", 502) }},
		"panic":          {500, func(*resource.Request) { panic("x") }},
		"redirect":       {302, func(req *resource.Request) { req.Redirect("/elsewhere", 302) }},
		"fasthttp's own": {302, func(req *resource.Request) { req.RequestCtx.Redirect("/elsewhere", 302) }},
		"reset":          {200, func(req *resource.Request) { req.Response.Reset() }},
		"reset headers":  {200, func(req *resource.Request) { req.Response.Header.Reset() }},
		"new response":   {200, func(req *resource.Request) { req.Response = fasthttp.Response{} }},
		"its own": {200, func(req *resource.Request) {
			req.Response.Header.Set("Cache-Control", "public, max-age=3600")
			req.Response.Header.Set("Referrer-Policy", "unsafe-url")
		}},
		"its own, several": {200, func(req *resource.Request) {
			req.Response.Header.Add("Cache-Control", "public")
			req.Response.Header.Add("Cache-Control", "max-age=3600")
			req.Response.Header.Add("Referrer-Policy", "origin")
			req.Response.Header.Add("referrer-policy", "unsafe-url")
		}},
		"stream": {200, func(req *resource.Request) { req.SetBodyStream(strings.NewReader("x"), -1) }},
		"stream writer": {200, func(req *resource.Request) {
			req.SetBodyStreamWriter(func(b *bufio.Writer) { _, _ = b.WriteString("x") })
		}},
		"stream of fasthttp": {200, func(req *resource.Request) {
			req.RequestCtx.SetBodyStream(strings.NewReader("x"), -1)
		}},
		"stream, then panic": {500, func(req *resource.Request) {
			req.SetBodyStream(strings.NewReader("x"), -1)
			panic("x")
		}},
		"session":         {200, func(req *resource.Request) { req.GetSession() }},
		"renewed session": {200, func(req *resource.Request) { req.RenewSession(); req.GetSession() }},
		"ended session": {200, func(req *resource.Request) {
			req.ExpireSession()
			req.ExpireSession()
			req.GetSession()
			req.RenewSession()
		}},
		"ended, then panic": {500, func(req *resource.Request) {
			req.GetSession().Expire()
			req.GetSession()
			panic("x")
		}},
	} {
		for _, below := range []string{"", "/", "/a/b"} {
			for _, method := range []string{"GET", "HEAD", "POST"} {
				t.Run(method+" "+name+below, func(t *testing.T) {
					w := newWorld(t, func(*session.Session) resource.Resource { return resource.Func(test.end) })
					where, s := w.open(t)
					visitor := string(w.do("GET", "/site").Body())
					r := w.do(method, where+below+"?q=1", "Cookie: sid="+visitor, "Referer: http://example.org"+where)
					require.Equal(t, test.code, r.StatusCode())
					concealed(t, r)
					require.NotContains(t, r.String(), s.UID())
					require.NotContains(t, w.log.String(), s.UID())
					require.EqualValues(t, 1, w.Sessions.Stats().Made)
					require.EqualValues(t, 1, w.tree.Sessions.Stats().Made)
				})
			}
		}
	}
}

// The log of a panic is where an address would be found first.
func TestTheLogHasNoAddress(t *testing.T) {
	w := newWorld(t, func(*session.Session) resource.Resource { return resource.Func(func(*resource.Request) { panic("x") }) })
	where, s := w.open(t)
	spelled := "/cursors/%" + fmt.Sprintf("%x", s.UID()[0]) + s.UID()[1:]
	for _, path := range []string{where, where + "/a", where + "/" + s.UID(), "http://example.org" + where, spelled} {
		was := w.log.entries()
		require.Equal(t, 500, w.code("GET", path))
		require.Equal(t, was+1, w.log.entries())
	}
	require.NotContains(t, w.log.String(), s.UID()[1:])
	require.Equal(t, 5, strings.Count(w.log.String(), "path=/cursors/*"))
	require.Contains(t, w.log.String(), "path=/cursors/*/a")
}

func TestAbuse(t *testing.T) {
	w := newWorld(t, plain)
	where, s := w.open(t)
	id := s.UID()
	flipped := "A" + id[1:]
	if id[0] == 'A' {
		flipped = "B" + id[1:]
	}
	for name, test := range map[string]struct {
		path string
		code int
	}{
		"dots":                    {"/cursors/..", 404},
		"escaped dots":            {"/cursors/%2e%2e", 404},
		"a dot":                   {"/cursors/.", 404},
		"dots to it":              {"/cursors/../cursors/" + id, 404},
		"dots after it":           {where + "/..", 404},
		"empty":                   {"/cursors//", 404},
		"empty before it":         {"/cursors//" + id, 404},
		"a slash":                 {"/cursors/%2F", 404},
		"a slash in it":           {"/cursors/" + id[:8] + "%2F" + id[8:], 404},
		"a slash after it":        {"/cursors/" + id + "%2F", 404},
		"NUL":                     {"/cursors/%00", 400},
		"NUL after it":            {where + "%00", 400},
		"a bad escape":            {where + "%zz", 400},
		"a bad escape at the end": {where + "%4", 400},
		"10 kB":                   {"/cursors/" + strings.Repeat("A", 10<<10), 404},
		"10 kB after it":          {where + strings.Repeat("A", 10<<10), 404},
		"10 kB of escapes":        {"/cursors/" + strings.Repeat("%41", 10<<10/3), 404},
		"10 kB of slashes":        {"/cursors" + strings.Repeat("/", 10<<10), 404},
		"a letter less":           {where[:len(where)-1], 404},
		"a letter more":           {where + "A", 404},
		"other letters":           {"/cursors/" + flipped, 404},
		"twice":                   {where + id, 404},
		"padding":                 {where + "==", 404},
		"a blank":                 {where + "%20", 404},
		"a line end":              {where + "%0A", 404},
		"a line end within":       {"/cursors/" + id[:8] + "%0D%0A" + id[8:], 404},
		"high bytes":              {"/cursors/%ff%fe%80", 404},
		"a parameter":             {where + ";x=1", 404},
		"bits that are not there": {where[:len(where)-1] + string(id[len(id)-1]+1), 404},
		"escaped":                 {"/cursors/%" + fmt.Sprintf("%02x", id[0]) + id[1:], 200},
		"escaped twice":           {"/cursors/%25" + fmt.Sprintf("%02x", id[0]) + id[1:], 404},
	} {
		t.Run(name, func(t *testing.T) {
			for _, method := range []string{"GET", "HEAD"} {
				r := w.do(method, test.path)
				require.Equal(t, test.code, r.StatusCode())
				require.NotContains(t, r.String(), id)
				require.False(t, setCookie(r))
			}
			if test.code != 200 {
				require.Equal(t, test.code, w.code("DELETE", test.path))
			}
			require.Equal(t, session.Alive, s.Reason())
			require.EqualValues(t, 1, w.Sessions.Stats().Made)
			require.Zero(t, w.log.entries(), w.log.String())
		})
	}
}
