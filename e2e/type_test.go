package e2e_test

import (
	"testing"

	"github.com/spindleweb/spindle/resource/rpc"
)

func TestEveryTypeBothWays(t *testing.T) {
	t.Parallel()
	clients := map[string]func(t *testing.T, script string, args ...string) []string{"types.py": python, "types.pl": perl}
	for name, dialect := range map[string]rpc.Dialect{"OSE": rpc.OSE, "AstroGrid": rpc.AstroGrid} {
		for extensions, extended := range map[string]bool{"extended": true, "plain": false} {
			for script, run := range clients {
				t.Run(name+" "+extensions+" "+script, func(t *testing.T) {
					t.Parallel()
					e := serveEcho(t, rpc.Gateway{Dialect: dialect, I8: extended, Nil: extended}, nil)
					run(t, script, e.url+"xmlrpc", name, extensions)
				})
			}
		}
	}
}
