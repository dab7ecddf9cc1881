package page_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/bench/internal/page"
	"github.com/spindleweb/spindle/bench/internal/result"
)

const hostile = "</title></svg><script>alert(1)</script>\"' onload=\"x\" <b>&\x00\x1b\n\uFFFE\xff style=\"fill:#E8590C\""

// What two panels of the picture show.
const (
	rate  = "requests per second, existing session"
	added = "added by the session, one core"
)

// odd are runs that are unlike any that one expects.
func odd() map[string]*result.Run {
	one := func(unit string, at int, samples ...float64) result.Figure {
		return result.Figure{Step: "s", Name: "n", At: at, Peer: "spindle", Unit: unit, Samples: samples}
	}
	runs := map[string]*result.Run{
		"full":        sampleRun(),
		"empty":       {},
		"no samples":  {Figures: []result.Figure{one("ns", 0), one("ns", 5)}},
		"one sample":  {Figures: []result.Figure{one("ns", 0, 3)}},
		"facts alone": {Facts: []result.Fact{{Check: "c", Peer: "p", Verdict: result.Bad, Says: "s"}}},
		"unknown base": {Figures: []result.Figure{{
			Step: "s", Name: "n", Peer: "spindle", Unit: "req/s", Base: "nobody", OfBase: true, Budget: 0.9, More: true, Samples: []float64{1},
		}}},
		"empty curves": {Curves: []result.Curve{{Step: "s", Name: "c", Peer: "p"}}},
		"curves": {Curves: []result.Curve{
			{Step: "s", Name: "c", Peer: "p", At: [][2]float64{{0, 0}, {math.NaN(), 1}, {1e6, math.Inf(1)}, {3, -1}, {1, 5000}}},
			{Step: "s", Name: "c", Peer: "q", At: [][2]float64{{1, 1}}},
		}},
		"distributions": {Curves: []result.Curve{
			{Step: "s", Name: "c", Peer: "p", At: [][2]float64{{0, 0}, {0, 1}}},
			{Step: "s", Name: "c", Peer: "q", At: [][2]float64{{0, 0}, {0, 0}}},
		}},
		"hostile": {
			Machine: result.Machine{System: hostile, CPU: hostile, Go: hostile}, Versions: map[string]string{hostile: hostile}, LeftOut: []string{hostile},
			Figures: []result.Figure{
				{Step: hostile, Name: hostile, Of: hostile, At: 1, Peer: hostile, Unit: "ns", Base: hostile, Budget: 1, Samples: []float64{1, 2}},
				{Step: "over loopback", Name: rate, Peer: "spindle, " + hostile, Unit: "req/s", More: true, Samples: []float64{1, 2}},
				{Step: "over loopback", Name: rate, Peer: "fasthttp", Unit: "req/s", More: true, Base: "fasthttp", Samples: []float64{1, 2}},
				{Step: "in process", Name: added, Of: hostile, At: 1, Peer: "spindle, " + hostile, Unit: "ns", Samples: []float64{1, 2}},
				{Step: "in process", Name: added, Of: hostile, At: 1, Peer: hostile, Unit: "ns", Samples: []float64{1, 2}},
				{Step: hostile, Name: hostile, Peer: hostile, Unit: hostile, Samples: []float64{1, 2}},
			},
			Curves: []result.Curve{{Step: hostile, Name: hostile, Peer: hostile, X: hostile, Y: hostile, At: [][2]float64{{1, 2}, {2, 3}}}},
			Facts:  []result.Fact{{Check: hostile, Peer: hostile, Verdict: hostile, Says: hostile}},
		},
	}
	// Each value beside others that make the scale logarithmic, and alone; at one
	// size and at two.
	for name, v := range map[string]float64{
		"NaN": math.NaN(), "infinite": math.Inf(1), "minus infinite": math.Inf(-1), "zero": 0, "negative": -3, "tiny": 1e-300, "huge": 1e300,
	} {
		alone, beside := new(result.Run), new(result.Run)
		for _, step := range []string{"in process", "over loopback"} {
			for _, k := range []struct {
				name, unit string
				at         int
			}{{added, "ns", 0}, {added, "ns", 10}, {rate, "req/s", 0}} {
				like := result.Figure{Step: step, Name: k.name, At: k.at, Peer: "spindle", Unit: k.unit, Base: "fasthttp", Budget: v}
				for i, other := range []float64{1, 1e5} {
					f := like
					f.Peer, f.Budget = []string{"fasthttp", "scs"}[i], 0
					beside.Add(f, other)
				}
				for _, r := range []*result.Run{alone, beside} {
					r.Add(like, v)
					r.Add(like, 2)
					r.Add(like, v)
				}
			}
		}
		runs[name+" alone"], runs[name+" beside"] = alone, beside
	}
	return runs
}

