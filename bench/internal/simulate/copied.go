package simulate

import "time"

// copied is a session on one node while its visit is made up.
type copied struct {
	entry
	v       *visited
	opened  time.Duration
	version int           // of the values it has
	every   time.Duration // how often touches are written
	written time.Duration // when the store last learnt of a use, as far as the node knows
	pending time.Duration // when it will be told of one since; 0 for none
}

// heard is that the store learns of a use at now by something else than a
// touch.
func (v *visits) heard(c *copied, now time.Duration) {
	v.write(c, now)
	c.written, c.pending = now, 0
}

// tell is a use that only a touch tells the store of: at once if it has not
// heard for long, or else when that time has passed, together with all uses
// until then.
func (v *visits) tell(c *copied, now time.Duration) {
	v.write(c, now)
	switch {
	case now >= c.written+c.every:
		v.of(now).touches++
		c.written = now
	case c.pending == 0:
		c.pending = c.written + c.every
	}
}

// write writes the touch that has come due by now.
func (v *visits) write(c *copied, now time.Duration) {
	if c.pending != 0 && c.pending <= now {
		v.of(c.pending).touches++
		c.written, c.pending = c.pending, 0
	}
}

// leave ends a copy that is not its session's last; pass has found it over at
// now. Its node claims the end and is told that the session lives, or is gone.
func (v *visits) leave(c *copied, now time.Duration) {
	if c.up > now {
		// A request found it over before the wheel did, which keeps the id.
		c.v.due, c.v.end = c.due(), now
		c.met(c.up, false)
		v.of(now).claims++
		v.ended(c)
	} else {
		v.left(c)
	}
	v.of(c.v.end).dropped++
}

// left ends a copy that the wheel has found over.
func (v *visits) left(c *copied) {
	c.v.due, c.v.end = c.due(), c.up
	v.of(c.v.end).claims++
	v.ended(c)
}

func (v *visits) ended(c *copied) {
	v.write(c, c.v.end)
	v.during(c.opened, c.v.end, func(t *tally) *float64 { return &t.copies })
}
