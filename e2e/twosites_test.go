package e2e_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTwoSitesKeepTheirSessionsApart(t *testing.T) {
	t.Parallel()
	p := start(t, "two-sites", "-addr2", "127.0.0.1:0", "-hasty", "1h", "-patient", "2h")
	hasty, patient := p.url(0), p.url(1)
	visitor := newJar(t)
	const bodyHasty = "hasty: one of 1 sessions here, which last 1h0m0s.\n"
	const bodyPatient = "patient: one of 1 sessions here, which last 2h0m0s.\n"

	a := visitor.get(hasty)
	require.Equal(t, bodyHasty, a.body)
	require.Equal(t, "hasty", a.given(t).Name)
	a = visitor.get(patient)
	require.Equal(t, bodyPatient, a.body)
	require.Equal(t, "patient", a.given(t).Name)
	inJar := visitor.cookies()
	require.Len(t, inJar, 2)
	require.NotEqual(t, visitor.uid("hasty"), visitor.uid("patient"))

	for range 2 { // either site gets both cookies, as they are of one host
		for url, body := range map[string]string{hasty: bodyHasty, patient: bodyPatient} {
			a := visitor.get(url)
			require.Equal(t, body, a.body)
			require.Empty(t, a.Header.Values("Set-Cookie"))
		}
	}
	require.Equal(t, inJar, visitor.cookies())

	a = get(t, patient, "--cookie", "patient="+visitor.uid("hasty"))
	require.Contains(t, a.body, "one of 2 sessions", "a session of one site is unknown to the other")
	a.given(t)

	require.ElementsMatch(t, []string{
		"hasty: a session has ended (shutdown)",
		"patient: a session has ended (shutdown)",
		"patient: a session has ended (shutdown)",
	}, p.end(syscall.SIGTERM))
}

func TestTwoSitesEndTheirSessionsEachInItsTime(t *testing.T) {
	t.Parallel()
	p := start(t, "two-sites", "-addr2", "127.0.0.1:0", "-hasty", "300ms", "-patient", "900ms")
	visitor := newJar(t)
	for site, timeout := range []time.Duration{300 * time.Millisecond, 900 * time.Millisecond} {
		a := visitor.get(p.url(site))
		end := p.hears(a.given(t).Name + ": a session has ended (idle)")
		require.GreaterOrEqual(t, end.at.Sub(a.before), timeout)
	}
	require.Len(t, p.end(syscall.SIGTERM), 2)
}
