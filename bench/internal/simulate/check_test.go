package simulate

import (
	"bytes"
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// brief is the day of the check, smaller.
func brief() config {
	c := million()
	c.sessions, c.day, c.sample = 8000, 12*time.Second, 4
	c.logout, c.hold = 0.2, 0.2
	return c
}

// In a bubble real time is virtual too, and all that passes in it can be
// foretold.
func TestCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := brief()
		c.sample = 1
		m, err := observe(context.Background(), &c)
		require.NoError(t, err)
		require.Zero(t, m.early)
		require.EqualValues(t, m.made, m.after)

		other := brief()
		other.seed = 5
		d := passed(t, other)
		var out bytes.Buffer
		require.NoError(t, compare(d, m, costs{bytes: 200}, &out), out.String())
		require.Contains(t, out.String(), "sessions made")
	})
}

// compare tells what is not as predicted.
func TestCompare(t *testing.T) {
	d := passed(t, brief())
	whole := d.whole()
	seconds := d.day.Seconds()
	right := func() *measured {
		m := &measured{
			made: whole.arrivals * seconds, requests: whole.requests * seconds, called: whole.over * seconds,
			after: int64(whole.arrivals*seconds + 0.5), lag: time.Millisecond,
		}
		m.made = float64(m.after)
		for _, p := range d.parts {
			m.live = append(m.live, p.live*float64(d.scale))
		}
		return m
	}
	require.NoError(t, compare(d, right(), costs{}, io.Discard))
	for want, spoil := range map[string]func(*measured){
		"3 sessions ended early": func(m *measured) { m.early = 3 },
		"sessions were made":     func(m *measured) { m.after-- },
		"sessions live":          func(m *measured) { m.live[20] *= 1.3 },
		"sessions made:":         func(m *measured) { m.made *= 1.3 },
		"requests:":              func(m *measured) { m.requests *= 1.4 },
		"ends, each":             func(m *measured) { m.called *= 0.7 },
	} {
		m := right()
		spoil(m)
		require.ErrorContains(t, compare(d, m, costs{}, io.Discard), want)
	}
}

func TestCosts(t *testing.T) {
	k, err := measureCosts(context.Background(), 20_000)
	require.NoError(t, err)
	require.Equal(t, 20_000, k.live)
	require.Positive(t, k.bytes)
}
