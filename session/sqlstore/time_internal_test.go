package sqlstore

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// An end that is set and read in the same millisecond is neither before what was
// asked for, wherever in the millisecond that was, nor read as later.
func TestMillisAndBack(t *testing.T) {
	for d, want := range map[time.Duration]int64{
		session.Never:                far,
		session.Never - 1:            9223372036856,
		time.Hour:                    3600001,
		time.Millisecond:             2,
		time.Millisecond + 1:         3,
		1:                            2,
		0:                            -1,
		-1:                           -1,
		-time.Millisecond:            -2,
		-time.Hour:                   -3600001,
		time.Duration(math.MinInt64): -9223372036855,
	} {
		require.Equal(t, want, millis(d), d)
		back := span(millis(d))
		switch {
		case d <= 0:
			require.LessOrEqual(t, back, max(d, -session.Never), d)
		case d > session.Never-time.Millisecond:
			require.Equal(t, session.Never, back, d)
		default:
			require.GreaterOrEqual(t, back, d)
			require.Less(t, back, d+time.Millisecond)
		}
	}
}

func TestSpan(t *testing.T) {
	for left, want := range map[int64]time.Duration{
		far:             session.Never,
		far - 1<<41:     session.Never,
		far + 1<<41:     session.Never,
		math.MaxInt64:   session.Never,
		9223372036854:   9223372036853 * time.Millisecond,
		2:               time.Millisecond,
		1:               time.Millisecond, // something is left
		0:               0,
		-5:              -5 * time.Millisecond,
		-far:            -session.Never,
		-far - 1<<41:    -session.Never,
		math.MinInt64:   -session.Never,
		-9223372036854:  -9223372036854 * time.Millisecond,
		-92233720368548: -session.Never,
	} {
		require.Equal(t, want, span(left), left)
	}
}

// However the spans are added up, nothing overflows: clock, far, and far once
// more.
func TestFarIsNotTooFar(t *testing.T) {
	const now = 253402300799999 // the last of the year 9999
	require.Positive(t, int64(now)+far)
	require.Positive(t, int64(far)+millis(session.Never-1))
	require.Negative(t, -int64(far)+atLeast(-session.Never))
	require.Equal(t, int64(1), atLeast(1))
	require.Equal(t, int64(0), atLeast(-1))
	require.Equal(t, int64(far), atLeast(session.Never))
}
