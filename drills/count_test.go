package drills_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Two processes with eight writers each count in one session, first each by a
// value of its own and then both by the same.
func TestIncrements(t *testing.T) {
	onEach(t, func(t *testing.T, name string) {
		const users = 8
		each2 := 5_000
		if name == "SQLite" {
			each2 = 1_000
		}
		sc := stage(t, name, 0).fresh(time.Hour)
		a, b := sc.launch(t, 0), sc.launch(t, 1)
		uid := a.make(1, false)[0].UID
		for _, keys := range [][2]string{{"a", "b"}, {"visits", "visits"}} {
			var counted [2]int
			each(2, 2, func(i int) {
				p := []*process{a, b}[i]
				p.tell(&counted[i], fmt.Sprintf("/increment?uid=%s&key=%s&n=%d&users=%d", uid, keys[i], each2, users), nil)
			})
			require.Equal(t, [2]int{each2, each2}, counted, "all were acknowledged")
		}
		c := sc.launch(t, 2)
		require.Equal(t, 2*each2, c.visitor("/look", uid).Visits)
		for _, key := range []string{"a", "b"} {
			var n int
			c.tell(&n, fmt.Sprintf("/value?uid=%s&key=%s", uid, key), nil)
			require.Equal(t, each2, n)
		}
		t.Logf("%d increments of two processes, all counted", 4*each2)
	}, "PostgreSQL", "MariaDB", "SQLite")
}
