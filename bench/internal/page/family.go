package page

import (
	"regexp"
	"slices"
	"strings"

	"github.com/spindleweb/spindle/bench/internal/result"
)

// A family is one quantity of several peers, at all the sizes it was measured
// at.
type family struct {
	Step, Name, Of, Unit string

	more    bool
	bases   []string // of the figures
	sizes   []int    // ascending
	peers   []string
	figures []*result.Figure
}

// families returns those of a step in order of appearance.
func families(r *result.Run, step string) (all []*family) {
	for i := range r.Figures {
		f := &r.Figures[i]
		if f.Step != step {
			continue
		}
		at := slices.IndexFunc(all, func(m *family) bool { return m.Name == f.Name && m.Of == f.Of && m.Unit == f.Unit })
		if at < 0 {
			at = len(all)
			all = append(all, &family{Step: step, Name: f.Name, Of: f.Of, Unit: f.Unit, more: f.More})
		}
		m := all[at]
		m.figures = append(m.figures, f)
		if f.Base != "" && !slices.Contains(m.bases, f.Base) {
			m.bases = append(m.bases, f.Base)
		}
		if !slices.Contains(m.peers, f.Peer) {
			m.peers = append(m.peers, f.Peer)
		}
		if !slices.Contains(m.sizes, f.At) {
			m.sizes = append(m.sizes, f.At)
			slices.Sort(m.sizes)
		}
	}
	return all
}

// base names what the ratios are to: one peer, or to each its own.
func (m *family) base() string {
	if len(m.bases) == 1 {
		return m.bases[0]
	}
	return "base"
}

// at returns the figure of a peer at a size, or nil.
func (m *family) at(peer string, size int) *result.Figure {
	for _, f := range m.figures {
		if f.Peer == peer && f.At == size {
			return f
		}
	}
	return nil
}

// title is the name, with the size if there is but one.
func (m *family) title() string {
	if len(m.sizes) == 1 && m.sizes[0] != 0 {
		return m.Name + sized(m.sizes[0], m.Of)
	}
	return m.Name
}

// sized says with how many of what.
func sized(at int, of string) string {
	s := ", " + short(float64(at))
	if of != "" {
		s += " " + of
	}
	if at == 1 {
		s = strings.TrimSuffix(s, "s")
	}
	return s
}

// medians are those of all figures.
func (m *family) medians() []float64 {
	vs := make([]float64, len(m.figures))
	for i, f := range m.figures {
		vs[i] = f.Median()
	}
	return vs
}

// timed reports whether a unit is one of time.
func timed(unit string) bool {
	return slices.Contains([]string{"ns", "µs", "μs", "us", "ms", "s"}, unit)
}

// aside are the percentiles and extremes of what has a p99, too, which is drawn.
var aside = regexp.MustCompile(`\b(p50|p99\.9|max|least|first|half|at most|before)\b`)

// drawn reports whether a family is worth a plot; the others share a table. A
// plot have times, rates and what a session takes in memory, of more than one
// peer or with a budget; not the bytes that go with a time of the same name.
func drawn(all []*family, m *family) bool {
	switch {
	case !m.budgeted() && (len(m.peers) == 1 || aside.MatchString(m.Name)):
		return false
	case timed(m.Unit), strings.HasSuffix(m.Unit, "/s"):
		return true
	case m.Unit != "B" && !strings.HasPrefix(m.Unit, "B/") && !strings.HasPrefix(m.Unit, "B per"):
		return false
	}
	return !slices.ContainsFunc(all, func(o *family) bool { return o.Name == m.Name && timed(o.Unit) })
}

// budgeted reports whether one of ours has a budget for it.
func (m *family) budgeted() bool {
	return slices.ContainsFunc(m.figures, func(f *result.Figure) bool { return f.Budget != 0 })
}

// bounds returns between what eight of ten samples lie. Unlike the least and the
// greatest these are no further apart where there are more samples.
func bounds(f *result.Figure) (lo, hi float64) {
	if len(f.Samples) == 0 {
		return 0, 0
	}
	s := slices.Sorted(slices.Values(f.Samples))
	tenth := func(n int) float64 {
		at, rest := n*(len(s)-1)/10, n*(len(s)-1)%10
		if rest == 0 || s[at] == s[at+1] {
			return s[at]
		}
		return s[at] + (s[at+1]-s[at])*float64(rest)/10
	}
	return tenth(1), tenth(9)
}

// withUnit writes a number with its unit.
func withUnit(v float64, unit string) string {
	return result.Number(v) + "\u00a0" + unit // one word
}

// times writes a ratio.
func times(v float64) string {
	switch {
	case v >= 0.1 && v < 9.995:
		return fixed(v, 2) + "×"
	case v >= 0.001 && v < 0.1:
		return fixed(v, 3) + "×"
	}
	return result.Number(v) + "×"
}
