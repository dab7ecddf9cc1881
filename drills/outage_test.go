package drills_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session/storetest/server"
)

// A database goes away while sessions end, and comes back. No process dies, so
// all are called for once.
func TestOutages(t *testing.T) {
	onEach(t, func(t *testing.T, name string) {
		sc := stage(t, name, 0)
		for _, test := range []struct {
			name     string
			failures int64
			disturb  func(t *testing.T, while func(), p *server.Proxy)
		}{
			{"killed", 5, func(t *testing.T, while func(), _ *server.Proxy) {
				require.NoError(t, sc.server.Kill())
				while()
				require.NoError(t, sc.server.Start())
			}},
			{"stopped", 5, func(t *testing.T, while func(), _ *server.Proxy) {
				require.NoError(t, sc.server.Stop())
				while()
				require.NoError(t, sc.server.Start())
			}},
			{"paused", 3, func(t *testing.T, while func(), _ *server.Proxy) {
				require.NoError(t, sc.server.Pause())
				while()
				require.NoError(t, sc.server.Resume())
			}},
			{"cut off", 5, func(t *testing.T, while func(), p *server.Proxy) {
				p.Refuse(true)
				p.Cut()
				while()
				p.Refuse(false)
			}},
		} {
			t.Run(test.name, func(t *testing.T) {
				p := server.StartProxy(t, sc.server.Addr())
				sc := sc.via(p.Addr()).fresh(5 * time.Second)
				sc.orders.Patience = 3 * time.Second
				v := sc.visitors(t)
				c := sc.gather(t, 3, 1200)
				until(t, "sessions are ending", func() bool { return c.begun() > 150 })
				test.disturb(t, func() {
					v.duringOutage(t)
					// For several seconds, which is longer than the leases.
					until(t, "a long outage", func() bool { return v.here.stats().Store.Failures >= test.failures })
				}, p)
				v.afterwards(t)
				c.requireOnce(t)
			})
		}
	}, "PostgreSQL", "MariaDB")
}

// visitors are at a process of their own, with tables of their own in the same
// database: their sessions last.
type visitors struct {
	here, there *process
	resident    []born // of here
	strange     []born // of there; here has not seen them yet
}

func (sc scene) visitors(t *testing.T) *visitors {
	sc.table, sc.orders.Timeout = table(), time.Hour
	v := &visitors{here: sc.launch(t, 0), there: sc.launch(t, 1)}
	v.resident, v.strange = v.here.make(8, false), v.there.make(40, false)
	for _, b := range v.resident {
		require.Equal(t, 1, v.here.visitor("/visit", b.UID).Visits)
	}
	return v
}

// duringOutage has requests answered as they should be while there is no
// database: sessions that are here go on, others are neither found nor taken for
// ended, and what is to be written is refused.
func (v *visitors) duringOutage(t *testing.T) {
	for _, b := range v.resident {
		r := v.here.visitor("/look", b.UID)
		require.Equal(t, 200, r.code)
		require.Equal(t, b.Number, r.Number)
		require.Equal(t, 503, v.here.visitor("/visit", b.UID).code)
	}
	for _, b := range v.strange[:20] {
		r := v.here.visitor("/look", b.UID)
		require.Equal(t, 503, r.code)
		require.Empty(t, r.uid+r.cookie)
	}
	require.Equal(t, 503, v.here.visitor("/look", "").code, "a new session")
	require.True(t, v.here.stats().Store.Down)
}

// afterwards all are found, with what was acknowledged and no more than one
// visit that was not.
func (v *visitors) afterwards(t *testing.T) {
	until(t, "the database is back", func() bool { return v.here.visitor("/look", v.strange[0].UID).code == 200 })
	for _, b := range v.strange {
		require.Equal(t, b.Number, v.here.visitor("/look", b.UID).Number)
	}
	for _, b := range v.resident {
		r := v.here.visitor("/look", b.UID)
		require.Equal(t, b.Number, r.Number)
		require.Contains(t, []int{1, 2}, r.Visits)
		require.Equal(t, r.Visits+1, v.here.visitor("/visit", b.UID).Visits)
	}
}

// A network that takes 200 ms each way makes everything slow and nothing wrong.
func TestSlow(t *testing.T) {
	onEach(t, func(t *testing.T, name string) {
		sc := stage(t, name, 0)
		p := server.StartProxy(t, sc.server.Addr())
		sc = sc.via(p.Addr()).fresh(5 * time.Second)
		c := sc.gather(t, 3, 600, func(o *orders) { o.Lease = 30 * time.Second })
		p.Delay(200 * time.Millisecond)
		c.requireOnce(t)
	}, "PostgreSQL", "MariaDB")
}

// Connections are cut in the middle of what is written, or of the answer. What
// was acknowledged is there; of what was not, no more than what was under way.
func TestCuts(t *testing.T) {
	const cuts, visitors = 40, 4
	onEach(t, func(t *testing.T, name string) {
		sc := stage(t, name, 0)
		p := server.StartProxy(t, sc.server.Addr())
		sc = sc.fresh(time.Hour)
		direct := sc.launch(t, 0)
		w := sc.via(p.Addr())
		w.table, w.orders = sc.table, sc.orders
		behind := w.launch(t, 1)
		all := behind.make(visitors, false)

		type tally struct{ acked, failed, last int }
		var tallies [visitors]tally
		stop := make(chan struct{})
		var asking sync.WaitGroup
		for i, b := range all {
			asking.Go(func() {
				for n := 1; ; n++ {
					select {
					case <-stop:
						return
					default:
					}
					r := behind.visitor(fmt.Sprint("/visit?last=", n), b.UID)
					if r.code == 200 {
						tallies[i].acked++
						tallies[i].last = n
					} else {
						tallies[i].failed++
					}
				}
			})
		}
		for i := range cuts {
			until(t, "the process has its database", func() bool { return !behind.stats().Store.Down })
			cut := p.CutAnswer()
			if i%2 == 0 {
				cut = p.CutAfter(1 + i*37)
			}
			<-cut
		}
		until(t, "the process has its database", func() bool { return !behind.stats().Store.Down })
		close(stop)
		asking.Wait()

		acked, failed := 0, 0
		for i, b := range all {
			tl := tallies[i]
			r := direct.visitor("/look", b.UID)
			require.Equal(t, b.Number, r.Number)
			require.GreaterOrEqual(t, r.Visits, tl.acked)
			require.LessOrEqual(t, r.Visits, tl.acked+min(tl.failed, cuts))
			require.GreaterOrEqual(t, r.Last, tl.last)
			require.LessOrEqual(t, r.Last, tl.acked+tl.failed)
			acked, failed = acked+tl.acked, failed+tl.failed
		}
		require.Positive(t, acked)
		require.Positive(t, failed)
		t.Logf("%d cuts: %d visits acknowledged, %d refused, none lost", cuts, acked, failed)
	}, "PostgreSQL", "MariaDB")
}
