package drills_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A site is stopped in order under load and started anew, twice: visitors keep
// their cookies, what they were told, and the time that they had left.
func TestRestart(t *testing.T) {
	const restarts, visitors = 2, 16
	onEach(t, func(t *testing.T, name string) {
		sc := stage(t, name, 0).fresh(time.Hour)
		sc.orders.Owning = true
		p := sc.launch(t, 0)
		var mu sync.Mutex
		now := p
		current := func() *process {
			mu.Lock()
			defer mu.Unlock()
			return now
		}

		idle := newcomer(t, p)
		stop := make(chan struct{})
		var asking sync.WaitGroup
		tallies := make([]struct{ acked, failed int }, visitors)
		comers := make([]reply, visitors)
		for i := range visitors {
			comers[i] = newcomer(t, p)
			tallies[i].acked = 1
			asking.Go(func() {
				pause := time.NewTicker(time.Millisecond)
				defer pause.Stop()
				for {
					select {
					case <-stop:
						return
					case <-pause.C:
					}
					r, err := current().ask("/visit", "Cookie", comers[i].cookie)
					if err != nil || r.code == 503 {
						tallies[i].failed++
						continue
					}
					tallies[i].acked++
					if r.code != 200 || r.Number != comers[i].Number || r.cookie != "" {
						t.Errorf("a visitor is somebody else now: %+v", r)
						return
					}
				}
			})
		}
		var gone []*process
		for i := range restarts {
			busy := current().saves() + 50
			until(t, "visits", func() bool { return current().saves() >= busy })
			start := time.Now()
			before, err := p.ask("/peek", "Cookie", idle.cookie)
			require.NoError(t, err)
			p.stop()
			gone = append(gone, p)
			p = sc.launch(t, i+1, func(o *orders) { o.Address = strings.TrimPrefix(p.base, "http://") })
			mu.Lock()
			now = p
			mu.Unlock()
			after, err := p.ask("/peek", "Cookie", idle.cookie)
			require.NoError(t, err)
			require.Equal(t, idle.Number, after.Number)
			require.LessOrEqual(t, after.Remaining, before.Remaining)
			// What is read from a store counts from when the answer came.
			require.GreaterOrEqual(t, after.Remaining, before.Remaining-time.Since(start)-10*time.Second)
		}
		busy := p.saves() + 50
		until(t, "visits", func() bool { return p.saves() >= busy })
		close(stop)
		asking.Wait()

		acked, failed := 0, 0
		for i, c := range comers {
			r, err := p.ask("/look", "Cookie", c.cookie)
			require.NoError(t, err)
			require.Equal(t, c.Number, r.Number)
			require.GreaterOrEqual(t, r.Visits, tallies[i].acked)
			require.LessOrEqual(t, r.Visits, tallies[i].acked+tallies[i].failed)
			acked, failed = acked+tallies[i].acked, failed+tallies[i].failed
		}
		p.stop()
		held := 0
		for _, p := range append(gone, p) {
			held += p.requireClosed(t)
		}
		t.Logf("%d restarts: %d visits acknowledged and there, %d refused; %d owned things closed once", restarts, acked, failed, held)
	}, "PostgreSQL", "MariaDB")
}

func newcomer(t testing.TB, p *process) reply {
	t.Helper()
	r, err := p.ask("/visit")
	require.NoError(t, err)
	require.Equal(t, 200, r.code)
	require.NotEmpty(t, r.cookie)
	return r
}

// saves is how many changes the process has written.
func (p *process) saves() int64 {
	p.t.Helper()
	return p.stats().Store.Saves
}

// requireClosed requires that what sessions owned in a process that has ended
// was closed once, and returns how many there were.
func (p *process) requireClosed(t testing.TB) int {
	t.Helper()
	b, err := os.ReadFile(p.log)
	require.NoError(t, err)
	owned, closed := map[int]int{}, map[int]int{}
	for line := range strings.Lines(string(b)) {
		var n int
		if _, err := fmt.Sscanf(line, "own %d", &n); err == nil {
			owned[n]++
		} else if _, err := fmt.Sscanf(line, "close %d", &n); err == nil {
			closed[n]++
		}
	}
	require.NotEmpty(t, owned)
	require.Equal(t, owned, closed)
	return len(owned)
}
