package simulate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestProfile(t *testing.T) {
	const day = 24 * time.Hour
	for _, peak := range []float64{1, 1.3, 2, 5, 10} {
		p := newProfile(day, peak)
		var sum, most float64
		const n = 10_000
		for i := range n {
			v := p.of(day * time.Duration(i) / n)
			require.Positive(t, v)
			sum += v
			most = max(most, v)
		}
		require.InEpsilon(t, peak, most/(sum/n), 1e-3)
		require.InEpsilon(t, peak, p.peak(), 1e-9)
		require.InEpsilon(t, 1.0, p.of(20*time.Hour), 1e-12)
	}
}

func TestDraws(t *testing.T) {
	for _, shape := range []string{logNormal, exponential} {
		c := small()
		c.shape = shape
		d := newDraws(&c)
		var pauses time.Duration
		var requests int
		const n = 100_000
		for range n {
			pauses += d.think()
			requests += d.requests()
		}
		require.InEpsilon(t, c.think.Seconds(), (pauses / n).Seconds(), 0.02, shape)
		require.InEpsilon(t, c.requests, float64(requests)/n, 0.02, shape)
	}
}
