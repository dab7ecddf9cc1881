package page

import (
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// plain makes an axis labels only; the grid says where they belong.
func plain(a *plot.Axis) {
	a.LineStyle.Width = 0
	a.Tick.LineStyle.Width = 0
	a.Tick.Length = 0
	a.Padding = 0
	old := a.Tick.Label
	a.Tick.Label = style(tickSize, muted, false, old.XAlign, old.YAlign)
	a.Label.TextStyle = style(tickSize, muted, false, a.Label.TextStyle.XAlign, a.Label.TextStyle.YAlign)
}

// grid draws faint lines at the labelled ticks.
type grid struct{ x, y bool }

// Plot implements plot.Plotter.
func (g grid) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	if g.x {
		for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
			if t.Value >= p.X.Min && t.Value <= p.X.Max {
				stroke(c, faint, 0.8, x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
			}
		}
	}
	if g.y {
		for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
			if t.Value >= p.Y.Min && t.Value <= p.Y.Max {
				stroke(c, faint, 0.8, c.Min.X, y(t.Value), c.Max.X, y(t.Value))
			}
		}
	}
}

// stroke draws a straight line.
func stroke(c draw.Canvas, i ink, width vg.Length, x0, y0, x1, y1 vg.Length) {
	c.StrokeLine2(draw.LineStyle{Color: i, Width: width}, x0, y0, x1, y1)
}

// fixed writes v with some places.
func fixed(v float64, places int) string { return strconv.FormatFloat(v, 'f', places, 64) }
