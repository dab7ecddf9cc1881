package simulate

import (
	"math"
	"math/bits"
	"time"
)

// The grains of time of packages session and timer.
const (
	tick     = 1 << 20 // of a wheel
	unit     = 1 << 19 // of a session's last use
	maxSlack = 1 << 29
)

const never time.Duration = math.MaxInt64

// entry is a plain model of one session in the wheel of one node, with the
// rule of package session written down anew: a session is filed for the moment
// it is due, rounded up by the slack of its timeout. A touch changes only its
// last use. When the entry comes up and the session is due later, it is filed
// again.
type entry struct {
	timeout time.Duration
	limit   time.Duration                      // the moment at which its lifetime is over
	last    time.Duration                      // use, as the session keeps it
	up      time.Duration                      // when the wheel comes to it next
	met     func(at time.Duration, again bool) // hears when the wheel comes to it, and whether it is filed again
}

// open files a session that is new at now.
func (e *entry) open(now time.Duration) {
	e.last = roundUp(now, unit)
	e.file(now, e.due())
}

// due returns when the session ends, as things stand.
func (e *entry) due() time.Duration { return min(e.last+e.timeout, e.limit) }

func (e *entry) file(now, due time.Duration) {
	span := e.timeout
	if due == e.limit {
		span = min(span, due-now)
	}
	e.up = roundUp(roundUp(due, grain(span)), tick)
}

// pass has the wheel do what it does until now, and reports whether the
// session is still alive then.
func (e *entry) pass(now time.Duration) bool {
	for e.up <= now {
		again := e.due() > e.up
		e.met(e.up, again)
		if !again {
			return false
		}
		e.file(e.up, e.due())
	}
	return e.due() > now // else the request that looks ends it
}

// touch is a request at now, until which pass has passed.
func (e *entry) touch(now time.Duration) { e.last = roundUp(now, unit) }

// held is a stream from now on, until the given moment; pass has passed now. It
// reports false if the wheel has found the lifetime over before, or will.
func (e *entry) held(now, until time.Duration) bool {
	defer e.touch(until)
	e.touch(now)
	for e.up <= until || e.limit <= until {
		again := e.limit > e.up
		e.met(e.up, again)
		if !again {
			return false
		}
		e.file(e.up, min(e.up+e.timeout, e.limit))
	}
	return true
}

// grain is what the end of a session is rounded up to.
func grain(timeout time.Duration) time.Duration {
	if timeout < 1024 {
		return 1
	}
	return min(time.Duration(1)<<(bits.Len64(uint64(timeout)/1024)-1), maxSlack)
}

func roundUp(t, to time.Duration) time.Duration {
	if t > never-to {
		return never
	}
	return (t + to - 1) &^ (to - 1)
}
