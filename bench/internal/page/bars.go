package page

import (
	"cmp"
	"slices"

	"gonum.org/v1/plot"
	plottext "gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/spindleweb/spindle/bench/internal/result"
)

// A bar is one peer's line in a bars.
type bar struct {
	name   string
	ink    ink
	bold   bool
	v      float64
	lo, hi float64 // the range of the samples
	says   string  // at the end of the bar
	ratio  string  // in the column to the right
	budget float64 // 0: none
}

// bars is a plot of one quantity: a line for each peer, best first, with its
// name to the left, the value at its end and the ratio to the base in a column
// of its own. On a logarithmic scale, where a length means nothing, a dot marks
// the value, and a faint line leads to it.
type bars struct {
	list   []bar
	log    bool
	header string    // of the column of ratios; "" for none
	names  vg.Length // the width of the names
	row    vg.Length // the height of a line

	write func(float64) string // puts values into words; nil for short
}

const (
	rowHeight = 19 // of a bar, in the page
	nameSize  = 10.5
	tickSize  = 9
	dot       = 4
	lift      = 1 // what brings text level with its bar
	gap       = 6 // between a bar and what is written beside it
)

// newBars makes the plot of a family at one size.
func newBars(r *result.Run, c *cast, m *family, size int) *bars {
	b := &bars{row: rowHeight}
	var vs []float64
	for _, p := range m.peers {
		f := m.at(p, size)
		if f == nil || len(f.Samples) == 0 {
			continue
		}
		one := bar{name: p, ink: c.ink[p], bold: isOurs(p), v: f.Median(), budget: budget(r, f)}
		one.lo, one.hi = bounds(f)
		one.says = withUnit(one.v, m.Unit)
		if v, ok := r.Ratio(f); ok {
			one.ratio, b.header = times(v), "× "+m.base()
		}
		vs = append(vs, one.v)
		b.list = append(b.list, one)
	}
	b.log = spread(vs)
	slices.SortStableFunc(b.list, func(x, y bar) int {
		if m.more {
			x, y = y, x
		}
		return cmp.Compare(x.v, y.v)
	})
	return b
}

// budget returns the budget of f in its own unit, and 0 if it has none.
func budget(r *result.Run, f *result.Figure) float64 {
	if !f.OfBase {
		return f.Budget
	}
	if b := r.Find(f.Group(), f.Base); b != nil {
		return f.Budget * b.Median()
	}
	return 0
}

// height is what the plot takes.
func (b *bars) height() vg.Length {
	return b.row*vg.Length(len(b.list)) + 21 + b.top()
}

// top is what is above the first line: room for the header.
func (b *bars) top() vg.Length {
	if b.header == "" {
		return 2
	}
	return 13
}

// draw draws the plot onto c.
func (b *bars) draw(c draw.Canvas) {
	var right, ratios vg.Length
	var all []float64
	for _, one := range b.list {
		right = max(right, b.style(one).Width(one.says))
		ratios = max(ratios, b.style(one).Width(one.ratio))
		all = append(all, one.v, one.hi, one.budget)
		if !b.log || one.lo > 0 {
			all = append(all, one.lo)
		}
	}
	right += 2 * gap
	if b.header != "" {
		right += max(ratios, style(tickSize, muted, false, 0, 0).Width(b.header)) + gap
	}
	right = min(right, (c.Max.X-c.Min.X)/2)

	p := plot.New()
	p.BackgroundColor = nil
	p.HideY()
	p.Y.Min, p.Y.Max, p.Y.Padding = 0, float64(len(b.list)), 0
	n := max(2, int((c.Max.X-c.Min.X-b.names-right)/50))
	plain(&p.X)
	if b.log {
		lo, hi := span(all)
		p.X.Min, p.X.Max = lo/1.5, hi
		p.X.Scale, p.X.Tick.Marker = logScale{}, logTicks(n)
	} else {
		p.X.Min, p.X.Max = extent(all)
		p.X.Tick.Marker = linearTicks(n)
	}
	if b.write != nil {
		p.X.Tick.Marker = relabelled(p.X.Tick.Marker, b.write)
	}
	p.Add(grid{x: true}, rows{b, c.Max.X - 2})
	p.Draw(draw.Crop(c, b.names+gap, -right, 4, -b.top()))
	if b.header != "" {
		put(c, style(tickSize, muted, false, draw.XRight, draw.YTop), vg.Point{X: c.Max.X - 2, Y: c.Max.Y - 1}, b.header)
	}
}

// style is that of what is written in a bar's line.
func (b *bars) style(one bar) plottext.Style {
	return style(nameSize, text, one.bold, draw.XLeft, draw.YCenter)
}

// rows draws the lines of a bars, with the ratios up against edge.
type rows struct {
	*bars
	edge vg.Length
}

// Plot implements plot.Plotter.
func (b rows) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	zero := c.Min.X
	if !b.log {
		zero = x(0)
	}
	for i, one := range b.list {
		at := y(float64(len(b.list)-i) - 0.5)
		st := b.style(one)
		name := st
		name.XAlign = draw.XRight
		put(c, name, vg.Point{X: c.Min.X - gap, Y: at + lift}, shorten(one.name, name, b.names))

		end := zero
		if shown := finite(one.v) && !(b.log && one.v <= 0); shown {
			end = x(one.v)
			if b.log {
				stroke(c, faint, 1.5, zero, at, end, at)
				c.DrawGlyph(draw.GlyphStyle{Color: one.ink, Radius: dot, Shape: draw.CircleGlyph{}}, vg.Point{X: end, Y: at})
				end += dot
			} else {
				c.FillPolygon(one.ink, []vg.Point{{X: zero, Y: at - 6}, {X: end, Y: at - 6}, {X: end, Y: at + 6}, {X: zero, Y: at + 6}})
			}
			if finite(one.lo) && finite(one.hi) && one.lo < one.hi {
				lo, hi := x(one.lo), x(one.hi)
				if !b.log || hi-lo > 3*dot { // else the dot hides it
					stroke(c, text, 0.9, lo, at, hi, at)
					stroke(c, text, 0.9, lo, at-2.5, lo, at+2.5)
					stroke(c, text, 0.9, hi, at-2.5, hi, at+2.5)
					end = max(end, hi)
				}
			}
		}
		if finite(one.budget) && one.budget > 0 {
			stroke(c, text, 2, x(one.budget), at-8, x(one.budget), at+8)
			if bx := x(one.budget); bx >= end-gap && bx < end+gap+st.Width(one.says)+gap {
				end = bx
			}
		}
		put(c, st, vg.Point{X: max(end, zero) + gap, Y: at + lift}, one.says)
		if one.ratio != "" {
			st := style(nameSize, muted, one.bold, draw.XRight, draw.YCenter)
			put(c, st, vg.Point{X: b.edge, Y: at + lift}, one.ratio)
		}
	}
}
