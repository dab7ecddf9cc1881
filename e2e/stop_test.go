package e2e_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A process that does not run for a while is what a laptop that was closed is
// like: all sessions are overdue when it wakes up.
func TestSessionsEndOnceAfterTheProcessWasStopped(t *testing.T) {
	t.Parallel()
	const timeout = time.Second
	p := start(t, "expiration", "-timeout", timeout.String())
	url := p.url(0) + "/logme"
	conn, answers := dial(t, p)
	begun := make(map[string]time.Time)
	var last string
	for range 5 {
		a := get(t, url)
		last = a.given(t).Value
		begun[last] = a.before
	}

	p.signal(syscall.SIGSTOP)
	stopped := time.Now()
	eventually(t, "the sessions are overdue", func() bool { return time.Since(stopped) > 2*timeout })
	ask(t, conn, last) // the first thing that it sees when it wakes up
	p.signal(syscall.SIGCONT)

	late := answer{Response: receive(t, answers)}
	require.Equal(t, 200, late.StatusCode)
	fresh := late.given(t).Value
	require.NotContains(t, begun, fresh, "an overdue session is not revived")
	begun[fresh] = stopped.Add(2 * timeout)

	var each []string
	for uid, before := range begun {
		each = append(each, expired(uid))
		require.GreaterOrEqual(t, p.hears(expired(uid)).at.Sub(before), timeout)
	}
	require.ElementsMatch(t, each, p.end(syscall.SIGTERM), "each has ended once")
}
