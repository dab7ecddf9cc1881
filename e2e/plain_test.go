package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/stretchr/testify/require"
)

func TestPagesListWhatThereIs(t *testing.T) {
	t.Parallel()
	p := startRuntime(t)
	for path, links := range map[string][]string{
		"/":                                  {`"./astrogrid"`, `"./builtin"`},
		"/builtin":                           {`"./builtin/configuration"`, `"./builtin/sessionManager"`},
		"/builtin/":                          {`"./configuration"`, `"./sessionManager"`},
		"/astrogrid/community":               {`"./community/login"`, `"./community/logout"`, `"./community/isLoggedIn"`},
		"/astrogrid/community/login":         {`"./login/html"`, `"username"`, `type="password"`},
		"/builtin/sessionManager/":           {`"./createNewSession"`, `"./dispose"`, `"./exists"`, `"./findHttpSession"`, `"./findXmlRpcSession"`},
		"/builtin/sessionManager/exists":     {`"./exists/html"`, `"sessionId"`},
		"/session/nobody":                    nil,
		"/session/":                          nil,
		"/missing":                           nil,
		"/builtin/sessionManager/missing":    nil,
		"/builtin.sessionManager":            nil,
		"/builtin/sessionManager/exists/xml": nil,
	} {
		a := get(t, p.url(0)+path)
		if links == nil {
			require.Equal(t, 404, a.StatusCode, path)
			continue
		}
		require.Equal(t, 200, a.StatusCode, path)
		require.Equal(t, "text/html; charset=utf-8", a.Header.Get("Content-Type"), path)
		for _, l := range links {
			require.Contains(t, a.body, l, path)
		}
	}
	p.end(syscall.SIGTERM)
}

func TestPlainCalls(t *testing.T) {
	t.Parallel()
	p := startRuntime(t)
	sm, conf := p.url(0)+"/builtin/sessionManager/", p.url(0)+"/builtin/configuration/"

	id := get(t, sm+"createNewSession/plain", "--data", "inactivityTimeout=10").body
	mine := get(t, sm+"findHttpSession/plain?sessionId="+id).body
	require.Equal(t, p.url(0)+"/session/"+id+"/", mine)
	require.Equal(t, mine+"xmlrpc", get(t, sm+"findXmlRpcSession/plain?sessionId="+id).body)
	community := mine + "astrogrid/community/"
	in := get(t, community+"login/plain", "--data", "username=username&community=community", "--data-urlencode", "password=password")
	require.Equal(t, 200, in.StatusCode)
	require.Equal(t, "OK", in.body)
	require.Equal(t, "text/plain; charset=utf-8", in.Header.Get("Content-Type"))
	require.Equal(t, "no-referrer", in.Header.Get("Referrer-Policy"))
	require.Equal(t, "no-store", in.Header.Get("Cache-Control"))
	require.Empty(t, in.Header.Values("Set-Cookie"))
	require.Equal(t, "true", get(t, community+"isLoggedIn/plain").body)
	require.JSONEq(t, `{"id": "ivo://community/username", "name": "username", "community": "community"}`,
		get(t, community+"getUserInformation/plain").body)
	require.Equal(t, "false", get(t, p.url(0)+"/astrogrid/community/isLoggedIn/plain").body)
	require.Equal(t, "null", get(t, p.url(0)+"/astrogrid/community/getUserInformation/plain").body)

	require.Equal(t, "true", get(t, conf+"setKey/plain", "--data", "key=a", "--data-urlencode", "value=<ü & 🧵>").body)
	require.Equal(t, "<ü & 🧵>", get(t, conf+"getKey/plain?key=a").body)
	require.Equal(t, `["a"]`, get(t, conf+"listKeys/plain").body)
	page := get(t, conf+"getKey/html?key=a")
	require.Equal(t, "text/html; charset=utf-8", page.Header.Get("Content-Type"))
	require.Contains(t, page.body, "&lt;ü &amp; 🧵&gt;</pre>")

	head := get(t, sm+"createNewSession/plain?inactivityTimeout=10", "--head")
	require.Equal(t, 200, head.StatusCode)
	require.Len(t, p.end(syscall.SIGTERM), 1, "HEAD opens no session")
	p.showsNone(id)
}

