package usage_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/spindleweb/spindle/bench/internal/usage"
	"github.com/stretchr/testify/require"
)

func TestRecorder(t *testing.T) {
	r := usage.NewRecorder()
	for i := range 100 {
		r.Record(time.Duration(i+1) * time.Millisecond)
	}
	r.Record(-time.Second) // counts as 0
	r.Record(time.Hour)    // counts as the longest
	got := r.Times()
	require.InEpsilon(t, 50, got.P50, 0.03)
	require.InEpsilon(t, 100, got.P99, 0.03)
	require.InEpsilon(t, usage.MS(10*time.Minute), got.Max, 0.01)
}

func TestRank(t *testing.T) {
	require.Zero(t, usage.Rank(nil, 0.5))
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	require.Equal(t, time.Duration(1), usage.Rank(hundred, 0))
	require.Equal(t, time.Duration(51), usage.Rank(hundred, 0.5))
	require.Equal(t, time.Duration(100), usage.Rank(hundred, 0.99))
	require.Equal(t, time.Duration(100), usage.Rank(hundred, 1))
	require.Equal(t, time.Duration(7), usage.Rank([]time.Duration{7}, 0.999))
}

func TestMemory(t *testing.T) {
	const size = 64 << 20
	before, err := usage.Settled()
	require.NoError(t, err)
	block := make([]byte, size)
	for i := range block {
		block[i] = 1
	}
	full, err := usage.Settled()
	require.NoError(t, err)
	require.InEpsilon(t, size, full.Heap-before.Heap, 0.05)
	require.Greater(t, full.RSS, before.RSS)
	require.Positive(t, full.Objects)
	runtime.KeepAlive(block)

	free, err := usage.Available()
	require.NoError(t, err)
	require.Positive(t, free)
}

func TestPauses(t *testing.T) {
	before := usage.CollectorPauses()
	runtime.GC()
	after := usage.CollectorPauses()
	require.Positive(t, after.LongestSince(before))
	require.Zero(t, after.LongestSince(after))
}

func TestCPU(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	all := []func() time.Duration{usage.CPU}
	if runtime.GOOS == "linux" {
		all = append(all, usage.ThreadCPU)
	}
	for _, cpu := range all {
		before := cpu()
		for cpu() == before {
		}
		require.Greater(t, cpu(), before)
	}
}
