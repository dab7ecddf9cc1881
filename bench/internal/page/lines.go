package page

import (
	"math"
	"slices"

	"gonum.org/v1/plot"
	plottext "gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/spindleweb/spindle/bench/internal/result"
)

// A line is one peer's in a lines.
type line struct {
	name   string
	ink    ink
	bold   bool
	at     [][2]float64
	lo, hi []float64 // the range at each point; none for a curve
	says   string    // its label
}

// lines is a plot of one quantity over another, each line labelled where it
// ends; or, if all are distributions, which end at the same height, where they
// can be told apart.
type lines struct {
	lines      []line
	logX, logY bool
	x          string // what runs along
	xTicks     plot.Ticker
	distribute bool
}

const linesHeight = 240

// newLines makes the plot of a family over its sizes.
func newLines(r *result.Run, c *cast, m *family) *lines {
	l := &lines{x: m.Of}
	pos, ticks := places(m.sizes)
	l.xTicks = plot.ConstantTicks(ticks)
	for _, p := range m.peers {
		one := line{name: p, ink: c.ink[p], bold: isOurs(p)}
		for i, size := range m.sizes {
			f := m.at(p, size)
			if f == nil || len(f.Samples) == 0 {
				continue
			}
			lo, hi := bounds(f)
			one.at = append(one.at, [2]float64{pos[i], f.Median()})
			one.lo, one.hi = append(one.lo, lo), append(one.hi, hi)
			one.says = p + "  " + result.Number(f.Median())
			if i < len(m.sizes)-1 {
				one.says += " at " + ticks[i].Label
			}
			if v, ok := r.Ratio(f); ok && p != f.Base {
				one.says += "  (" + times(v) + ")"
			}
		}
		l.lines = append(l.lines, one)
	}
	l.logY = spread(m.medians())
	l.keep()
	return l
}

// places are the positions of sizes on a logarithmic axis; 0, which has none, is
// a decade below the least other.
func places(sizes []int) (pos []float64, ticks []plot.Tick) {
	for _, s := range sizes {
		x := math.Log10(float64(s))
		if s <= 0 {
			x = 0
			if i := slices.IndexFunc(sizes, func(s int) bool { return s > 0 }); i >= 0 {
				x = math.Log10(float64(sizes[i])) - 1
			}
		}
		pos = append(pos, x)
		ticks = append(ticks, plot.Tick{Value: x, Label: short(float64(s))})
	}
	return pos, ticks
}

// curvePoints is how many points of a curve are drawn at most.
const curvePoints = 200

// newCurves makes the plot of curves that have the axes of the first.
func newCurves(c *cast, curves []result.Curve) *lines {
	l := &lines{x: curves[0].X, distribute: true}
	var xs, ys []float64
	for _, v := range curves {
		one := line{name: v.Peer, ink: c.ink[v.Peer], bold: isOurs(v.Peer), says: v.Peer, at: slices.Clone(v.At)}
		if by := (len(one.at) + curvePoints - 1) / curvePoints; by > 1 {
			last, thin := one.at[len(one.at)-1], one.at[:0]
			for i := 0; i < len(one.at); i += by {
				thin = append(thin, one.at[i])
			}
			one.at = append(thin, last)
		}
		for i, at := range one.at {
			xs, ys = append(xs, at[0]), append(ys, at[1])
			if i > 0 && (at[1] < one.at[i-1][1] || at[0] < one.at[i-1][0]) {
				l.distribute = false
			}
		}
		l.lines = append(l.lines, one)
	}
	for _, one := range l.lines {
		last := func(l line) float64 { return l.at[len(l.at)-1][1] }
		if len(one.at) == 0 || len(l.lines[0].at) == 0 || last(one) != last(l.lines[0]) {
			l.distribute = false // they do not end at the same height
		}
	}
	l.logX, l.logY = l.distribute && spread(xs), !l.distribute && spread(ys)
	l.keep()
	return l
}

// keep drops the points that have no place on the scales, and lines without
// points.
func (l *lines) keep() {
	for i := range l.lines {
		one := &l.lines[i]
		var at [][2]float64
		var lo, hi []float64
		for j, v := range one.at {
			if !finite(v[0]) || !finite(v[1]) || l.logX && v[0] <= 0 || l.logY && v[1] <= 0 {
				continue
			}
			at = append(at, v)
			if one.lo != nil {
				lo, hi = append(lo, one.lo[j]), append(hi, one.hi[j])
			}
		}
		one.at, one.lo, one.hi = at, lo, hi
	}
	l.lines = slices.DeleteFunc(l.lines, func(one line) bool { return len(one.at) == 0 })
	// Ours are drawn last, above the others.
	slices.SortStableFunc(l.lines, func(a, b line) int {
		switch {
		case a.bold == b.bold:
			return 0
		case a.bold:
			return 1
		}
		return -1
	})
}

