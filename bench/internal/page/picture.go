package page

import (
	"fmt"
	"html"
	"io"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/spindleweb/spindle/bench/internal/result"
)

const (
	pictureWidth  = 800
	pictureMargin = 24
	panelGap      = 36 // between two beside each other
	panelHead     = 46 // title and what is measured
	panelRow      = 20 // of a bar
	pictureFoot   = 34
)

// A tale is what a panel shows, and of which family: the first whose name begins
// so.
type tale struct{ title, note, step, name, unit string }

// told are what the picture shows: what a request costs, by itself and among
// many sessions, what a session takes, and when it ends. In the notes # is the
// size.
var told = []tale{
	{"Requests a second; bare fasthttp: 100 %", "with a live session, over loopback · more is better", "over loopback", "requests per second, existing session", "req/s"},
	{"Time that a session adds to a request", "# live sessions, in process, one core · less is better", "in process", "added by the session, one core", "ns"},
	{"Memory of a session", "# live, empty sessions, resident · less is better", "memory", "RSS of a session", "B"},
	{"How late sessions end, p99", "# due, swept each second where that can be set · less is better", "endings", "gone after due, p99", "ms"},
}

// A panel is one of the plots of the picture.
type panel struct {
	title, note string
	bars        *bars
}

// Picture writes an SVG that shows the four things of r that tell most, for the
// README.
func Picture(w io.Writer, r *result.Run) error {
	height, desc, body := picture(r, newCast(r))
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%g" viewBox="0 0 %[1]d %[2]g" role="img"><title>Spindle beside others</title><desc>%s</desc>`+
		`<style>text{font-family:%s;paint-order:stroke;stroke-width:2.5px;stroke-linejoin:round}%s</style>`+
		`<rect x=".5" y=".5" width="%d" height="%g" rx="8" fill="%s" stroke="%s" class="f-card s-faint"/>%s</svg>
`, pictureWidth, height.Points(), html.EscapeString(clean(desc)), typeface, "text{stroke:"+card.light+"}"+darkCSS()+"@media (prefers-color-scheme:dark){text{stroke:"+card.dark+"}}",
		pictureWidth-1, height.Points()-1, card.light, faint.light, body)
	return err
}

// picture draws the panels, two beside each other, and puts them into words.
func picture(r *result.Run, c *cast) (height vg.Length, desc, body string) {
	panels := panelsOf(r, c)
	if len(panels) == 0 {
		height, desc = 120, "Nothing was measured."
	}
	var names vg.Length
	var tops []vg.Length
	height += pictureMargin
	for i, p := range panels {
		names = max(names, p.bars.widest())
		if i%2 == 0 {
			high := p.bars.height()
			if i+1 < len(panels) {
				high = max(high, panels[i+1].bars.height())
			}
			tops = append(tops, height)
			height += panelHead + high + pictureMargin
		}
		desc += p.title + " (" + p.note + "):"
		for i, one := range p.bars.list {
			if i > 0 {
				desc += ","
			}
			desc += " " + one.name + " " + one.says
		}
		desc += ". "
	}
	height += pictureFoot - pictureMargin
	const width = (pictureWidth - 2*pictureMargin - panelGap) / 2
	return height, strings.TrimSpace(desc), drawing(pictureWidth, height, func(dc draw.Canvas) {
		line := func(x, y vg.Length, size vg.Length, i ink, bold bool, s string) {
			st := style(size, i, bold, draw.XLeft, draw.YTop)
			put(dc, st, vg.Point{X: x, Y: dc.Max.Y - y}, shorten(s, st, pictureWidth-pictureMargin-x))
		}
		if len(panels) == 0 {
			line(pictureMargin, 50, 13, muted, false, "nothing to show yet")
		}
		for i, p := range panels {
			left, top := pictureMargin+vg.Length(i%2)*(width+panelGap), tops[i/2]
			line(left, top, 14, text, true, p.title)
			line(left, top+20, 10.5, muted, false, p.note)
			p.bars.names = names
			from := dc.Max.Y - top - panelHead
			p.bars.draw(draw.Canvas{Canvas: dc.Canvas, Rectangle: vg.Rectangle{
				Min: vg.Point{X: left, Y: from - p.bars.height()}, Max: vg.Point{X: left + width, Y: from},
			}})
		}
		line(pictureMargin, height-pictureFoot+8, 10, muted, false, foot(r, panels))
	})
}

