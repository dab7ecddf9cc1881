package drills_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Sessions end, and all the processes that share them agree about it.
func TestProcesses(t *testing.T) {
	onEach(t, func(t *testing.T, name string) {
		sc := stage(t, name, 0)
		const timeout = 10 * time.Second
		sessions := 9_000
		if name == "SQLite" { // one process writes at a time, and slowly with -race
			sessions = 1_500
		}
		t.Run("none is disturbed", func(t *testing.T) {
			c := sc.fresh(timeout).gather(t, 3, sessions)
			c.requireOnce(t)
		})
		for _, test := range []struct {
			name string
			kill int
		}{
			{"one of three is killed", 1},
			{"two of three are killed", 2},
		} {
			t.Run(test.name, func(t *testing.T) {
				c := sc.fresh(timeout).gather(t, 3, sessions)
				until(t, "sessions are ending", func() bool { return c.begun() > len(c.born)/20 })
				c.kill(t, test.kill)
				v := c.judge(t)
				require.Equal(t, verdict{once: v.once, again: v.again}, v)
			})
		}
	}, "PostgreSQL", "MariaDB", "SQLite")
}
