package drills_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// While the disk is full nothing is taken that could not be kept, and what was
// taken before is there afterwards.
func TestFullDisk(t *testing.T) {
	const visitors, size = 8, 100_000
	onEach(t, func(t *testing.T, name string) {
		sc := stage(t, name, 512<<20).fresh(time.Hour)
		sc.orders.Patience = 3 * time.Second
		w := sc.launch(t, 0)
		all := w.make(visitors, false)
		last := make([]int, visitors) // what was acknowledged
		sent := 0
		write := func(i int) int {
			sent++
			r := w.visitor(fmt.Sprintf("/fill?size=%d&last=%d", size+sent, sent), all[i].UID)
			if r.code == 200 {
				last[i] = sent
			}
			return r.code
		}
		for i := range all {
			require.Equal(t, 200, write(i))
		}

		require.NoError(t, sc.server.FillDisk())
		refused := 0
		until(t, "writes are refused", func() bool {
			for i := range all {
				if code := write(i); code != 200 {
					require.Equal(t, 503, code)
					refused++
				}
			}
			return refused >= 3*visitors
		})
		full := sent
		for i, b := range all {
			r := w.visitor("/look", b.UID)
			require.Equal(t, 200, r.code)
			require.GreaterOrEqual(t, r.Last, last[i])
		}

		require.NoError(t, sc.server.FreeDisk())
		require.NoError(t, sc.server.Start())
		until(t, "the process has its database", func() bool { return !w.stats().Store.Down })
		other := sc.launch(t, 1)
		for i, b := range all {
			for _, p := range []*process{w, other} {
				r := p.visitor("/look", b.UID)
				require.Equal(t, 200, r.code)
				require.Equal(t, b.Number, r.Number)
				require.GreaterOrEqual(t, r.Last, last[i])
				require.LessOrEqual(t, r.Last, full)
			}
			require.Equal(t, 200, write(i))
			require.Equal(t, last[i], w.visitor("/look", b.UID).Last)
		}
		t.Logf("%d writes, %d of them refused, no acknowledged one lost", sent, refused)
	}, "PostgreSQL", "MariaDB")
}
