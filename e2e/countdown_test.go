package e2e_test

import (
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// left asks countdown for the time that the visitor's session has left.
func left(t *testing.T, visitor jar, url string) (time.Duration, answer) {
	t.Helper()
	a := visitor.get(url + "/left")
	require.Equal(t, 200, a.StatusCode)
	require.Equal(t, "no-store", a.Header.Get("Cache-Control"))
	require.Empty(t, a.Header.Values("Set-Cookie"), "asking makes no session")
	ms, err := strconv.Atoi(a.body)
	require.NoError(t, err)
	return time.Duration(ms) * time.Millisecond, a
}

// slack is what is lost or won by counting in milliseconds.
const slack = 2 * time.Millisecond

func TestAskingForTheTimeLeftDoesNotKeepTheSession(t *testing.T) {
	t.Parallel()
	const timeout = 1500 * time.Millisecond
	p := start(t, "countdown", "-timeout", timeout.String())
	visitor, url := newJar(t), p.url(0)
	none, _ := left(t, visitor, url)
	require.Zero(t, none, "there is no session yet")
	require.Equal(t, 410, visitor.get(url+"/stay", "--data", "").StatusCode, "nor anything to keep")

	page := visitor.get(url)
	uid := page.given(t).Value
	before := timeout
	eventually(t, "the session ends", func() bool {
		now, a := left(t, visitor, url)
		require.LessOrEqual(t, now, before, "it only gets less")
		require.LessOrEqual(t, now, max(0, timeout-a.before.Sub(page.after))+slack)
		before = now
		if now == 0 {
			require.GreaterOrEqual(t, a.after.Sub(page.before)+slack, timeout)
		}
		return now == 0
	})

	late := visitor.get(url+"/stay", "--data", "")
	require.Equal(t, 410, late.StatusCode, "it is too late")
	require.Empty(t, late.Header.Values("Set-Cookie"))
	require.NotEqual(t, uid, visitor.get(url).given(t).Value)
	require.Empty(t, p.end(syscall.SIGTERM))
}

func TestStayingGivesTheWholeTimeAgain(t *testing.T) {
	t.Parallel()
	const timeout = time.Hour
	p := start(t, "countdown", "-timeout", timeout.String())
	visitor, url := newJar(t), p.url(0)
	visitor.get(url).given(t)
	eventually(t, "some of the time has passed", func() bool {
		now, _ := left(t, visitor, url)
		return now < timeout-500*time.Millisecond
	})

	stay := visitor.get(url+"/stay", "--data", "")
	require.Equal(t, 204, stay.StatusCode)
	require.Empty(t, stay.Header.Values("Set-Cookie"))
	now, a := left(t, visitor, url)
	require.GreaterOrEqual(t, now, timeout-a.after.Sub(stay.before)-slack)
	require.LessOrEqual(t, now, timeout+slack)
}
