package memory

import (
	"context"
	"sync"
	"syscall"
	"time"

	"github.com/spindleweb/spindle/bench/internal/plan"
)

// ends measures what comes back from each process.
func ends(ctx context.Context, b *plan.Bench, n int, waiting []filled) error {
	var wg sync.WaitGroup
	got := make([]endOut, len(waiting))
	errs := make([]error, len(waiting))
	for i, f := range waiting {
		wg.Go(func() { errs[i] = f.end(ctx, &got[i]) })
	}
	wg.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for i, f := range waiting {
		switch {
		case errs[i] != nil:
			b.Skip("%s, %d sessions, given back: %v", f.row, n, errs[i])
		case got[i].Left > 0:
			b.Skip("%s, %d sessions, given back: %d have not ended a minute after they were due", f.row, n, got[i].Left)
		default:
			addBack(b, f.row, n, got[i])
			b.Say("%s: given back %.1f %% of the heap, %.1f %% of the RSS", f.row, got[i].Heap, got[i].RSS)
		}
	}
	return nil
}

// end continues the process when all its sessions are due, and has it wait for
// their end.
func (f filled) end(ctx context.Context, out *endOut) error {
	if !f.timers() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Until(f.due)):
		}
		if err := f.signal(syscall.SIGCONT); err != nil {
			return err
		}
	}
	return f.Call("end", max(2*time.Until(f.due), 0)+time.Minute, out)
}

func (f filled) signal(s syscall.Signal) error { return syscall.Kill(f.PID(), s) }
