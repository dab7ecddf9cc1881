package compare_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/bench/internal/compare"
	"github.com/spindleweb/spindle/bench/internal/result"
)

func figure(peer, unit string, samples ...float64) result.Figure {
	return result.Figure{Step: "in process", Name: "existing session", Peer: peer, Unit: unit, Samples: samples}
}

func run(figures ...result.Figure) *result.Run { return &result.Run{Figures: figures} }

func write(t *testing.T, old, new *result.Run, all bool) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, compare.Write(&b, old, new, all))
	return b.String()
}

func more(f result.Figure) result.Figure { f.More = true; return f }

func TestSamples(t *testing.T) {
	low := []float64{100, 101, 102, 103, 104, 105}
	high := []float64{120, 121, 122, 123, 124, 125}
	for name, c := range map[string]struct {
		old, new result.Figure
		has      []string
		hasNot   []string
	}{
		"identical": {
			figure("spindle", "ns", low...), figure("spindle", "ns", low...),
			[]string{"0 of 1 figures changed", "1 did not"}, []string{"spindle", "worse", "better", "Not decided"},
		},
		"all samples alike": {
			figure("spindle", "allocs", 4, 4, 4, 4), figure("spindle", "allocs", 4, 4, 4, 4),
			[]string{"0 of 1 figures changed"}, []string{"Not decided"},
		},
		"slower": {
			figure("spindle", "ns", low...), figure("spindle", "ns", high...),
			[]string{"1 of 1 figures changed", "102 ns", "122 ns", "+19.51%", "worse", "p=0.002 n=6"}, []string{"better"},
		},
		"faster": {
			figure("spindle", "ns", high...), figure("spindle", "ns", low...),
			[]string{"1 of 1 figures changed", "-16.33%", "better"}, []string{"worse"},
		},
		"more is better": {
			more(figure("spindle", "req/s", low...)), more(figure("spindle", "req/s", high...)),
			[]string{"+19.51%", "better"}, []string{"worse"},
		},
		"from none": {
			figure("spindle", "allocs", 0, 0, 0, 0, 0), figure("spindle", "allocs", 1, 1, 1, 1, 1),
			[]string{"?", "worse"}, []string{"Inf", "NaN"},
		},
		"overlapping noise": {
			figure("spindle", "ns", 100, 110, 120, 130, 140), figure("spindle", "ns", 105, 109, 124, 131, 138),
			[]string{"0 of 1 figures changed"}, []string{"worse", "better", "Not decided"},
		},
		"too few samples": {
			figure("spindle", "ns", 1, 2, 3), figure("spindle", "ns", 11, 12, 13),
			[]string{"0 of 1 figures changed", "Not decided for 1", "need >= 4 samples"}, []string{"worse"},
		},
		"no samples": {
			figure("spindle", "ns"), figure("spindle", "ns", 1, 2),
			[]string{"0 of 1 figures changed", "no samples"}, nil,
		},
		"not in common": {
			figure("spindle", "ns", 1), figure("spindle", "B", 1),
			[]string{"no figure in common", "only in the old run", "existing session [ns]: spindle", "only in the new run", "existing session [B]: spindle"}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := write(t, run(c.old), run(c.new), false)
			for _, s := range c.has {
				require.Contains(t, got, s)
			}
			for _, s := range c.hasNot {
				require.NotContains(t, got, s)
			}
		})
	}
}

// On a machine twice as fast all absolute figures change, and the ratio does
// not.
func TestRatios(t *testing.T) {
	of := func(k float64, peer string, samples ...float64) result.Figure {
		f := figure(peer, "µs")
		f.At, f.Of, f.Base = 1_000_000, "live sessions", "fasthttp"
		for _, v := range samples {
			f.Samples = append(f.Samples, k*v)
		}
		return f
	}
	old := run(of(1, "fasthttp", 98, 99, 100, 101, 102), of(1, "spindle", 103, 104, 105, 106, 107), of(1, "scs", 500, 501, 502, 503, 504))
	new := run(of(0.5, "fasthttp", 98, 99, 100, 101, 102), of(0.5, "spindle", 103, 104, 105, 106, 107), of(0.5, "scs", 400, 401, 402, 403, 404))
	old.Machine, new.Machine = result.Machine{CPU: "slow", Cores: 2}, result.Machine{CPU: "fast", Cores: 2}
	new.Quick = true
	require.Equal(t, `old  full run
new  quick run
warning: one run is quick, the other full: sizes and rounds differ
warning: the machines differ (CPU slow → fast): only ratios to a base compare

in process
                                                          old      new   change                       old ×  new ×   change
  existing session, 1,000,000 live sessions  fasthttp  100 µs    50 µs  -50.00%  better  p=0.008 n=5
                                             spindle   105 µs  52.5 µs  -50.00%  better  p=0.008 n=5  1.05×  1.05×        ~          p=1.000 n=5  fasthttp
                                             scs       502 µs   201 µs  -59.96%  better  p=0.008 n=5  5.02×  4.02×  -19.92%  better  p=0.008 n=5  fasthttp

3 of 3 figures changed beyond noise, 0 did not.
Of 2 figures of others, who are the same in both runs, 2 changed as well, half of these by 60.0 % or more: so much is the machine.
× is the ratio to the base named behind it: each sample over the base's of the same round.
`, write(t, old, new, false))
}

func TestAll(t *testing.T) {
	r := run(figure("spindle", "ns", 1, 2, 3, 4))
	require.NotContains(t, write(t, r, r, false), "p=1.000")
	require.Contains(t, write(t, r, r, true), "p=1.000 n=4")
}

func TestFacts(t *testing.T) {
	with := func(v result.Verdict, says string) *result.Run {
		return &result.Run{Facts: []result.Fact{
			{Check: "cookie on errors", Peer: "spindle", Verdict: v, Says: says},
			{Check: "cookie on errors", Peer: "scs", Verdict: result.Good, Says: "set"},
		}}
	}
	got := write(t, with(result.Good, "set"), with(result.Bad, "lost"), false)
	require.Contains(t, got, "verdicts that changed\n  cookie on errors  spindle  good (set)  →  bad (lost)  worse\n")
	require.NotContains(t, got, "scs")
	require.NotContains(t, write(t, with(result.Good, "set"), with(result.Good, "kept"), false), "verdicts")
	require.Contains(t, write(t, with(result.Bad, "lost"), with(result.Good, "set"), false), "better")
}

func TestVersions(t *testing.T) {
	old, new := run(), run()
	old.Versions, new.Versions = map[string]string{"scs": "v1", "go": "go1"}, map[string]string{"scs": "v2", "go": "go1"}
	got := write(t, old, new, false)
	require.Contains(t, got, "version: scs v1 → v2\n")
	require.NotContains(t, got, "version: go")
}

func TestInputsAreKept(t *testing.T) {
	r := run(figure("spindle", "ns", 3, 1, 2))
	write(t, r, r, true)
	require.Equal(t, []float64{3, 1, 2}, r.Figures[0].Samples)
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestWriteError(t *testing.T) {
	require.ErrorContains(t, compare.Write(broken{}, run(), run(), false), "full")
}
