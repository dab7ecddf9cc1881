// Package compare tells what changed between two runs.
package compare

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"golang.org/x/perf/benchmath"

	"github.com/spindleweb/spindle/bench/internal/result"
)

// Write writes as text which figures of both runs differ by more than noise, or,
// if all is set, all that both have.
//
// Whether they do is benchstat's judgement: the Mann-Whitney U test over the
// samples, which assumes nothing of how they are distributed, at a level of 5 %.
// A figure that is a ratio to a base is compared as such, too: each sample
// divided by the base's of the same round. On another machine, or a busier one,
// that is what counts, since it moves all alike.
//
// The rounds of one run share its processes and its hour, so what differs from
// one process to the next, such as where its memory lies, counts as a change. How
// much that is shows in the libraries that are the same in both runs.
func Write(w io.Writer, old, new *result.Run, all bool) error {
	c := comparison{old: old, new: new, all: all}
	c.head()
	c.figures()
	c.facts()
	c.single()
	_, err := w.Write(c.out.Bytes())
	return err
}

type comparison struct {
	old, new *result.Run
	all      bool
	out      bytes.Buffer
}

func (c *comparison) say(format string, args ...any) { fmt.Fprintf(&c.out, format+"\n", args...) }

// head says what the two runs are, and warns of what makes them hard to compare.
func (c *comparison) head() {
	c.say("old  %s", described(c.old))
	c.say("new  %s", described(c.new))
	if c.old.Quick != c.new.Quick {
		c.say("warning: one run is quick, the other full: sizes and rounds differ")
	}
	if c.old.Machine != c.new.Machine {
		c.say("warning: the machines differ (%s): only ratios to a base compare", strings.Join(differences(c.old.Machine, c.new.Machine), "; "))
	}
	for _, name := range slices.Sorted(maps.Keys(c.old.Versions)) {
		if now, ok := c.new.Versions[name]; ok && now != c.old.Versions[name] {
			c.say("version: %s %s → %s", name, c.old.Versions[name], now)
		}
	}
}

// sameVersions reports whether all that was measured is of the same versions.
func (c *comparison) sameVersions() bool { return maps.Equal(c.old.Versions, c.new.Versions) }

func described(r *result.Run) string {
	kind := "full"
	if r.Quick {
		kind = "quick"
	}
	if r.Started.IsZero() {
		return kind + " run"
	}
	return r.Started.UTC().Format("2006-01-02 15:04 UTC") + ", " + kind + " run"
}

func differences(a, b result.Machine) (all []string) {
	for _, d := range []struct{ what, a, b string }{
		{"system", a.System, b.System}, {"CPU", a.CPU, b.CPU},
		{"cores", fmt.Sprint(a.Cores), fmt.Sprint(b.Cores)},
		{"memory", fmt.Sprintf("%.1f GiB", a.MemoryGiB), fmt.Sprintf("%.1f GiB", b.MemoryGiB)},
		{"Go", a.Go, b.Go},
	} {
		if d.a != d.b {
			all = append(all, d.what+" "+d.a+" → "+d.b)
		}
	}
	return all
}

// A delta is how one quantity differs.
type delta struct {
	old, new float64 // medians
	stat     benchmath.Comparison
	more     bool // is better
	few      string
}

// diff compares samples.
func diff(old, new []float64, more bool) delta {
	t := benchmath.DefaultThresholds
	a, b := benchmath.NewSample(numbers(old), &t), benchmath.NewSample(numbers(new), &t)
	d := delta{more: more, old: math.NaN(), new: math.NaN()}
	if len(a.Values) == 0 || len(b.Values) == 0 {
		d.stat = benchmath.Comparison{P: 1, Alpha: t.CompareAlpha, N1: len(a.Values), N2: len(b.Values)}
		d.few = "no samples"
		return d
	}
	const confidence = 0.95
	d.old = benchmath.AssumeNothing.Summary(a, confidence).Center
	d.new = benchmath.AssumeNothing.Summary(b, confidence).Center
	if len(slices.Compact(slices.Sorted(slices.Values(slices.Concat(a.Values, b.Values))))) == 1 {
		// The test has nothing to rank.
		d.stat = benchmath.Comparison{P: 1, Alpha: t.CompareAlpha, N1: len(a.Values), N2: len(b.Values)}
		return d
	}
	d.stat = benchmath.AssumeNothing.Compare(a, b)
	for _, w := range d.stat.Warnings {
		d.few = w.Error()
	}
	return d
}

// numbers are a copy of those of vs that are finite.
func numbers(vs []float64) []float64 {
	return slices.DeleteFunc(slices.Clone(vs), func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
}

// changed reports whether the difference is beyond noise.
func (d delta) changed() bool { return d.stat.P <= d.stat.Alpha && d.old != d.new }

// verdict is "better", "worse" or, within noise, "".
func (d delta) verdict() string {
	switch {
	case !d.changed():
		return ""
	case (d.new > d.old) == d.more:
		return "better"
	}
	return "worse"
}

// change is the difference in per cent, and "~" within noise.
func (d delta) change() string {
	if !d.changed() {
		return "~"
	}
	if d.old <= 0 { // per cent of nothing, or of less, say nothing
		return "?"
	}
	return d.stat.FormatDelta(d.old, d.new)
}

// ratios are the samples of f over those of its base in the same run: each over
// that of its round, since a round has all after one another; over the median if
// the base was measured more often, or less.
func ratios(r *result.Run, f *result.Figure) (vs []float64, ok bool) {
	if _, ok := r.Ratio(f); !ok || f.Base == f.Peer {
		return nil, false
	}
	base := r.Find(f.Group(), f.Base)
	of := base.Samples
	if len(of) != len(f.Samples) {
		of = slices.Repeat([]float64{base.Median()}, len(f.Samples))
	}
	for i, v := range f.Samples {
		vs = append(vs, v/of[i])
	}
	return vs, true
}
