package simulate

import (
	"bytes"
	"context"
	"math"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// small is a day of a thousand sessions in an hour.
func small() config {
	c := hundredMillion()
	c.sessions, c.day, c.buckets, c.warm = 1000, time.Hour, 12, 0
	c.nodes, c.think, c.timeouts = 2, 20*time.Second, timeouts{{5 * time.Minute, 1}}
	c.sample, c.steps = 1, 5_000
	return c
}

func passed(t *testing.T, c config) *day {
	t.Helper()
	require.NoError(t, c.validate())
	d, err := pass(context.Background(), &c)
	require.NoError(t, err)
	return d
}

// What comes in goes out or is there: pass itself returns an error if the real
// sessions do not end when the model's do, or calls are lost.
func TestConservation(t *testing.T) {
	for name, change := range map[string]func(*config){
		"as it is":       func(*config) {},
		"one node":       func(c *config) { c.nodes, c.sticky = 1, 0 },
		"never sticky":   func(c *config) { c.nodes, c.sticky = 5, 0 },
		"long pauses":    func(c *config) { c.think, c.sticky = 4*time.Minute, 0.5 },
		"even pauses":    func(c *config) { c.shape = exponential },
		"log-outs":       func(c *config) { c.logout, c.sticky = 0.7, 0.8 },
		"all log out":    func(c *config) { c.logout, c.think = 1, time.Second },
		"streams":        func(c *config) { c.hold, c.holdFor = 0.5, 12*time.Minute },
		"lifetime":       func(c *config) { c.lifetime, c.sticky = 7*time.Minute, 0.8 },
		"short lifetime": func(c *config) { c.lifetime = 90 * time.Second },
		"streams and a lifetime": func(c *config) {
			c.lifetime, c.hold, c.holdFor = 15*time.Minute, 0.6, 10*time.Minute
		},
		"mixed timeouts": func(c *config) {
			c.timeouts = timeouts{{time.Minute, 0.5}, {5 * time.Minute, 0.3}, {30 * time.Minute, 0.2}}
			c.sticky = 0.7
		},
		"short timeout": func(c *config) { c.timeouts, c.think = timeouts{{time.Second, 1}}, 300*time.Millisecond },
		"all of it": func(c *config) {
			c.timeouts = timeouts{{2 * time.Minute, 0.5}, {10 * time.Minute, 0.5}}
			c.nodes, c.sticky, c.logout, c.hold, c.lifetime = 3, 0.8, 0.2, 0.2, 20*time.Minute
		},
		"warmed up": func(c *config) { c.warm = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			c := small()
			change(&c)
			d := passed(t, c)
			require.Zero(t, d.early)
			require.Positive(t, d.ends)
			require.Equal(t, d.made, d.called+d.live)
			if c.warm == 0 {
				sum := merge(d.parts)
				require.EqualValues(t, d.begun, sum.arrivals)
				require.EqualValues(t, d.over, sum.over)
				require.Equal(t, sum.arrivals, sum.creates)
				require.Equal(t, sum.over, sum.acks)
				require.EqualValues(t, d.made, sum.creates+sum.loads)
				require.EqualValues(t, d.called, sum.claims+sum.disposals)
			}
			require.LessOrEqual(t, d.late.worst, d.late.bound)
		})
	}
}

// The Managers' own numbers of live sessions are those of the model.
func TestLiveIsReal(t *testing.T) {
	c := small()
	c.sticky, c.hold, c.logout = 0.7, 0.1, 0.2
	d := passed(t, c)
	for i := range d.parts {
		var live float64
		for n := range d.nodes {
			live += d.nodePart(n, i).live
		}
		require.InDelta(t, d.parts[i].copies, live, 0.02*live+1, "part %d", i)
	}
}

// Passing one in k or in 2k gives the same numbers but for sampling.
func TestScaling(t *testing.T) {
	c := small()
	c.sessions = 200_000
	c.sample = 40
	fine := passed(t, c)
	c.sample = 80
	coarse := passed(t, c)
	n := float64(c.sessions) / 80
	five := 5 * sampling(n) * math.Sqrt(1.5)
	for name, of := range map[string]func(tally) float64{
		"arrivals": func(t tally) float64 { return t.arrivals },
		"over":     func(t tally) float64 { return t.over },
		"live":     func(t tally) float64 { return t.live },
		// Counts of several to a session scatter more.
		"requests": func(t tally) float64 { return t.requests / 1.4 },
		"refiled":  func(t tally) float64 { return t.refiled / 1.4 },
		"store":    func(t tally) float64 { return t.operations() / 1.4 },
	} {
		require.InEpsilon(t, of(fine.whole()), of(coarse.whole()), five, name)
	}
}

// As many live as arrive in a mean life: M/G/∞.
func TestMeanLive(t *testing.T) {
	for name, change := range map[string]func(*config){
		"short pauses": func(c *config) { c.think = 10 * time.Second },
		// Many sessions end in a pause here.
		"long pauses": func(c *config) { c.think = 3 * time.Minute },
	} {
		t.Run(name, func(t *testing.T) {
			c := small()
			c.warm, c.peak, c.shape, c.sessions = time.Hour, 1, exponential, 2500
			change(&c)
			d := passed(t, c)
			mean, timeout := c.think.Seconds(), c.timeouts[0].timeout.Seconds()
			short := -math.Expm1(-timeout / mean) // pauses within the timeout
			goesOn := (1 - 1/c.requests) * short
			pause := mean - timeout*(1-short)/short // one that is
			life := goesOn/(1-goesOn)*pause + timeout + 0.27
			rate := float64(c.sessions) / c.day.Seconds()
			w := d.whole()
			// The mean of an hour is one of a few independent numbers at least.
			require.InEpsilon(t, rate*life, w.live, 5*sampling(rate*life*2))
			require.InEpsilon(t, 1/(1-goesOn), w.requests/w.arrivals, 5*sampling(float64(c.sessions)))
		})
	}
}

// The same seed gives the same day, to the letter.
func TestReport(t *testing.T) {
	c := small()
	c.day, c.sessions, c.warm = 24*time.Hour, 40_000, -1
	c.sample, c.nodes, c.sticky, c.logout, c.hold = 20, 3, 0.9, 0.1, 0.1
	k := costs{live: 1000, create: 700, find: 200, refile: 100, end: 400, bytes: 200}
	var first, second bytes.Buffer
	require.NoError(t, passed(t, c).report(&first, k))
	require.NoError(t, passed(t, c).report(&second, k))
	require.Equal(t, first.String(), second.String())

	const golden = "testdata/report.txt"
	if *update {
		require.NoError(t, os.WriteFile(golden, first.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), first.String())

	c.seed++
	second.Reset()
	require.NoError(t, passed(t, c).report(&second, k))
	require.NotEqual(t, first.String(), second.String())
}

func TestNobody(t *testing.T) {
	c := small()
	c.sessions, c.sample = 10, 1_000_000
	_, err := pass(context.Background(), &c)
	require.ErrorContains(t, err, "no session arrived")
}

func TestCancel(t *testing.T) {
	c := small()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := pass(ctx, &c)
	require.ErrorIs(t, err, context.Canceled)
}
