package e2e_test

import (
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func expired(uid string) string { return "Session " + uid + " has expired." }

func TestTheCookieIsSetOnceAndKept(t *testing.T) {
	t.Parallel()
	p := start(t, "expiration", "-timeout", "1h")
	visitor, url := newJar(t), p.url(0)+"/logme"

	first := visitor.get(url)
	require.Equal(t, 200, first.StatusCode)
	require.Equal(t, "Your session ends 1h0m0s after your last visit.\n", first.body)
	c := first.given(t)
	require.Equal(t, "sid", c.Name)
	require.Regexp(t, `^[A-Za-z0-9_-]{22}$`, c.Value)
	require.True(t, c.HttpOnly)
	require.Equal(t, http.SameSiteLaxMode, c.SameSite)
	require.Equal(t, "/", c.Path)
	require.Empty(t, c.Domain, "for this host alone")
	require.Empty(t, c.RawExpires, "until the browser closes")
	require.Zero(t, c.MaxAge, "until the browser closes")
	require.False(t, c.Secure, "it came without TLS")
	require.Empty(t, c.Unparsed)
	inJar := map[string][]string{"sid": {"#HttpOnly_127.0.0.1", "FALSE", "/", "FALSE", "0", "sid", c.Value}}
	require.Equal(t, inJar, visitor.cookies())

	for range 3 {
		again := visitor.get(url)
		require.Equal(t, 200, again.StatusCode)
		require.Empty(t, again.Header.Values("Set-Cookie"))
		require.Equal(t, inJar, visitor.cookies())
	}
	require.Equal(t, []string{expired(c.Value)}, p.end(syscall.SIGTERM), "there was one session")
}

func TestACookieThatNamesNoSessionIsReplaced(t *testing.T) {
	t.Parallel()
	p := start(t, "expiration", "-timeout", "1h")
	url := p.url(0) + "/logme"
	live := get(t, url).given(t).Value
	uids := []string{live}
	for _, c := range []string{
		"sid=AAAAAAAAAAAAAAAAAAAAAA", // might have been one
		"sid=" + live + "A",
		"sid=" + live[:21],
		"sid=" + strings.Repeat("A", 5000),
		"sid=", "sid", "=", ";;;", "sid=../../etc/passwd", "sid=%00", "sid=\x80\xff",
		"SID=" + live, // names tell upper from lower case
		"xsid=" + live,
		"x=sid=" + live,
	} {
		a := get(t, url, "--header", "Cookie: "+c)
		require.Equal(t, 200, a.StatusCode, c)
		uid := a.given(t).Value
		require.NotContains(t, uids, uid, c)
		require.NotContains(t, c, uid, "a session whose uid its visitor made up")
		uids = append(uids, uid)
	}
	said := p.end(syscall.SIGTERM)
	require.Len(t, said, len(uids))
	for _, uid := range uids {
		require.Contains(t, said, expired(uid))
	}
}

func TestOfSeveralCookiesTheLiveOneCounts(t *testing.T) {
	t.Parallel()
	p := start(t, "expiration", "-timeout", "1h")
	url := p.url(0) + "/logme"
	live := get(t, url).given(t).Value
	for _, headers := range [][]string{
		{"sid=AAAAAAAAAAAAAAAAAAAAAA; sid=" + live},
		{"sid=" + live + "; sid=AAAAAAAAAAAAAAAAAAAAAA"},
		{"sid=" + live + "; sid=" + live},
		{"sid=; sid=x;sid=" + live},
		{`a=b; sid="` + live + `"; c=d`},
		{"sid=AAAAAAAAAAAAAAAAAAAAAA", "sid=" + live},
		{"a=b", "sid=" + live},
	} {
		var args []string
		for _, h := range headers {
			args = append(args, "--header", "Cookie: "+h)
		}
		a := get(t, url, args...)
		require.Equal(t, 200, a.StatusCode)
		require.Empty(t, a.Header.Values("Set-Cookie"), "%q", headers)
	}
	require.Equal(t, []string{expired(live)}, p.end(syscall.SIGTERM), "there was one session")
}

func TestTheCookieOfAnEndedSessionIsStale(t *testing.T) {
	t.Parallel()
	p := start(t, "expiration", "-timeout", "100ms")
	visitor, url := newJar(t), p.url(0)+"/logme"
	visitor.get(url)
	stale := visitor.uid("sid")
	p.hears(expired(stale))

	visitor.get(url).given(t)
	fresh := visitor.uid("sid")
	require.NotEqual(t, stale, fresh)
	p.hears(expired(fresh))

	both := get(t, url, "--header", "Cookie: sid="+stale+"; sid="+fresh).given(t).Value
	require.NotContains(t, []string{stale, fresh}, both)
	require.Equal(t, []string{expired(stale), expired(fresh), expired(both)}, p.end(syscall.SIGTERM))
}
