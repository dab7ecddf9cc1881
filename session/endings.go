package session

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"
)

// endings decides which of the sessions that have come up are over, and makes
// the calls of those that have ended. The queues have no bound, so that neither
// the wheel nor anyone else who ends sessions ever waits; the goroutines that
// work them off have one, and are there only while there is work.
//
// Half as many work as there are processors: Go looks for requests that have
// arrived when a processor has nothing else to do, and only every 10 ms when all
// are busy. That is also why the wheel leaves the decisions to them. A call that
// blocks takes one of them away, so when all have stood still for a while, as
// many again are added.
type endings struct {
	m     *Manager
	limit int

	mu      sync.Mutex
	due     []chunk // has come up
	ended   []batch // has calls to be made, and comes first, while it is at hand
	queued  int     // sessions in both
	calling int     // workers that are making calls
	workers int     // goroutines there are
	taken   uint64  // sessions ever taken to make their calls
	sorted  uint64  // chunks ever decided
	sorting bool    // there is a goroutine that decides and makes no calls

	watch      *time.Timer
	seenTaken  uint64 // as watch last saw them
	seenSorted uint64

	open  int           // what begin has announced and done has not
	quiet chan struct{} // closed when open comes to 0, if somebody waits
}

// chunk is some sessions that have come up, by their ids.
type chunk struct {
	until time.Duration
	ids   []id
}

// batch is some sessions that have ended, of which those before at are taken.
type batch struct {
	all []*Session
	at  int
}

// perBatch is as many as fetch does at once.
const perBatch = 64

// stall is for how long all goroutines may stand still before others come.
const stall = 5 * time.Millisecond

func (e *endings) init(m *Manager) {
	e.m = m
	if e.limit = m.Notifiers; e.limit <= 0 {
		e.limit = 256
	}
}

// begin announces n sessions that may be about to end, before anyone can see
// that they have. done takes back what has not, and what has when all its calls
// have been made. So wait misses nothing.
func (e *endings) begin(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.open += n
}

func (e *endings) done(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.close(n)
}

// The methods below are for whoever has the lock, unless they take it.

func (e *endings) close(n int) {
	if e.open -= n; e.open == 0 && e.quiet != nil {
		close(e.quiet)
		e.quiet = nil
	}
}

// here makes the calls of one on the caller's goroutine.
func (e *endings) here(s *Session) {
	defer e.done(1)
	e.m.finish(s)
}

// decide has it decided which of the ids that have come up are of sessions that
// are over, and their calls made. It keeps the slice.
func (e *endings) decide(until time.Duration, ids []id) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.open += len(ids)
	e.due = append(e.due, chunk{until, ids})
	e.queued += len(ids)
	e.hire(e.enough())
}

// later has the calls of sessions made that have ended and were announced. It
// keeps the slice.
func (e *endings) later(over []*Session) {
	if len(over) == 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.add(over)
	e.hire(e.enough())
}

func (e *endings) add(over []*Session) {
	for part := range slices.Chunk(over, perBatch) {
		e.ended = append(e.ended, batch{all: part})
	}
	e.queued += len(over)
}

// enough is how many workers there is work for, as long as none of them blocks;
// half of the processors are left to requests.
func (e *endings) enough() int {
	return min((runtime.GOMAXPROCS(0)+1)/2, e.queued+e.calling)
}

// hire brings the number of workers up to n, within the limit.
func (e *endings) hire(n int) {
	for e.workers < min(n, e.limit) {
		e.workers++
		go e.work()
	}
	if e.watch == nil && e.queued > 0 && (e.workers < e.limit || len(e.due) > 0) {
		e.seenTaken, e.seenSorted = e.taken, e.sorted
		e.watch = time.AfterFunc(stall, e.look)
	}
}

// look adds workers if no session has been taken for a while. When calls block,
// or merely take long, sessions still have to end on time: what has come up is
// then decided on a goroutine that does nothing else.
func (e *endings) look() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.watch = nil
	n := e.workers
	if e.taken == e.seenTaken {
		n += min(max(n, 1), e.queued)
	}
	if e.sorted == e.seenSorted && len(e.due) > 0 && !e.sorting {
		e.sorting = true
		go e.sortAll()
	}
	e.hire(n)
}

func (e *endings) sortAll() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for len(e.due) > 0 {
		e.sort()
	}
	e.sorting = false
}

func (e *endings) work() {
	var space [perBatch]*Session
	s, ahead := e.take(nil, space[:0])
	defer func() {
		// Also when a call has ended this goroutine (runtime.Goexit).
		e.mu.Lock()
		defer e.mu.Unlock()
		if s != nil {
			e.calling--
			e.close(1)
		}
		e.workers--
		e.hire(e.enough())
	}()
	for n := 1; s != nil; n++ {
		fetch(ahead)
		clear(ahead) // a call that blocks keeps no other session in memory
		e.m.finish(s)
		if n%64 == 0 {
			runtime.Gosched() // requests come first
		}
		s, ahead = e.take(s, space[:0])
	}
}

// take takes the next session, after done if that is one. It takes one only, so
// that a call that blocks holds back no other session. With the first of a
// batch it copies all of it to ahead.
func (e *endings) take(done *Session, ahead []*Session) (*Session, []*Session) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if done != nil {
		e.calling--
		e.close(1)
	}
	for len(e.ended) == 0 {
		if len(e.due) == 0 {
			e.ended, e.due = nil, nil
			return nil, nil
		}
		e.sort()
	}
	b := &e.ended[0]
	if b.at == 0 {
		ahead = append(ahead, b.all...)
	}
	s := b.all[b.at]
	b.all[b.at] = nil
	if b.at++; b.at == len(b.all) {
		*b = batch{}
		e.ended = e.ended[1:]
	}
	e.queued--
	e.calling++
	e.taken++
	return s, ahead
}

// sort takes a chunk and finds out which are over; it gives up the lock
// meanwhile.
func (e *endings) sort() {
	c := e.due[0]
	e.due[0] = chunk{}
	e.due = e.due[1:]
	e.queued -= len(c.ids)
	e.sorted++
	e.mu.Unlock()
	over := e.m.overOf(c.until, c.ids)
	if len(over) == 0 {
		runtime.Gosched() // requests come first
	}
	e.mu.Lock()
	e.close(len(c.ids) - len(over))
	e.add(over)
	e.hire(e.enough())
}

// wait returns when nothing is open, or how much is when ctx ends.
func (e *endings) wait(ctx context.Context) int {
	e.mu.Lock()
	if e.open > 0 && e.quiet == nil {
		e.quiet = make(chan struct{})
	}
	quiet := e.quiet
	e.mu.Unlock()
	if quiet == nil {
		return 0
	}
	select {
	case <-quiet:
		return 0
	case <-ctx.Done():
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.open
	}
}
