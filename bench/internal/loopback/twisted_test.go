package loopback

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseTwisted(t *testing.T) {
	for line, ok := range map[string]bool{
		"22.4.0 3.11.2 40123 TWISTED_SESSION\n": true,
		"22.4.0 3.11.2 70000 TWISTED_SESSION\n": false,
		"22.4.0 3.11.2 0 TWISTED_SESSION\n":     false,
		"22.4.0 3.11.2 x TWISTED_SESSION\n":     false,
		"22.4.0 40123\n":                        false,
		"":                                      false,
	} {
		s := new(server)
		err := s.parse(line)
		require.Equal(t, ok, err == nil, line)
		if ok {
			require.Equal(t, server{version: "22.4.0, Python 3.11.2", addr: "127.0.0.1:40123", cookie: "TWISTED_SESSION"}, *s)
		}
	}
}

func TestNoTwisted(t *testing.T) {
	_, err := startTwisted(t.Context(), []string{"/nonexistent/python3"})
	require.ErrorIs(t, err, errNoTwisted)
}
