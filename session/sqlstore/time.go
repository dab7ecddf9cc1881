package sqlstore

import (
	"time"

	"github.com/spindleweb/spindle/session"
)

// far is the moment of what never ends, in milliseconds. It is in the middle of
// the numbers above 0, so that neither a span nor a second far added to it
// overflows. In the statements it is FAR.
const far = 1 << 62

const farText = "4611686018427387904"

// millis is a span as it is added to the database's clock for a deadline. That
// clock was cut to a millisecond: the span is rounded up, and one is added for
// what was cut, so that nothing is ever early.
func millis(d time.Duration) int64 {
	switch {
	case d == session.Never:
		return far
	case d > 0:
		return int64((d-1)/time.Millisecond) + 2
	}
	return int64(d/time.Millisecond) - 1 // over at once
}

// atLeast is millis rounded up for what is not a deadline, but a length.
func atLeast(d time.Duration) int64 {
	switch {
	case d == session.Never:
		return far
	case d > 0:
		return int64((d-1)/time.Millisecond) + 1
	}
	return int64(d / time.Millisecond)
}

// span is what is left until a deadline, given in milliseconds of a clock that
// was cut: never more than what millis was asked for, and above 0 if there is
// anything left.
func span(left int64) time.Duration {
	if left > 1 {
		left--
	}
	const most = int64(session.Never / time.Millisecond)
	switch {
	case left > most:
		return session.Never
	case left < -most:
		return -session.Never
	}
	return time.Duration(left) * time.Millisecond
}

// bounds gives the earliest and the latest end, as spans from now, that a change
// leaves to a session.
func bounds(c session.Change) (earliest, latest int64) {
	earliest, latest = -far, far
	if c.Extend != 0 {
		earliest = millis(c.Extend)
		if c.Exactly {
			latest = earliest
		}
	}
	return earliest, latest
}

// limitOf is the new limit as a span from now, nil for the one there is.
func limitOf(c session.Change) any {
	if c.Limit == 0 {
		return nil
	}
	return millis(c.Limit)
}

// early is Terms.Early in milliseconds, rounded down.
func early(t session.Terms) int64 { return int64(max(t.Early, 0) / time.Millisecond) }
