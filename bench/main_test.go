package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/bench/internal/child"
	"github.com/spindleweb/spindle/bench/internal/plan"
	"github.com/spindleweb/spindle/bench/internal/result"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	child.Main()
	os.Exit(m.Run())
}

// alone makes the run consist of one step of the test's own.
func alone(t *testing.T, do func(context.Context, *plan.Bench) error) {
	all := steps
	t.Cleanup(func() { steps = all })
	steps = []plan.Step{{Name: "only", Do: do}}
}

func run(args ...string) (string, error) {
	var out strings.Builder
	err := command(context.Background(), args, &out)
	return out.String(), err
}

func figure(ns float64) result.Figure {
	return result.Figure{Step: "only", Name: "touch", Peer: "spindle", Unit: "ns", Budget: 50, Samples: []float64{ns}}
}

func TestRunWritesResultReportAndBudgets(t *testing.T) {
	alone(t, func(_ context.Context, b *plan.Bench) error {
		require.Equal(t, plan.Quick, b.Scale)
		require.Equal(t, []string{"iris", "scs"}, b.Peers)
		b.Add(figure(0), 40)
		over := figure(0)
		over.Name, over.At, over.Of = "make", 1000, "live sessions"
		b.Add(over, 60)
		return nil
	})
	dir := filepath.Join(t.TempDir(), "new")
	out, err := run("-quick", "-out", dir, "-peers", "iris,scs")
	require.NoError(t, err)
	require.Contains(t, out, "held   spindle: only, touch: 40 ns (budget 50)")
	require.Contains(t, out, "MISSED spindle: only, make, 1,000 live sessions: 60 ns (budget 50)")
	r, err := result.Load(filepath.Join(dir, "result.json"))
	require.NoError(t, err)
	require.Len(t, r.Figures, 2)
	require.True(t, r.Quick)
	require.NotZero(t, r.Machine.Cores)
	html, err := os.ReadFile(filepath.Join(dir, "report.html"))
	require.NoError(t, err)
	require.Contains(t, string(html), "<svg")
}

func TestWhatWasMeasuredIsKeptWhenAStepFails(t *testing.T) {
	alone(t, func(_ context.Context, b *plan.Bench) error {
		b.Add(figure(0), 40)
		return os.ErrDeadlineExceeded
	})
	dir := t.TempDir()
	_, err := run("-out", dir)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	_, err = result.Load(filepath.Join(dir, "result.json"))
	require.NoError(t, err)
}

func TestReportIsDrawnAgainWithItsPicture(t *testing.T) {
	dir := t.TempDir()
	in, html, svg := filepath.Join(dir, "r.json"), filepath.Join(dir, "r.html"), filepath.Join(dir, "r.svg")
	require.NoError(t, (&result.Run{Figures: []result.Figure{figure(40)}}).Save(in))
	_, err := run("report", in, html, svg)
	require.NoError(t, err)
	require.FileExists(t, html)
	picture, err := os.ReadFile(svg)
	require.NoError(t, err)
	require.Contains(t, string(picture), "<svg")
}

func TestCompareSaysWhatChanged(t *testing.T) {
	dir := t.TempDir()
	before, after := filepath.Join(dir, "old.json"), filepath.Join(dir, "new.json")
	for path, ns := range map[string]float64{before: 40, after: 80} {
		f := figure(0)
		for i := range 10 {
			f.Samples = append(f.Samples, ns+float64(i))
		}
		require.NoError(t, (&result.Run{Figures: []result.Figure{f}}).Save(path))
	}
	out, err := run("compare", before, after)
	require.NoError(t, err)
	require.Contains(t, out, "worse")
	same, err := run("compare", before, before)
	require.NoError(t, err)
	require.NotContains(t, same, "worse")
}

func TestBadArgumentsAreToldApart(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"command":        {[]string{"measure"}, `there is no command "measure"`},
		"step":           {[]string{"-steps", "loopback,loops"}, `there is no step "loops"; there are in process, loopback`},
		"peer":           {[]string{"-peers", "iris,ires"}, `there is nothing called "ires" to measure; there are Twisted, spindle`},
		"flag":           {[]string{"-fast"}, "not defined: -fast"},
		"compare one":    {[]string{"compare", "a.json"}, "compare wants two results"},
		"compare none":   {[]string{"compare", "a.json", "b.json"}, "a.json: no such file"},
		"report one":     {[]string{"report", "a.json"}, "report wants RESULT.json REPORT.html"},
		"report nothing": {[]string{"report", "a.json", "b.html"}, "a.json: no such file"},
		"simulate":       {[]string{"simulate", "-nodes", "0"}, "nodes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := run(test.args...)
			require.ErrorContains(t, err, test.want)
		})
	}
}
