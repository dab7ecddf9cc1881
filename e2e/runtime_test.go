package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// startRuntime starts the example without a connection file.
func startRuntime(t *testing.T, args ...string) *program {
	t.Helper()
	return start(t, "runtime", append([]string{"-connection-file", ""}, args...)...)
}

// showsNone requires that nothing a program has printed has one of the ids.
func (p *program) showsNone(ids ...string) {
	p.t.Helper()
	printed := strings.Join(slices.Concat(p.stdout.text(), p.stderr.text()), "\n")
	for _, id := range ids {
		require.Len(p.t, id, 22)
		require.NotContains(p.t, printed, id)
	}
}

func TestTheSessionManagerServesPython(t *testing.T) {
	t.Parallel()
	p := startRuntime(t)
	ids := python(t, "sessions.py", p.url(0)+"/xmlrpc")
	require.Greater(t, len(ids), 10)
	said := p.end(syscall.SIGTERM)
	require.Len(t, said, len(ids), "each has ended once")
	slices.Sort(said)
	const disposed = "A session has ended: expired"
	require.Equal(t, slices.Concat(slices.Repeat([]string{disposed}, 3), slices.Repeat([]string{runtimeEnded}, len(ids)-3)), said)
	p.showsNone(ids...)
}

func TestTheRuntimeHasRoomForSoManySessions(t *testing.T) {
	t.Parallel()
	p := startRuntime(t, "-limit", "2")
	sm := p.url(0) + "/builtin/sessionManager/"
	create := func() answer { return get(t, sm+"createNewSession/plain?inactivityTimeout=10") }
	first, second := create(), create()
	for range 3 {
		full := create()
		require.Equal(t, 503, full.StatusCode)
		require.NotEmpty(t, full.Header.Get("Retry-After"))
		require.Regexp(t, "^ServiceException: .*too many sessions$", full.body)
	}
	require.Equal(t, "OK", get(t, sm+"dispose/plain?sessionId="+first.body).body)
	third := create()
	require.Equal(t, 200, third.StatusCode)
	for id, lives := range map[string]string{"default": "true", first.body: "false", second.body: "true", third.body: "true"} {
		require.Equal(t, lives, get(t, sm+"exists/plain?sessionId="+id).body)
	}
	p.end(syscall.SIGTERM)
	p.showsNone(first.body, second.body, third.body)
}

// A proxy that takes a prefix off the path is what a server is behind that has
// its host for itself no longer. Clients go on by the URLs that they are given.
func TestTheRuntimeBehindAProxy(t *testing.T) {
	t.Parallel()
	var behind atomic.Pointer[url.URL]
	var calls atomic.Int32
	proxy := httptest.NewServer(http.StripPrefix("/ar", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		calls.Add(1)
		r.SetURL(behind.Load())
	}}))
	t.Cleanup(proxy.Close)
	for name, base := range map[string]string{"with a slash": proxy.URL + "/ar/", "without": proxy.URL + "/ar"} {
		file := filepath.Join(t.TempDir(), "connection")
		p := start(t, "runtime", "-connection-file", file, "-url", base)
		to, err := url.Parse(p.url(0))
		require.NoError(t, err)
		behind.Store(to)
		calls.Store(0)

		given, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, proxy.URL+"/ar/\n", string(given), name)
		python(t, "sessions.py", strings.TrimSpace(string(given))+"xmlrpc")
		require.Greater(t, calls.Load(), int32(50), "it went through the proxy")

		page := curl(t, proxy.URL+"/ar/")
		require.Contains(t, string(page), `href="./astrogrid"`, "links are the proxy's too")
		sm := proxy.URL + "/ar/builtin/sessionManager/"
		id := get(t, sm+"createNewSession/plain?inactivityTimeout=10").body
		mine := get(t, sm+"findHttpSession/plain?sessionId="+id).body
		require.Equal(t, proxy.URL+"/ar/session/"+id+"/", mine)
		require.Equal(t, "false", get(t, mine+"astrogrid/community/isLoggedIn/plain").body)
		p.end(syscall.SIGTERM)
		p.showsNone(id)
	}
}

// runtimeIdle is what runtime says when nobody has used a session.
const runtimeIdle = "A session has ended: idle"

// hasty is how long a session lives that is opened for 0.02 minutes.
const hasty = 1200 * time.Millisecond

func TestAskingWhetherASessionExistsDoesNotKeepIt(t *testing.T) {
	t.Parallel()
	p := startRuntime(t)
	sm := p.url(0) + "/builtin/sessionManager/"
	created := get(t, sm+"createNewSession/plain?inactivityTimeout=0.02")
	var last answer
	eventually(t, "the session has ended", func() bool {
		last = get(t, sm+"exists/plain?sessionId="+created.body)
		return last.body == "false"
	})
	require.GreaterOrEqual(t, last.after.Sub(created.before), hasty)
	require.GreaterOrEqual(t, p.hears(runtimeIdle).at.Sub(created.before), hasty)
	require.Equal(t, []string{runtimeIdle}, p.end(syscall.SIGTERM), "it has ended once")
	p.showsNone(created.body)
}

func TestCallsKeepASessionUntilTheyStop(t *testing.T) {
	t.Parallel()
	p := startRuntime(t)
	sm := p.url(0) + "/builtin/sessionManager/"

	// A machine may be so slow that two calls are further apart than the timeout.
	// The session may end then, and the next one is to live long.
	ended := 0
	var last time.Time
	eventually(t, "a session has lived for three times its timeout", func() bool {
		created := get(t, sm+"createNewSession/plain?inactivityTimeout=0.02")
		mine := get(t, sm+"findHttpSession/plain?sessionId="+created.body).body
		last = created.before
		for last.Sub(created.after) <= 3*hasty {
			a := get(t, mine+"astrogrid/community/isLoggedIn/plain")
			if a.StatusCode == 404 {
				require.GreaterOrEqual(t, a.after.Sub(last), hasty, "it was called all the time")
				ended++
				return false
			}
			require.Equal(t, "false", a.body)
			last = a.before
		}
		return true
	})
	want := slices.Repeat([]string{runtimeIdle}, ended+1)
	eventually(t, "all have ended", func() bool { return len(p.said()) == len(want) })
	lines := p.stdout.lines()
	require.GreaterOrEqual(t, lines[len(lines)-1].at.Sub(last), hasty, "since the last call")
	require.Equal(t, want, p.end(syscall.SIGTERM))
}
