package result_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spindleweb/spindle/bench/internal/result"
	"github.com/stretchr/testify/require"
)

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		samples []float64
		want    float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{3, 1}, 2}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 2, 9}, 3}} {
		require.Equal(t, test.want, (&result.Figure{Samples: test.samples}).Median(), "%v", test.samples)
	}
}

func TestSamplesOfOneFigureComeTogether(t *testing.T) {
	r := new(result.Run)
	ns := result.Figure{Step: "s", Name: "look-up", At: 10, Of: "sessions", Unit: "ns"}
	for i := range 3 {
		for _, p := range []string{"a", "b"} {
			f := ns
			f.Peer = p
			r.Add(f, float64(i))
		}
	}
	other := ns
	other.At = 20
	other.Peer = "a"
	r.Add(other, 7)
	require.Len(t, r.Figures, 3)
	require.Equal(t, []float64{0, 1, 2}, r.Find(ns.Group(), "b").Samples)
	require.Equal(t, []float64{7}, r.Find(other.Group(), "a").Samples)
	require.Nil(t, r.Find(other.Group(), "b"))
}

func TestRatioAndBudget(t *testing.T) {
	for name, test := range map[string]struct {
		figure     result.Figure
		ratio      float64
		within, ok bool
	}{
		"no base, no budget": {result.Figure{Samples: []float64{8}}, 0, false, false},
		"held":               {result.Figure{Samples: []float64{8}, Budget: 9}, 0, true, true},
		"missed":             {result.Figure{Samples: []float64{8}, Budget: 7}, 0, false, true},
		"held, more":         {result.Figure{Samples: []float64{8}, Budget: 7, More: true}, 0, true, true},
		"of base, held":      {result.Figure{Samples: []float64{98}, Base: "base", OfBase: true, More: true, Budget: 0.97}, 0.98, true, true},
		"of base, missed":    {result.Figure{Samples: []float64{96}, Base: "base", OfBase: true, More: true, Budget: 0.97}, 0.96, false, true},
		"of a missing base":  {result.Figure{Samples: []float64{96}, Base: "x", OfBase: true, More: true, Budget: 0.97}, 0, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := &result.Run{Figures: []result.Figure{{Peer: "base", Samples: []float64{100}}}}
			ratio, ok := r.Ratio(&test.figure)
			require.Equal(t, test.ratio != 0, ok)
			require.InDelta(t, test.ratio, ratio, 1e-9)
			within, ok := r.Within(&test.figure)
			require.Equal(t, test.within, within)
			require.Equal(t, test.ok, ok)
		})
	}
}

func TestABadVerdictStays(t *testing.T) {
	r := new(result.Run)
	for _, v := range []result.Verdict{result.Good, result.Bad, result.Good} {
		r.Judge(result.Fact{Check: "c", Peer: "a", Verdict: v, Says: string(v)})
		r.Judge(result.Fact{Check: "c", Peer: "b", Verdict: result.Good})
	}
	require.Equal(t, []result.Fact{
		{Check: "c", Peer: "a", Verdict: result.Bad, Says: "bad"},
		{Check: "c", Peer: "b", Verdict: result.Good},
	}, r.Facts)
}

func TestWhatIsSavedIsLoaded(t *testing.T) {
	r := &result.Run{
		Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Took: 1.5, Quick: true, Machine: result.ThisMachine(),
		Versions: map[string]string{"a": "v1"},
		Figures:  []result.Figure{{Step: "s", Peer: "p", Unit: "ns", Samples: []float64{1, 2.5}}},
		Curves:   []result.Curve{{Step: "s", At: [][2]float64{{1, 2}}}},
		Facts:    []result.Fact{{Check: "c", Peer: "p", Verdict: result.Good, Says: "so"}},
		LeftOut:  []string{"much"},
	}
	path := filepath.Join(t.TempDir(), "r.json")
	require.NoError(t, r.Save(path))
	got, err := result.Load(path)
	require.NoError(t, err)
	require.Equal(t, r, got)
	require.NotZero(t, got.Machine.Cores)
}

func TestWhatIsNoResultIsRefused(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "other": `[1]`, "no figures": `{"took":1}`} {
		path := filepath.Join(t.TempDir(), "r.json")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := result.Load(path)
		require.ErrorContains(t, err, "not a result of bench", name)
	}
	_, err := result.Load("/does/not/exist")
	require.ErrorIs(t, err, os.ErrNotExist)
}
