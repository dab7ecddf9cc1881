package e2e_test

import (
	"encoding/base64"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/guard"
	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/stretchr/testify/require"
)

func TestBasicAuthentication(t *testing.T) {
	t.Parallel()
	e := serveEcho(t, rpc.Gateway{}, func(r resource.Resource) resource.Resource {
		return &guard.Basic{Resource: r, Realm: `the "echo"`, Check: guard.Users(map[string]string{"eva": "päss:word"})}
	})
	for name, args := range map[string][]string{
		"nobody":                {},
		"an unknown user":       {"--user", "ivo:päss:word"},
		"no password":           {"--user", "eva:"},
		"another password":      {"--user", "eva:päss"},
		"another scheme":        {"--header", "Authorization: Bearer " + base64.StdEncoding.EncodeToString([]byte("eva:päss:word"))},
		"what is no base64":     {"--header", "Authorization: Basic eva:päss:word"},
		"a call, not logged in": {"--header", "Content-Type: text/xml", "--data", "<methodCall/>"},
	} {
		a := get(t, e.url+"echo/user/plain", args...)
		require.Equal(t, 401, a.StatusCode, name)
		require.Equal(t, `Basic realm="the \"echo\"", charset="UTF-8"`, a.Header.Get("WWW-Authenticate"), name)
	}
	a := get(t, e.url+"echo/user/plain", "--user", "eva:päss:word")
	require.Equal(t, 200, a.StatusCode)
	require.Equal(t, "eva", a.body)

	python(t, "basic.py", e.url+"xmlrpc", "eva", "päss:word")
	perl(t, "basic.pl", e.url+"xmlrpc", `the "echo"`, "eva", "päss:word")
}
