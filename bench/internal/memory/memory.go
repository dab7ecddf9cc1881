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
	"cmp"
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
// Such a process is never stopped, as with all timers due in the moment in which
// it is continued it would start a goroutine for each session, all at once. It
// does nothing before they are due.
func (r row) timers() bool { return r.Tells && !r.Ours }

// rows are in the order in which they are measured. Those with timers are last,
// so that their sessions end when all is measured. With the larger numbers there
// is not time for all, and ours comes first.
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
	order := func(r row) int {
		switch {
		case r.timers():
			return 2
		case r.Ours && !larger:
			return 1
		default:
			return 0
		}
	}
	slices.SortStableFunc(rs, func(x, y row) int { return cmp.Compare(order(x), order(y)) })
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
	share := 7 * time.Minute
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
		waiting = append(waiting, f)
	}
	return ends(ctx, b, n, waiting)
}
