package e2e_test

import (
	"strings"
	"testing"

	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/spindleweb/spindle/resource/rpc/sessionmanager"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/site"
	"github.com/stretchr/testify/require"
)

func TestTheAccessLogHasNoSecrets(t *testing.T) {
	t.Parallel()
	rt := new(sessionmanager.Runtime)
	rt.PerSession = func(*session.Session) []*rpc.Service { return []*rpc.Service{new(echo).service()} }
	s := site.New(rt)
	s.Managers = rt.Managers()
	var log logText
	s.AccessLog = &log
	url := serve(t, s)
	sm := url + "builtin/sessionManager/"

	id := get(t, sm+"createNewSession/plain?inactivityTimeout=10").body
	mine := get(t, sm+"findHttpSession/plain?sessionId="+id).body
	require.Equal(t, "a", get(t, mine+"echo/echo/plain?value=a").body)
	require.Equal(t, "a", get(t, mine+"echo/echo/plain", "--data", "value=a").body)
	require.Equal(t, 200, get(t, mine).StatusCode)
	require.Equal(t, 404, get(t, mine+"missing").StatusCode)
	require.Equal(t, "3", newJSONClient(t, mine).call("echo.sum", list{2}))
	require.Equal(t, 204, get(t, strings.TrimSuffix(mine, "/"), "--request", "DELETE").StatusCode)
	require.Equal(t, 404, get(t, mine).StatusCode)
	eventually(t, "all is in the log", func() bool { return strings.Count(log.String(), "\n") == 9 })
	require.Equal(t, 7, strings.Count(log.String(), "/session/*"), "%s", &log)
	require.NotContains(t, log.String(), id)
	require.NotContains(t, log.String(), "value=a")
}
