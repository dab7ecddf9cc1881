// Package memory measures what live sessions cost while nothing is asked of
// them: memory, the time of the garbage collector and what requests notice of
// that, and how much memory comes back when they have ended.
//
// Each library's sessions are made by requests, in a process of their own. When
// a process has been measured it is stopped as by Ctrl-Z, so that its sweeps do
// not disturb the next one. When all are measured and its sessions are due it is
// continued, and has to let go of them.
package memory

import (
	"context"
	"slices"
	"syscall"
	"time"

	"github.com/spindleweb/spindle/bench/internal/child"
	"github.com/spindleweb/spindle/bench/internal/peer"
	"github.com/spindleweb/spindle/bench/internal/plan"
)

const name = "memory"

// Step is the step.
var Step = plan.Step{Name: name, Do: do}

const (
	// base is the peer that others are compared with.
	base = "fasthttp/session"
	// part is what our sessions are in another's program. It is the same table
	// and wheel, and not measured everywhere.
	part = "spindle/session"
)

// A row is a peer, with or without callbacks.
type row struct {
	*peer.Peer
	told bool
}

func (r row) String() string {
	if r.told {
		return r.Name + ", callbacks"
	}
	return r.Name
}

// timers reports whether the library has a timer of its own for each session.
// Such a process is not stopped, and all its sessions have ended before the next
// is begun. Otherwise it would start a goroutine for nearly every session, as
// many at once as fell due while it did not get a processor, and keep their
// memory.
func (r row) timers() bool { return r.Tells && !r.Ours }

// rows are in the order in which they are measured. Ours are first, as there is
// not time for all with the larger numbers; those with timers are last, as the
// others wait for their end meanwhile.
func rows(b *plan.Bench, larger bool) (rs []row) {
	for _, p := range peer.All {
		if p.Base == "" || !b.Wants(p.Name, p.Ours || p.Name == base) {
			continue
		}
		switch {
		case !p.Kept:
			if !larger {
				b.Skip("%s: keeps nothing in the server's memory", p.Name)
			}
			continue
		case p.Name == part && larger:
			b.Skip("%s with more sessions: keeps them as spindle does", p.Name)
			continue
		}
		rs = append(rs, row{p, false})
		if p.Tells && p.Name != part {
			rs = append(rs, row{p, true})
		}
	}
	slices.SortStableFunc(rs, func(x, y row) int {
		switch {
		case x.timers() == y.timers():
			return 0
		case x.timers():
			return 1
		default:
			return -1
		}
	})
	return rs
}

// measured is what is known of a row from one number of sessions, and what the
// next, larger one is estimated from.
type measured struct {
	n         int
	took      time.Duration // to make them
	rss       float64       // of all
	collected time.Duration // a collection
}

// filled is a process whose sessions wait for their end.
type filled struct {
	row
	*child.Process
	due time.Time // by then all of them are
}

func do(ctx context.Context, b *plan.Bench) error {
	share := 12 * time.Minute
	if b.Quick {
		share = 20 * time.Second
	}
	over := time.Now().Add(share) // nothing is begun that would end after this
	known := make(map[row]measured)
	for i, n := range b.Scale.Memory {
		if err := size(ctx, b, n, rows(b, i > 0), known, over); err != nil {
			return err
		}
	}
	return nil
}

// size measures rows with n sessions.
func size(ctx context.Context, b *plan.Bench, n int, rs []row, known map[row]measured, over time.Time) error {
	var waiting []filled
	defer func() {
		for _, f := range waiting {
			_ = f.signal(syscall.SIGCONT)
			f.Close()
		}
	}()
	for _, r := range rs {
		f, err := one(ctx, b, r, n, known, over)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			b.Skip("%s, %d sessions: %v", r, n, err)
			continue
		}
		if !f.timers() {
			waiting = append(waiting, f)
			continue
		}
		err = ends(ctx, b, n, []filled{f})
		f.Close()
		if err != nil {
			return err
		}
	}
	return ends(ctx, b, n, waiting)
}