var svgs = regexp.MustCompile(`(?s)<svg.*?</svg>`)

// wellFormed requires that s is XML, and that text of a run has become neither
// elements nor attributes.
func wellFormed(t *testing.T, s string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(s))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
		if e, ok := tok.(xml.StartElement); ok {
			require.Contains(t, []string{"svg", "title", "desc", "style", "g", "path", "rect", "text"}, e.Name.Local)
			for _, a := range e.Attr {
				require.False(t, strings.HasPrefix(a.Name.Local, "on"), a.Name.Local)
				require.NotContains(t, a.Value, "NaN")
				require.NotContains(t, a.Value, "Inf")
			}
		}
	}
}

var loads = regexp.MustCompile(`(?i)(src|srcset|action|data|poster)\s*=|url\(|@import|<(link|script|img|iframe|object|embed)|href="[^#r]`)

func TestWrite(t *testing.T) {
	for name, r := range odd() {
		t.Run(name, func(t *testing.T) {
			var a, b bytes.Buffer
			require.NoError(t, page.Write(&a, r))
			require.NoError(t, page.Write(&b, r))
			require.Equal(t, a.String(), b.String(), "not the same twice")
			for _, svg := range svgs.FindAllString(a.String(), -1) {
				wellFormed(t, svg)
				require.Contains(t, svg, `role="img"><title>`)
			}
			require.NotRegexp(t, loads, a.String())
			require.True(t, strings.HasSuffix(strings.TrimSpace(a.String()), "</html>"))
		})
	}
}

func TestPicture(t *testing.T) {
	for name, r := range odd() {
		t.Run(name, func(t *testing.T) {
			var a, b bytes.Buffer
			require.NoError(t, page.Picture(&a, r))
			require.NoError(t, page.Picture(&b, r))
			require.Equal(t, a.String(), b.String(), "not the same twice")
			wellFormed(t, a.String())
			require.NotRegexp(t, loads, a.String())
		})
	}
}

func TestWhatIsShown(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, page.Write(&b, sampleRun()))
	for _, s := range []string{
		"Full run", "12 September 2026, 14:03 UTC", "26m3s", "2 cores", "24 GiB",
		"9 of 11 budgets are held", "the best of ours leads in", "ours pass 4 of 4",
		"<h2>In process</h2>", "<h2>Timers</h2>", "<h2>Correctness</h2>",
		"logarithmic scale", "7,158 kept", `class="bad"`, "go run .</code>", "result.json",
		"its state travels in the cookie", "v1.77.0", "median, ns",
	} {
		require.Contains(t, b.String(), s)
	}
	require.Less(t, strings.Index(b.String(), "<h2>In process"), strings.Index(b.String(), "<h2>Timers"))
	require.Equal(t, strings.Count(b.String(), "<svg"), 1+strings.Count(b.String(), "<details>"), "every plot but the picture has its numbers")

	b.Reset()
	r := sampleRun()
	r.Quick = true
	require.NoError(t, page.Write(&b, r))
	require.Contains(t, b.String(), "Quick run")
	require.Contains(t, b.String(), "go run . -quick</code>")
}

func TestPictureShows(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, page.Picture(&b, sampleRun()))
	for _, s := range []string{
		"bare fasthttp: 100", "83\u00a0%", `textLength="`, "Time that a session adds", "1M live sessions", "341\u00a0ns",
		"Memory of a session", "How late sessions end", "prefers-color-scheme",
	} {
		require.Contains(t, b.String(), s)
	}
	// What was not measured has no panel.
	r := sampleRun()
	r.Figures = slices.DeleteFunc(r.Figures, func(f result.Figure) bool { return f.Step == "memory" })
	b.Reset()
	require.NoError(t, page.Picture(&b, r))
	require.Contains(t, b.String(), "How late sessions end")
	require.NotContains(t, b.String(), "Memory of a session")
	b.Reset()
	require.NoError(t, page.Picture(&b, new(result.Run)))
	require.Contains(t, b.String(), "nothing to show")
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestWriteError(t *testing.T) {
	require.ErrorContains(t, page.Write(broken{}, sampleRun()), "full")
	require.ErrorContains(t, page.Picture(broken{}, sampleRun()), "full")
}
