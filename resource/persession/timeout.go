package persession

import (
	"fmt"
	"math"
	"time"

	"github.com/spindleweb/spindle/session"
)

// Span returns n units of time, for a timeout that a client has chosen, with
// session.Never for what is longer than can be counted. It is an error if n is
// not above 0, infinite or no number.
func Span(n float64, unit time.Duration) (time.Duration, error) {
	d := n * float64(unit)
	switch {
	case !(n > 0) || math.IsInf(n, 0):
		return 0, fmt.Errorf("persession: a timeout is above 0, not %v", n)
	case d >= math.MaxInt64:
		return session.Never, nil
	}
	return max(time.Duration(d), 1), nil
}
