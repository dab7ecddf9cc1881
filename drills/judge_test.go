package drills_test

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// crowd is some processes and the sessions they share.
type crowd struct {
	scene
	all   []*process
	born  []born
	last  map[int]int64 // by number: the moment before the last use
	db    *sql.DB
	count func() int // of the records that are left

	pending map[int]bool // what was not acknowledged when processes were killed
}

// gather starts processes, has them make sessions, and has each session used by
// two of them, four times and more before it would be due. Then it is silent.
func (sc scene) gather(t testing.TB, processes, sessions int, change ...func(*orders)) *crowd {
	c := &crowd{scene: sc, last: map[int]int64{}, db: sc.open(t), count: sc.left(t)}
	numbers := map[string]int{}
	for i := range processes {
		c.all = append(c.all, sc.launch(t, i, change...))
	}
	made := make([][]born, processes)
	each(processes, processes, func(i int) { made[i] = c.all[i].make(sessions/processes, true) })
	each(processes, processes, func(i int) {
		uids := new(bytes.Buffer)
		for _, b := range made[(i+1)%processes] {
			fmt.Fprintln(uids, b.UID)
		}
		c.all[i].tell(nil, "/use", uids.Bytes())
	})
	for _, some := range made {
		for _, b := range some {
			c.born = append(c.born, b)
			numbers[b.UID] = b.Number
			c.last[b.Number] = b.At
		}
	}
	for _, p := range c.all {
		var last map[string]int64
		p.tell(&last, "/silence", nil)
		for uid, at := range last {
			c.last[numbers[uid]] = max(c.last[numbers[uid]], at)
		}
	}
	return c
}

// told waits until the database knows of the last use of each session, or has
// seen its end. It has the clock of those who have used them.
func (c *crowd) told(t testing.TB) {
	t.Helper()
	until(t, "the database is told", func() bool {
		rows := c.rows(t)
		for _, b := range c.born {
			if due, here := rows[sha256.Sum256([]byte(b.UID))]; here && due < (c.last[b.Number]+int64(c.orders.Timeout))/1e6 {
				return false
			}
		}
		return true
	})
}

// rows are those of the sessions that are left, with the moments at which they
// are due, in milliseconds.
func (c *crowd) rows(t testing.TB) map[session.StoreKey]int64 {
	t.Helper()
	left := map[session.StoreKey]int64{}
	rows, err := c.db.Query(`SELECT hash, due_at FROM ` + c.table)
	require.NoError(t, err)
	for rows.Next() {
		var hash []byte
		var due int64
		require.NoError(t, rows.Scan(&hash, &due))
		left[session.StoreKey(hash)] = due
	}
	require.NoError(t, rows.Err())
	return left
}

// run is one call of OnExpire.
type run struct {
	process int
	at      int64 // when it began
	ended   bool
}

// runs reads the logs: all calls for each session.
func (c *crowd) runs(t testing.TB) map[int][]run {
	runs := make(map[int][]run)
	for i, p := range c.all {
		b, err := os.ReadFile(p.log)
		require.NoError(t, err)
		for line := range strings.Lines(string(b)) {
			var session int
			var at int64
			if _, err := fmt.Sscanf(line, "begin %d %d", &session, &at); err == nil {
				runs[session] = append(runs[session], run{process: i, at: at})
			} else if _, err := fmt.Sscanf(line, "end %d", &session); err == nil {
				all := runs[session]
				all[len(all)-1].ended = true
			}
		}
	}
	return runs
}

// begun counts the calls that a process has begun.
func (p *process) begun() int {
	b, _ := os.ReadFile(p.log)
	return bytes.Count(b, []byte("begin "))
}

// begun counts those of all processes: any may be the one that claims the most.
func (c *crowd) begun() (n int) {
	for _, p := range c.all {
		n += p.begun()
	}
	return n
}

// kill ends the first n processes, and takes note of which records were left at
// that moment: those that had been acknowledged are gone. The others stand still
// meanwhile.
func (c *crowd) kill(t testing.TB, n int) {
	for _, p := range c.all[n:] {
		require.NoError(t, p.cmd.Process.Signal(syscall.SIGSTOP))
	}
	for _, p := range c.all[:n] {
		p.kill()
	}
	c.pending = map[int]bool{}
	left := c.rows(t)
	for _, b := range c.born {
		_, c.pending[b.Number] = left[sha256.Sum256([]byte(b.UID))]
	}
	for _, p := range c.all[n:] {
		require.NoError(t, p.cmd.Process.Signal(syscall.SIGCONT))
	}
}

// verdict is what became of the sessions.
type verdict struct{ once, again, twice, lost, early int }

// judge waits until no record is left and counts. again are those whose calls
// were made a second time, since the first process has died before it could
// acknowledge them; twice are all others of more than one. A session that was
// written though the answer was lost, so that nobody ever had it, ends too and
// does not count.
func (c *crowd) judge(t testing.TB) (v verdict) {
	t.Helper()
	until(t, "no records left", func() bool { return c.count() == 0 })
	for _, p := range c.all { // what was acknowledged late is heard of
		if !p.dead {
			until(t, "nothing ending", func() bool { s := p.stats(); return s.Live == 0 && s.Store.Ending == 0 })
		}
	}
	runs := c.runs(t)
	for _, b := range c.born {
		all := runs[b.Number]
		complete, wrong := 0, 0
		for _, r := range all {
			if short := time.Duration(c.last[b.Number] + int64(c.orders.Timeout) - r.at); short > 0 {
				v.early++
				t.Logf("session %d was ended %v too early by process %d", b.Number, short, r.process)
			}
			if r.ended {
				complete++
			}
			pardoned := c.all[r.process].dead && (!r.ended || c.pending[b.Number])
			if !pardoned {
				wrong++
			}
		}
		switch {
		case complete == 0:
			v.lost++
		case wrong > 1:
			v.twice++
			t.Logf("session %d has ended twice: %+v", b.Number, all)
		case len(all) > 1:
			v.again++
		default:
			v.once++
		}
	}
	t.Logf("%d sessions, timeout %v: once %d, again after a death %d, twice %d, lost %d, early %d", len(c.born), c.orders.Timeout, v.once, v.again, v.twice, v.lost, v.early)
	return v
}

// requireOnce requires that each has ended once and in time.
func (c *crowd) requireOnce(t testing.TB) {
	t.Helper()
	require.Equal(t, verdict{once: len(c.born)}, c.judge(t))
}