func TestWhatPlainCallsAreRefusedWith(t *testing.T) {
	t.Parallel()
	p := startRuntime(t)
	root := p.url(0) + "/"
	for name, c := range map[string]struct {
		path   string
		args   []string
		status int
		text   string
	}{
		"unknown id":         {"builtin/sessionManager/findHttpSession/plain?sessionId=nobody", nil, 400, "InvalidArgumentException: there is no such session"},
		"no parameter":       {"builtin/sessionManager/findHttpSession/plain", nil, 400, `There is no parameter "sessionId".`},
		"unknown parameter":  {"builtin/sessionManager/exists/plain?sessionId=a&b=c", nil, 400, `There is a parameter "b", which is not known.`},
		"no number":          {"builtin/sessionManager/createNewSession/plain?inactivityTimeout=ten", nil, 400, "InvalidArgumentException: "},
		"wrong password":     {"astrogrid/community/login/plain", []string{"--data", "username=a&password=b&community=c"}, 403, "SecurityException: user or password are wrong"},
		"no such function":   {"builtin/sessionManager/missing/plain", nil, 404, ""},
		"no such session":    {"session/AAAAAAAAAAAAAAAAAAAAAA/astrogrid/community/isLoggedIn/plain", nil, 404, ""},
		"another site":       {"builtin/configuration/listKeys/plain", []string{"--header", "Sec-Fetch-Site: cross-site"}, 403, "A page of another site"},
		"another subdomain":  {"builtin/configuration/listKeys/plain", []string{"--header", "Sec-Fetch-Site: same-site"}, 403, "A page of another site"},
		"another origin":     {"builtin/configuration/listKeys/plain", []string{"--header", "Origin: http://elsewhere.example"}, 403, "A page of another site"},
		"the same site":      {"builtin/configuration/listKeys/plain", []string{"--header", "Sec-Fetch-Site: same-origin"}, 200, "[]"},
		"typed by a person":  {"builtin/configuration/listKeys/plain", []string{"--header", "Sec-Fetch-Site: none"}, 200, "[]"},
		"text":               {"builtin/configuration/listKeys/plain", []string{"--header", "Content-Type: text/plain", "--data", "a"}, 415, ""},
		"text for a gateway": {"", []string{"--header", "Content-Type: text/plain", "--data", `{"jsonrpc":"2.0","method":"builtin.configuration.listKeys","id":1}`}, 415, ""},
		"a form":             {"xmlrpc", []string{"--data", "a=b"}, 415, ""},
		"JSON for XML":       {"xmlrpc", []string{"--json", "{}"}, 415, ""},
		"another method":     {"builtin/configuration/listKeys/plain", []string{"--request", "PUT", "--data", ""}, 405, ""},
		"a default session":  {"", []string{"--request", "DELETE"}, 405, ""},
	} {
		a := get(t, root+c.path, c.args...)
		require.Equal(t, c.status, a.StatusCode, "%s: %s", name, a.body)
		require.Contains(t, a.body, c.text, name)
	}
	p.end(syscall.SIGTERM)
}

// What curl sends as it is: calls in XML and JSON that no client would make.
func TestCallsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	e := serveEcho(t, rpc.Gateway{}, nil)
	for name, body := range map[string]string{
		"no XML":         "hello",
		"half a call":    "<methodCall><methodName>echo.echo</methodName>",
		"nothing":        "",
		"an entity":      `<!DOCTYPE a [<!ENTITY b "c">]><methodCall><methodName>echo.&b;</methodName></methodCall>`,
		"too deep":       "<methodCall><methodName>echo.echo</methodName><params><param>" + strings.Repeat("<value><array><data>", 1000),
		"an unknown tag": "<methodCall><methodName>echo.echo</methodName><params><param><value><int64>1</int64></value></param></params></methodCall>",
	} {
		a := get(t, e.url, "--header", "Content-Type: text/xml", "--data", body)
		require.Equal(t, 200, a.StatusCode, name)
		require.Contains(t, a.body, "<int>54</int>", name)
		require.Contains(t, a.body, "rpc -- Request cannot be decoded", name)
	}
	for body, code := range map[string]string{
		"{":                                   "-32700",
		"[":                                   "-32700",
		"":                                    "-32700",
		"[]":                                  "-32600",
		"1":                                   "-32600",
		"{}":                                  "-32600",
		"[1]":                                 "-32600",
		`{"jsonrpc":"2.0","method":1,"id":1}`: "-32600",
		`{"jsonrpc":"1.0","method":"echo.echo","id":1}`:                  "-32600",
		`{"jsonrpc":"2.0","method":"echo.echo","params":"a","id":1}`:     "-32600",
		`{"jsonrpc":"2.0","method":"echo.echo","params":[1],"id":{}}`:    "-32600",
		`{"jsonrpc":"2.0","method":"echo.missing","params":[1],"id":"a"`: "-32700",
	} {
		a := get(t, e.url, "--header", "Content-Type: application/json", "--data", body)
		require.Equal(t, 200, a.StatusCode, body)
		require.Contains(t, a.body, `"code":`+code, body)
		require.True(t, json.Valid([]byte(a.body)), body)
	}
	big := filepath.Join(t.TempDir(), "big")
	require.NoError(t, os.WriteFile(big, []byte(strings.Repeat("a", 1<<20+1)), 0o600))
	require.Equal(t, 413, get(t, e.url, "--header", "Content-Type: text/xml", "--header", "Expect:", "--data", "@"+big).StatusCode)
	require.Empty(t, e.log.String())
}

// A name that somebody else has lead here is not one of the runtime's.
func TestRuntimeKnowsItsNames(t *testing.T) {
	t.Parallel()
	p := startRuntime(t, "-url", "http://runtime.example/ar")
	for host, code := range map[string]int{"": 200, "localhost": 200, "runtime.example": 200, "evil.example": 421, "evil.example:8080": 421} {
		var args []string
		if host != "" {
			args = []string{"--header", "Host: " + host}
		}
		require.Equal(t, code, get(t, p.url(0)+"/builtin/configuration/list/plain", args...).StatusCode, host)
	}
	p.end(syscall.SIGTERM)
}