// foot is the line below the panels.
func foot(r *result.Run, panels []panel) string {
	parts := []string{"spindle/session: the sessions alone, without site and tree", "medians; 8 of 10 samples within the whiskers"}
	if slices.ContainsFunc(panels, func(p panel) bool { return p.bars.log }) {
		parts = append(parts, "dots: logarithmic")
	}
	if r.Machine.Cores > 0 {
		parts = append(parts, plural(r.Machine.Cores, "core"))
	}
	if r.Machine.Go != "" {
		parts = append(parts, r.Machine.Go)
	}
	if !r.Started.IsZero() {
		parts = append(parts, r.Started.UTC().Format("2 January 2006"))
	}
	if r.Quick {
		parts = append(parts, "quick run")
	}
	return strings.Join(parts, " · ")
}

// panelsOf are those of what was measured.
func panelsOf(r *result.Run, c *cast) (all []panel) {
	for _, t := range told {
		for _, m := range families(r, t.step) {
			if !m.is(t) {
				continue
			}
			b, size := largest(r, c, m)
			if b == nil {
				continue
			}
			b.write = func(v float64) string { return inUnit(v, m.Unit) }
			if bare := m.at("fasthttp", size); m.more && bare != nil && bare.Median() > 0 {
				b.scale(100 / bare.Median())
				b.write = func(v float64) string { return fmt.Sprintf("%.0f\u00a0%%", v) }
			}
			for i := range b.list {
				b.list[i].says = b.write(b.list[i].v)
			}
			all = append(all, panel{t.title, strings.Replace(t.note, "#", short(float64(size)), 1), b})
			break
		}
	}
	return all
}

func (m *family) is(t tale) bool {
	return m.Step == t.step && m.Unit == t.unit && strings.HasPrefix(m.Name, t.name)
}

// isTold reports whether the picture shows m.
func (m *family) isTold() bool { return slices.ContainsFunc(told, m.is) }

// largest makes the bars of the largest size at which half of the peers were
// measured or more, and ours among them; nil if there is none.
func largest(r *result.Run, c *cast, m *family) (*bars, int) {
	for _, size := range slices.Backward(m.sizes) {
		b := newBars(r, c, m, size)
		if 2*len(b.list) < len(m.peers) || !slices.ContainsFunc(b.list, func(one bar) bool { return one.bold }) {
			continue
		}
		b.header, b.row = "", panelRow
		for i := range b.list {
			one := &b.list[i]
			one.ratio, one.budget = "", 0
			if !one.bold && one.ink != base {
				one.ink = others[0] // all have their names beside them
			}
		}
		return b, size
	}
	return nil, 0
}

// scale multiplies all values, which then want a linear scale.
func (b *bars) scale(by float64) {
	b.log = false
	for i := range b.list {
		one := &b.list[i]
		one.v, one.lo, one.hi = by*one.v, by*one.lo, by*one.hi
	}
}

// inUnit writes a value; a time in the unit that makes a short number of it.
func inUnit(v float64, unit string) string {
	units := []string{"ns", "µs", "ms", "s"}
	if i := slices.Index(units, unit); i >= 0 {
		for ; i < len(units)-1 && v >= 999.5; i++ {
			v /= 1000
		}
		unit = units[i]
	}
	return withUnit(v, unit)
}

// widest is what the names of b take.
func (b *bars) widest() (w vg.Length) {
	for _, one := range b.list {
		w = max(w, b.style(one).Width(clean(one.name)))
	}
	return min(w, 130)
}
