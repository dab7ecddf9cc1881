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
	l.stop() // of the sweeper
	l.done.Wait()
	if !l.gate.shut.Load() {
		l.claims.wait(ctx) // what is due may still end here, where its calls are
	}
	var errs []error
	unsaved, untold := l.rest(ctx)
	if unsaved > 0 {
		errs = append(errs, fmt.Errorf("session: close: the changes of %d sessions have not been saved: %w", unsaved, cause(ctx)))
	}
	if untold > 0 {
		errs = append(errs, fmt.Errorf("session: close: the last use of %d sessions has not been saved: %w", untold, cause(ctx)))
	}
	var all []*Session
	l.m.table.all(func(s *Session) bool {
		if l.over(s, Shutdown) {
			all = append(all, s)
		}
		return true
	})
	l.m.endings.later(all)
	if n := l.m.endings.wait(ctx); n > 0 {
		errs = append(errs, fmt.Errorf("session: close: the calls of %d sessions have not finished: %w", n, cause(ctx)))
	}
	if n := l.acks.wait(ctx); n > 0 {
		errs = append(errs, fmt.Errorf("session: close: the ends of %d sessions are not acknowledged, so that other processes will make their calls again: %w", n, cause(ctx)))
	}
	l.tells.stop()
	l.saves.stop()
	l.claims.stop()
	l.acks.stop()
	l.telling.Close()
	l.once.Do(func() { close(l.closed) })
	return errors.Join(errs...)
}

// rest saves what the Store does not have yet, and tries again until ctx ends: a
// store that fails may be back before.
func (l *link) rest(ctx context.Context) (unsaved, untold int) {
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
	for s := range l.m.All() {
		if s.marks.Load()&unsaved != 0 {
			work <- s
		}
	}
	close(work)
	all.Wait()
	return int(failed.Load())
}

// tellRest tells the Store of the uses that it does not know of.
func (l *link) tellRest(ctx context.Context) (failed int) {
	var touches []Touch
	now := l.m.clock.Now()
	for s := range l.m.All() {
		if use, news := s.news(now); news {
			touches = append(touches, Touch{s.storeKey(), s.extension(use, now)})
		}
	}
	for part := range slices.Chunk(touches, batchSize) {
		err := l.gate.call(ctx, func(ctx context.Context) error {
			_, err := l.m.Store.Touch(ctx, part)
			return err
		})
		if err != nil {
			failed += len(part)
		}
	}
	return failed
}
