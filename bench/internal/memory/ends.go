package memory

import (
	"context"
	"syscall"
	"time"

	"github.com/spindleweb/spindle/bench/internal/plan"
)

// ends continues the processes and measures what comes back. A library that
// sweeps does so after the sessions' timeout, which may be just before they are
// due; continued after that, it does so at once.
func ends(ctx context.Context, b *plan.Bench, n int, waiting []filled) error {
	type answer struct {
		got endOut
		err error
	}
	answers := make([]chan answer, len(waiting))
	for i, f := range waiting {
		answers[i] = make(chan answer, 1)
		go func() {
			var a answer
			if !f.Tells {
				select {
				case <-ctx.Done():
				case <-time.After(time.Until(f.due)):
				}
			}
			if a.err = f.signal(syscall.SIGCONT); a.err == nil {
				a.err = f.Call("end", time.Until(f.due)+time.Minute, &a.got)
			}
			answers[i] <- a
		}()
	}
	for i, f := range waiting {
		a := <-answers[i]
		switch {
		case ctx.Err() != nil:
			continue // all goroutines have to end before the processes are closed
		case a.err != nil:
			b.Skip("%s, %d sessions, given back: %v", f.row, n, a.err)
		case a.got.Left > 0:
			b.Skip("%s, %d sessions, given back: %d have not ended a minute after they were due", f.row, n, a.got.Left)
		default:
			addBack(b, f.row, n, a.got)
			b.Say("%s: given back %.1f %% of the heap, %.1f %% of the RSS", f.row, a.got.Heap, a.got.RSS)
		}
	}
	return context.Cause(ctx)
}

func (f filled) signal(s syscall.Signal) error { return syscall.Kill(f.PID(), s) }
