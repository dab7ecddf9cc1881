package e2e_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestVisitsKeepASessionAliveUntilTheyStop(t *testing.T) {
	t.Parallel()
	const timeout = time.Second
	p := start(t, "expiration", "-timeout", timeout.String())
	visitor, url := newJar(t), p.url(0)+"/logme"

	// A machine may be so slow that two visits are further apart than the
	// timeout. The session may end then, and the next one is to live long.
	var uids []string
	var since, last time.Time
	eventually(t, "a session has lived for three times its timeout", func() bool {
		a := visitor.get(url)
		if uid := visitor.uid("sid"); len(uids) == 0 || uid != uids[len(uids)-1] {
			if len(uids) > 0 {
				require.GreaterOrEqual(t, a.after.Sub(last), timeout, "it was visited all the time")
			}
			uids, since = append(uids, uid), a.after
		}
		last = a.before
		return last.Sub(since) > 3*timeout
	})

	end := p.hears(expired(uids[len(uids)-1]))
	require.GreaterOrEqual(t, end.at.Sub(last), timeout, "since the last visit")

	var each []string
	for _, uid := range uids {
		each = append(each, expired(uid))
	}
	require.Equal(t, each, p.end(syscall.SIGTERM), "each has ended once")
}

func TestSessionsEndEachInItsTime(t *testing.T) {
	t.Parallel()
	const timeout = 700 * time.Millisecond
	p := start(t, "expiration", "-timeout", timeout.String())
	url := p.url(0) + "/logme"
	begun := make(map[string]time.Time)
	for range 10 {
		a := get(t, url)
		begun[a.given(t).Value] = a.before
	}
	require.Len(t, begun, 10)
	var each []string
	for uid, before := range begun {
		each = append(each, expired(uid))
		require.GreaterOrEqual(t, p.hears(expired(uid)).at.Sub(before), timeout)
	}
	require.ElementsMatch(t, each, p.end(syscall.SIGTERM), "each has ended once")
}