// draw draws the plot onto c.
func (l *lines) draw(c draw.Canvas) {
	var xs, ys []float64
	var right vg.Length
	for _, one := range l.lines {
		right = max(right, l.label(one).Width(clean(one.says)))
		for _, v := range one.at {
			xs, ys = append(xs, v[0]), append(ys, v[1])
		}
	}
	if len(xs) == 0 {
		return
	}
	p := plot.New()
	p.BackgroundColor = nil
	plain(&p.X)
	plain(&p.Y)
	p.X.Padding, p.Y.Padding = 3, 4
	p.X.Label.Text = clean(l.x)
	p.X.Min, p.X.Max = slices.Min(xs), slices.Max(xs)
	switch {
	case l.xTicks != nil:
		p.X.Tick.Marker = l.xTicks
	case l.logX:
		p.X.Scale, p.X.Tick.Marker = logScale{}, logTicks(7)
	default:
		p.X.Tick.Marker = linearTicks(7)
	}
	if p.X.Min == p.X.Max {
		p.X.Max++
	}
	if l.logY {
		lo, hi := span(ys)
		p.Y.Min, p.Y.Max = lo/1.2, hi*1.2
		p.Y.Scale, p.Y.Tick.Marker = logScale{}, logTicks(5)
	} else {
		p.Y.Min, p.Y.Max = extent(ys)
		if !l.distribute {
			p.Y.Max *= 1.1
		}
		p.Y.Tick.Marker = linearTicks(5)
	}
	if l.distribute {
		right = 12
	}
	right = min(right, (c.Max.X-c.Min.X)/2)
	p.Add(grid{x: true, y: true}, l)
	p.Draw(draw.Crop(c, 2, -(right + 14), 2, -8))
}

func (l *lines) label(one line) plottext.Style {
	i := one.ink
	if one.ink == base {
		i = muted
	}
	return style(nameSize, i, one.bold, draw.XLeft, draw.YCenter)
}

// dashes tell lines of the same ink apart.
var dashes = [][]vg.Length{nil, {5, 3}, {1.5, 2.5}, {7, 2, 1.5, 2}}

// Plot implements plot.Plotter.
func (l *lines) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	used := make(map[ink]int)
	ends := make([]vg.Point, len(l.lines))
	for i, one := range l.lines {
		st := draw.LineStyle{Color: one.ink, Width: 1.6, Dashes: dashes[used[one.ink]%len(dashes)]}
		used[one.ink]++
		if one.bold {
			st.Width = 2.6
		}
		var pts []vg.Point
		for j, v := range one.at {
			pt := vg.Point{X: x(v[0]), Y: y(v[1])}
			pts = append(pts, pt)
			if one.lo != nil {
				if lo, hi := max(one.lo[j], p.Y.Min), min(one.hi[j], p.Y.Max); lo < hi {
					stroke(c, one.ink, 1, pt.X, y(lo), pt.X, y(hi)) // cut at the edges, or one would set the scale for all
				}
				c.DrawGlyph(draw.GlyphStyle{Color: one.ink, Radius: st.Width + 1.2, Shape: draw.CircleGlyph{}}, pt)
			}
		}
		c.StrokeLines(st, pts)
		ends[i] = pts[len(pts)-1]
	}
	if l.distribute {
		l.within(c, x, y, p.Y.Max)
		return
	}
	at := make([]vg.Length, len(ends))
	for i := range ends {
		at[i] = ends[i].Y
	}
	spreadOut(at, 12.5, c.Min.Y, c.Max.Y)
	for i, one := range l.lines {
		to := vg.Point{X: c.Max.X + 14, Y: at[i]}
		lead := draw.LineStyle{Color: one.ink, Width: 0.7}
		if ends[i].X < c.Max.X-1 {
			lead.Dashes = dashes[2] // no course, only where the label belongs
		}
		c.StrokeLine2(lead, ends[i].X, ends[i].Y, to.X-2, to.Y)
		put(c, l.label(one), to, clean(one.says))
	}
}
