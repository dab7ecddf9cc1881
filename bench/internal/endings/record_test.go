package endings

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRecord(t *testing.T) {
	const past = -time.Hour // as lead: all was due an hour ago
	for _, test := range []struct {
		name   string
		lead   time.Duration
		calls  []int
		want   told
		closed bool
	}{
		{"all once", past, []int{2, 0, 1}, told{}, true},
		{"early", time.Hour, []int{0, 1, 2}, told{Early: 3}, true},
		{"never", past, []int{0, 2}, told{Never: 1}, false},
		{"twice", past, []int{0, 1, 1}, told{Twice: 1, Never: 1}, true},
		{"none", past, nil, told{Never: 3}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRecord(3, test.lead, time.Second)
			for _, i := range test.calls {
				r.called(i)
			}
			got := r.told()
			require.Equal(t, test.want, told{Early: got.Early, Twice: got.Twice, Never: got.Never})
			select {
			case <-r.all:
				require.True(t, test.closed)
			default:
				require.False(t, test.closed)
			}
			if len(test.calls) > 0 {
				require.Positive(t, got.Most)
				require.LessOrEqual(t, got.Earliest, got.Late.P50)
				require.LessOrEqual(t, got.Late.P50, got.Late.Max)
			}
		})
	}
}

func TestDue(t *testing.T) {
	const n = 10_000
	r := newRecord(n, time.Minute, time.Second)
	tenths := make([]int, 10)
	for i := range n {
		d := r.due(i) - time.Minute
		require.Equal(t, d, r.due(i)-time.Minute)
		tenths[d*10/time.Second]++ // panics outside
	}
	for _, in := range tenths {
		require.InDelta(t, n/10, in, n/100)
	}
	require.Equal(t, time.Minute, newRecord(1, time.Minute, 0).due(7))
}

func TestDistribution(t *testing.T) {
	var late []time.Duration
	for i := range 1000 {
		late = append(late, time.Duration(1000-i)*time.Millisecond)
	}
	sum, curve := distribution(late)
	require.Equal(t, 501.0, sum.P50)
	require.Equal(t, 991.0, sum.P99)
	require.Equal(t, 1000.0, sum.Max)
	require.Equal(t, [2]float64{1, 0}, curve[0])
	require.Equal(t, [2]float64{1000, 1}, curve[len(curve)-1])
	_, none := distribution(nil)
	require.Empty(t, none)
}
