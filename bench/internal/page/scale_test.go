package page

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

func labels(ticks []plot.Tick) (all []string) {
	for _, t := range ticks {
		all = append(all, t.Label)
	}
	return all
}

func TestTicks(t *testing.T) {
	require.Equal(t, []string{"0", "50k", "100k", "150k"}, labels(linearTicks(4)(0, 160_000)))
	require.Equal(t, []string{"-2", "0", "2", "4"}, labels(linearTicks(4)(-3, 5)))
	require.Equal(t, []string{"0", "0.1", "0.2", "0.3"}, labels(linearTicks(4)(0, 0.3)))
	require.Equal(t, []string{"0.1", "1", "10", "100", "1k"}, labels(logTicks(5)(0.07, 2000)))
	require.Equal(t, []string{"5", "10", "20", "50"}, labels(logTicks(5)(3, 70)))
	require.Equal(t, []string{"200", "250", "300"}, labels(logTicks(5)(190, 320)))
}

func TestTicksAreFew(t *testing.T) {
	for _, hi := range []float64{1e-9, 1, 7, 999, 1e6, 1e17} {
		require.LessOrEqual(t, len(linearTicks(5)(0, hi)), 6)
		for _, wide := range []float64{1.1, 8, 99, 1e4, 1e12, 1e300} {
			require.LessOrEqual(t, len(logTicks(5)(hi/wide, hi)), 12)
		}
	}
}

func TestSpreadOut(t *testing.T) {
	for name, c := range map[string]struct{ at, want []vg.Length }{
		"none":           {nil, nil},
		"apart":          {[]vg.Length{10, 90, 50}, []vg.Length{10, 90, 50}},
		"alike":          {[]vg.Length{50, 50}, []vg.Length{45, 55}},
		"pushed":         {[]vg.Length{50, 52, 58}, []vg.Length{43.333, 53.333, 63.333}},
		"at the bottom":  {[]vg.Length{2, 0, 1}, []vg.Length{20, 0, 10}},
		"at the top":     {[]vg.Length{100, 100, 95}, []vg.Length{90, 100, 80}},
		"a block pushes": {[]vg.Length{0, 0, 12, 60}, []vg.Length{0, 10, 20, 60}},
	} {
		got := slices.Clone(c.at)
		spreadOut(got, 10, 0, 100)
		for i := range got {
			require.InDelta(t, float64(c.want[i]), float64(got[i]), 0.01, name)
		}
	}
}

func TestNames(t *testing.T) {
	for s, want := range map[string]string{"in process": "In process", "p99, late": "p99, late", "": "", "fasthttp/session": "fasthttp/session", "µs": "µs"} {
		require.Equal(t, want, capital(s))
	}
	for v, want := range map[float64]string{0.0836: "0.084×", 0.97: "0.97×", 12.34: "12.3×", 0: "0×", 9.997: "10.0×"} {
		require.Equal(t, want, times(v))
	}
	for _, p := range []string{"spindle", "spindle/session", "spindle, callbacks"} {
		require.True(t, isOurs(p))
	}
	require.False(t, isOurs("spindles"))
}
