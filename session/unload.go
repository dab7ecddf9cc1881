package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// close has all sessions go on in the Store: what has changed is written, and
// for how long each still lives. What they own is closed.
func (l *link) close(ctx context.Context) error {
	if l.taking.LockFor(ctx) == nil {
		l.taking.Unlock() // from now on nothing is taken over, as the Manager is closed
	}
	var errs []error
	left := func(n int, what string) {
		if n > 0 {
			errs = append(errs, fmt.Errorf("session: close: "+what+": %w", n, cause(ctx)))
		}
	}
	// What is due or has been expired still ends here, where its calls are.
	left(l.claims.wait(ctx), "the ends of %d sessions have not been saved")
	unsaved, untold := l.rest(ctx)
	left(unsaved, "the changes of %d sessions have not been saved")
	left(untold, "the last use of %d sessions has not been saved")
	left(l.unloadAll(ctx), "the calls of %d sessions have not finished")
	left(l.acks.wait(ctx), "the ends of %d sessions are not acknowledged, so that another process will make their calls again")
	l.cancel()
	l.done.Wait()
	l.tells.stop()
	l.saves.stop()
	l.claims.stop()
	l.acks.stop()
	l.telling.Close()
	return errors.Join(errs...)
}

// unloadAll forgets all sessions here, and returns how many have calls left to be
// made when ctx ends.
func (l *link) unloadAll(ctx context.Context) int {
	l.m.table.all(func(s *Session) bool {
		if s.stored().io.LockFor(ctx) == nil { // else its end is being asked for
			defer s.stored().io.Unlock()
		}
		if l.over(s, Shutdown) {
			l.m.endings.later([]*Session{s})
		}
		return true
	})
	return l.m.endings.wait(ctx)
}

// rest saves what the Store does not have yet, and tries again until ctx ends: a
// store that fails may be back before.
func (l *link) rest(ctx context.Context) (unsaved, untold int) {
	if end, ok := ctx.Deadline(); ok { // of which a part is for what comes afterwards
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, time.Now().Add(time.Until(end)*3/4))
		defer cancel()
	}
	for {
		unsaved, untold = l.saveRest(ctx), l.tellRest(ctx)
		if unsaved+untold == 0 || ctx.Err() != nil {
			return unsaved, untold
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// cause tells why something has not been done in time.
func cause(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return ErrStore
}

// saveRest writes what has changed, and returns of how many sessions it could
// not.
func (l *link) saveRest(ctx context.Context) int {
	var failed atomic.Int64
	work := make(chan *Session)
	var all sync.WaitGroup
	for range savers {
		all.Go(func() {
			for s := range work {
				if l.save(ctx, s, false) != nil {
					failed.Add(1)
				}
			}
		})
	}
	l.m.table.all(func(s *Session) bool {
		if s.marks.Load()&unsaved != 0 {
			work <- s
		}
		return true
	})
	close(work)
	all.Wait()
	return int(failed.Load())
}

// tellRest tells the Store of the uses that it does not know of.
func (l *link) tellRest(ctx context.Context) (failed int) {
	var untold []*Session
	for s := range l.m.All() {
		if _, news := s.news(l.m.clock.Now()); news {
			untold = append(untold, s)
		}
	}
	for part := range slices.Chunk(untold, batchSize) {
		if _, _, err := l.touch(ctx, part); err != nil {
			failed += len(part)
		}
	}
	return failed
}
