package page

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/spindleweb/spindle/bench/internal/result"
)

// section is a step. What is behind a budget or in the picture is shown at once,
// and the first two of the curves; all else on demand.
type section struct {
	ID, Title   string
	Plots, More []plotView
	Small       *matrix // what is not worth a plot
	Rest        string  // what there is on demand
}

// plotView is a plot with its numbers.
type plotView struct {
	Title, Note string
	SVG         template.HTML
	Head        []string
	Rows        [][]string
}

// plotWidth is the width of a plot in points, which the page shows as pixels.
const plotWidth = 520

func newSection(r *result.Run, c *cast, step string) section {
	s := section{Title: capital(step)}
	all := families(r, step)
	var small []*family
	for _, m := range all {
		if !drawn(all, m) {
			small = append(small, m)
			continue
		}
		v := plotOf(r, c, m)
		if slices.ContainsFunc(all, func(o *family) bool { return o.Name == m.Name && o.Unit == m.Unit && o.Of != m.Of }) && len(m.sizes) > 1 {
			v.Title += ", " + m.Of
		}
		if m.budgeted() || m.isTold() {
			s.Plots = append(s.Plots, v)
		} else {
			s.More = append(s.More, v)
		}
	}
	s.Small = smallFigures(r, small)
	var done []string
	for _, v := range r.Curves {
		if v.Step != step || slices.Contains(done, v.Name) {
			continue
		}
		done = append(done, v.Name)
		plot := curvesOf(c, r.Curves, step, v.Name)
		if len(done) <= 2 {
			s.Plots = append(s.Plots, plot)
		} else {
			s.More = append(s.More, plot)
		}
	}
	if len(s.Plots) == 0 {
		n := min(2, len(s.More))
		s.Plots, s.More = s.More[:n], s.More[n:]
	}
	var rest []string
	if len(s.More) > 0 {
		rest = append(rest, plural(len(s.More), "more plot"))
	}
	if s.Small != nil {
		rest = append(rest, "a table of "+plural(len(s.Small.Rows), "more quantity"))
	}
	s.Rest = strings.Join(rest, " and ")
	return s
}

// plotOf draws a family: bars, or lines if it was measured at several sizes.
func plotOf(r *result.Run, c *cast, m *family) plotView {
	v := plotView{Title: capital(m.Name)}
	var notes []string
	if size := m.sizes[0]; len(m.sizes) == 1 && size != 0 {
		notes = append(notes, strings.TrimPrefix(sized(size, m.Of), ", "))
	}
	notes = append(notes, m.Unit)
	if m.more {
		notes = append(notes, "more is better")
	} else {
		notes = append(notes, "less is better")
	}
	log, budgeted := false, false
	var draws func(draw.Canvas)
	var height vg.Length
	if len(m.sizes) > 1 {
		l := newLines(r, c, m)
		log, draws, height = l.logY, l.draw, linesHeight
		if log && slices.ContainsFunc(m.medians(), func(v float64) bool { return v <= 0 }) {
			notes = append(notes, "what is not above 0 is in the numbers only")
		}
		if len(m.bases) > 0 {
			notes = append(notes, "in brackets × "+m.base())
		}
	} else {
		b := newBars(r, c, m, m.sizes[0])
		b.names = namesWidth(c)
		log, draws, height = b.log, b.draw, b.height()
		budgeted = slices.ContainsFunc(b.list, func(one bar) bool { return one.budget > 0 })
	}
	if log {
		notes = append(notes, "logarithmic scale")
	}
	if len(m.bases) > 1 {
		notes = append(notes, "base: "+strings.Join(m.bases, " or ")+", what each stands on")
	}
	if budgeted {
		notes = append(notes, "┃ budget")
	}
	v.Note = strings.Join(notes, " · ")
	v.Head, v.Rows = numbers(r, m)
	v.SVG = template.HTML(figure(plotWidth, height, v.Title+", "+m.Unit, described(m), drawing(plotWidth, height, draws)))
	return v
}

// namesWidth is what the names in front of bars take, the same in all plots so
// that they are in line.
func namesWidth(c *cast) (w vg.Length) {
	for _, p := range c.peers {
		w = max(w, style(nameSize, text, isOurs(p), 0, 0).Width(clean(p)))
	}
	return min(w, 150)
}

// described puts a plot into words, for who cannot see it.
func described(m *family) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Medians in %s:", m.Unit)
	for i, f := range m.figures {
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString(" " + f.Peer + " ")
		if len(m.sizes) > 1 {
			b.WriteString("at " + short(float64(f.At)) + " ")
		}
		b.WriteString(result.Number(f.Median()))
	}
	return b.String() + "."
}

// numbers are the figures of a family as a table.
func numbers(r *result.Run, m *family) (head []string, rows [][]string) {
	head = []string{"", "median, " + m.Unit, "8 in 10 within", "n"}
	if len(m.bases) > 0 {
		head = append(head, "× "+m.base())
	}
	for _, size := range m.sizes {
		var figures []*result.Figure
		for _, p := range m.peers {
			if f := m.at(p, size); f != nil {
				figures = append(figures, f)
			}
		}
		slices.SortStableFunc(figures, func(a, b *result.Figure) int {
			if m.more {
				a, b = b, a
			}
			return cmp.Compare(a.Median(), b.Median())
		})
		for _, f := range figures {
			name := f.Peer
			if len(m.sizes) > 1 {
				name += sized(size, "")
			}
			lo, hi := bounds(f)
			row := []string{name, result.Number(f.Median()), result.Number(lo) + " … " + result.Number(hi), fmt.Sprint(len(f.Samples))}
			if len(m.bases) > 0 {
				ratio := ""
				if v, ok := r.Ratio(f); ok {
					ratio = times(v) + " " + f.Base
				}
				row = append(row, ratio)
			}
			rows = append(rows, row)
		}
	}
	return head, rows
}

// curvesOf draws the curves of a name.
func curvesOf(c *cast, all []result.Curve, step, name string) plotView {
	var curves []result.Curve
	for _, v := range all {
		if v.Step == step && v.Name == name {
			curves = append(curves, v)
		}
	}
	l := newCurves(c, curves)
	v := plotView{Title: capital(name), Head: []string{"", "points", "median x", "last x", "last y"}}
	notes := []string{curves[0].Y + " over " + curves[0].X}
	switch {
	case l.logX && l.logY:
		notes = append(notes, "both scales logarithmic")
	case l.logX:
		notes = append(notes, "x logarithmic")
	case l.logY:
		notes = append(notes, "y logarithmic")
	}
	v.Note = strings.Join(notes, " · ")
	desc := curves[0].Y + " over " + curves[0].X + " for"
	for i, u := range curves {
		if i > 0 {
			desc += ","
		}
		desc += " " + u.Peer
		if n := len(u.At); n > 0 {
			mid, last := u.At[n/2], u.At[n-1]
			v.Rows = append(v.Rows, []string{u.Peer, fmt.Sprint(n), result.Number(mid[0]), result.Number(last[0]), result.Number(last[1])})
		}
	}
	v.SVG = template.HTML(figure(plotWidth, linesHeight, v.Title, desc+".", drawing(plotWidth, linesHeight, l.draw)))
	return v
}
