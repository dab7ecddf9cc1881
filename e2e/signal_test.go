package e2e_test

import (
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestASignalEndsTheProgramAndItsSessions(t *testing.T) {
	t.Parallel()
	all := map[string]struct {
		sites int
		args  []string
		visit string
		ask   []string
		says  []string // for each visitor; UID is its session's
	}{
		"countdown":  {sites: 1, args: []string{"-timeout", "1h"}},
		"counter":    {sites: 1, args: []string{"-timeout", "1h"}},
		"expiration": {sites: 1, args: []string{"-timeout", "1h"}, visit: "/logme", says: []string{expired("UID")}},
		"job": {
			sites: 1,
			args:  []string{"-timeout", "1h", "-work", "3600"},
			ask:   []string{"--data", ""}, // is a POST
			says:  []string{"A session has ended: shutdown"},
		},
		"two-sites": {
			sites: 2,
			args:  []string{"-addr2", "127.0.0.1:0", "-hasty", "1h", "-patient", "1h"},
			says:  []string{"hasty: a session has ended (shutdown)", "patient: a session has ended (shutdown)"},
		},
	}
	for name, example := range all {
		for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
			t.Run(name+" "+sig.String(), func(t *testing.T) {
				t.Parallel()
				p := start(t, name, example.args...)
				want := []string{}
				for range 3 {
					uid := ""
					for site := range example.sites {
						uid = get(t, p.url(site)+example.visit, example.ask...).given(t).Value
					}
					for _, l := range example.says {
						want = append(want, strings.ReplaceAll(l, "UID", uid))
					}
				}
				require.Empty(t, p.said(), "before the signal")
				require.ElementsMatch(t, want, p.end(sig))
			})
		}
	}
}

func TestASignalBeforeAnyVisitEndsTheProgram(t *testing.T) {
	t.Parallel()
	p := start(t, "expiration")
	p.url(0)
	require.Empty(t, p.end(syscall.SIGINT))
}

// Browsers keep their connections for the next request, which must not keep
// the program.
func TestASignalEndsTheProgramInSpiteOfAnIdleConnection(t *testing.T) {
	t.Parallel()
	p := start(t, "expiration", "-timeout", "1h")
	conn, answers := dial(t, p)
	ask(t, conn, "")
	a := receive(t, answers)
	uid := answer{Response: a}.given(t).Value
	require.False(t, a.Close)
	require.Equal(t, []string{expired(uid)}, p.end(syscall.SIGTERM))
	_, err := answers.ReadByte()
	require.ErrorIs(t, err, io.EOF, "the server has closed it")
}
