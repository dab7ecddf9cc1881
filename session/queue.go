package session

import (
	"context"
	"sync"
	"time"
)

// queue hands what is put into it to a function, in batches and on one
// goroutine, which is there only while there is work. What the function gives
// back is put in again a little later, so that it keeps nothing else waiting.
type queue[T any] struct {
	do   func(batch []T) (again []T) // may keep batch
	most int                         // in one batch; do may change it, and nobody else

	mu      sync.Mutex
	items   []T
	open    int // put in and not done
	working bool
	stopped bool
	asleep  chan struct{} // closed when it is not working, if stop waits
	idle    chan struct{} // closed when nothing is open, if somebody waits
}

// pause is for how long what could not be done waits.
const pause = 50 * time.Millisecond

func (q *queue[T]) put(items ...T) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.stopped {
		q.open += len(items)
		q.add(items)
	}
}

// len returns how many are not done.
func (q *queue[T]) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.open
}

// add is for whoever has the lock.
func (q *queue[T]) add(items []T) {
	if q.stopped {
		return
	}
	q.items = append(q.items, items...)
	if !q.working && len(q.items) > 0 {
		q.working = true
		go q.work()
	}
}

func (q *queue[T]) work() {
	for batch := q.take(); batch != nil; batch = q.take() {
		again := q.do(batch)
		q.done(len(batch) - len(again))
		if len(again) > 0 {
			time.AfterFunc(pause, func() {
				q.mu.Lock()
				defer q.mu.Unlock()
				q.add(again)
			})
		}
	}
}

func (q *queue[T]) take() []T {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) == 0 {
		q.items, q.working = nil, false
		if q.asleep != nil {
			close(q.asleep)
			q.asleep = nil
		}
		return nil
	}
	n := min(q.most, len(q.items))
	batch := append([]T(nil), q.items[:n]...)
	clear(q.items[:n])
	q.items = q.items[n:]
	return batch
}

func (q *queue[T]) done(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.stopped {
		q.close(n)
	}
}

// close is for whoever has the lock.
func (q *queue[T]) close(n int) {
	if q.open -= n; q.open == 0 && q.idle != nil {
		close(q.idle)
		q.idle = nil
	}
}

// wait returns when all is done, or how much is not when ctx ends.
func (q *queue[T]) wait(ctx context.Context) (left int) {
	q.mu.Lock()
	if q.open > 0 && q.idle == nil {
		q.idle = make(chan struct{})
	}
	idle := q.idle
	q.mu.Unlock()
	if idle == nil {
		return 0
	}
	select {
	case <-idle:
		return 0
	case <-ctx.Done():
		return q.len()
	}
}

// stop forgets what is not done, and returns when nothing is being done any more.
func (q *queue[T]) stop() {
	q.mu.Lock()
	q.stopped = true
	clear(q.items)
	q.items = nil
	q.close(q.open)
	if q.working && q.asleep == nil {
		q.asleep = make(chan struct{})
	}
	asleep := q.asleep
	q.mu.Unlock()
	if asleep != nil {
		<-asleep
	}
}
