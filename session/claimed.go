package session

import (
	"sync"
	"time"
)

const (
	// mostClaimed bounds what has been claimed and is not acknowledged: what a
	// process cannot get done in time is better left to another.
	mostClaimed = 8 * batchSize

	// mostBegun is how many ends are under way at once, as long as the Store
	// answers: their calls have begun, and it has not acknowledged them.
	mostBegun = 16
)

// claimed are the sessions whose ends this process has claimed. Until they are
// acknowledged it keeps the claims.
type claimed struct {
	mu        sync.Mutex
	keys      map[StoreKey]bool // true: the calls have begun, in one of few places
	places    chan struct{}
	questions map[*question]struct{}
	kept      time.Time // when that was last done
}

// question is a call that claims and has not been answered. The answer may be
// older than an acknowledgement that comes before it, and must not begin the same
// end once more.
type question struct {
	acked map[StoreKey]bool // since it was asked
}

func (c *claimed) ask() *question {
	c.mu.Lock()
	defer c.mu.Unlock()
	q := &question{acked: make(map[StoreKey]bool)}
	if c.questions == nil {
		c.questions = make(map[*question]struct{})
	}
	c.questions[q] = struct{}{}
	return q
}

func (c *claimed) answered(q *question) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.questions, q)
}

// forget takes out what has been acknowledged.
func (c *claimed) forget(keys []StoreKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range keys {
		c.drop(key)
		for q := range c.questions {
			q.acked[key] = true
		}
	}
}

func (c *claimed) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.keys)
}

// add reports whether the claim that q was answered with is new.
func (c *claimed) add(q *question, key StoreKey) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, here := c.keys[key]; here || q.acked[key] {
		return false
	}
	c.keys[key] = false
	return true
}

func (c *claimed) remove(key StoreKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(key)
}

// drop is for whoever has the lock.
func (c *claimed) drop(key StoreKey) {
	if c.keys[key] {
		<-c.places
	}
	delete(c.keys, key)
}

// begin is called before the calls of a session are made, and waits for a while if
// too many before it have not been acknowledged: they would be made again if the
// process were killed now.
func (c *claimed) begin(key StoreKey) {
	select {
	case c.places <- struct{}{}:
	default:
		select {
		case c.places <- struct{}{}:
		case <-time.After(pause):
			return // calls must not stand still as long as a store does
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys[key] = true
}
