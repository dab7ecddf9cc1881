package e2e_test

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheRootLeadsToThePage(t *testing.T) {
	t.Parallel()
	p := start(t, "expiration", "-timeout", "1h")
	root := p.url(0)

	a := get(t, root+"/")
	require.Equal(t, 302, a.StatusCode)
	require.Equal(t, "/logme", a.Header.Get("Location"))
	require.Empty(t, a.Header.Values("Set-Cookie"), "no session is needed for that")
	out := curl(t, "--location", "--output", "/dev/null", "--write-out", "%{http_code} %{url_effective}", root+"/")
	require.Equal(t, "200 "+root+"/logme", string(out))

	require.Equal(t, 404, get(t, root+"/nothing").StatusCode)
	require.Len(t, p.end(syscall.SIGTERM), 1, "only the page makes sessions")
}

func TestOnlyWhatThePageHasIsAllowed(t *testing.T) {
	t.Parallel()
	p := start(t, "expiration", "-timeout", "1h")
	url := p.url(0) + "/logme"
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		a := get(t, url, "--request", method, "--data", "x=y")
		require.Equal(t, 405, a.StatusCode, method)
		require.Equal(t, []string{"GET, HEAD, OPTIONS"}, a.Header.Values("Allow"), method)
		require.Empty(t, a.Header.Values("Set-Cookie"), method)
	}
	a := get(t, url, "--request", "OPTIONS")
	require.Equal(t, []string{"GET, HEAD, OPTIONS"}, a.Header.Values("Allow"))
	require.Empty(t, p.said())

	a = get(t, url, "--head")
	require.Equal(t, 200, a.StatusCode)
	require.Equal(t, int64(len(get(t, url).body)), a.ContentLength, "of what GET would have got")
	require.Len(t, p.end(syscall.SIGTERM), 2, "HEAD is GET without the body, and GET was the other")
}
