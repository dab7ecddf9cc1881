package result_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/bench/internal/result"
)

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 1: "1", 4: "4", 9.996: "10.0", 0.97: "0.970", 0.00123: "0.001", 0.0123: "0.012", 0.0004: "<0.001", 2.314: "2.31", 12.34: "12.3",
		123.4: "123", 999.7: "1,000", 1465: "1,465", 9999.6: "10,000", 29234.2: "29,230", 1234567: "1,235,000", 1e300: "1e+300",
		-3.2: "−3.20", -1e-12: "0", math.Inf(1): "∞", math.Inf(-1): "−∞",
	} {
		require.Equal(t, want, result.Number(v), "%v", v)
	}
	require.Equal(t, "–", result.Number(math.NaN()))
}
