package e2e_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestJobOutlivesTheTimeout(t *testing.T) {
	t.Parallel()
	const timeout, work = 500 * time.Millisecond, 3 * time.Second
	const none = "You have no session. POST here to start the work.\n"
	p := start(t, "job", "-timeout", timeout.String(), "-work", "3")
	visitor, url := newJar(t), p.url(0)
	require.Equal(t, none, visitor.get(url).body)

	begin := visitor.get(url, "--data", "")
	require.Equal(t, 202, begin.StatusCode)
	begin.given(t)
	eventually(t, "the session ends", func() bool {
		a := visitor.get(url)
		require.Empty(t, a.Header.Values("Set-Cookie"), "looking makes no session")
		if a.body == none {
			require.GreaterOrEqual(t, a.after.Sub(begin.before), work+timeout, "it was held while the work lasted")
			return true
		}
		require.Regexp(t, `^[0-3] of 3 seconds done; the session has \d.* left\.\n$`, a.body)
		return false
	})
	const ended = "A session has ended: idle"
	require.GreaterOrEqual(t, p.hears(ended).at.Sub(begin.before), work+timeout)
	require.Equal(t, []string{ended}, p.end(syscall.SIGTERM))
}
