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
	pictureWidth = 800
	panelTop     = 66 // above this are title and what is measured
	panelFoot    = 20
)

// A panel is one half of the picture.
type panel struct {
	title, note string
	bars        *bars
}

// Picture writes an SVG that shows the two things of r that tell most, for the
// README: what share of a bare server's requests a library leaves, and what a
// session adds to a request among many; in place of what is missing, how late
// sessions end or what they take in memory.
func Picture(w io.Writer, r *result.Run) error {
	c := newCast(r)
	var panels []panel
	for _, make := range []func(*result.Run, *cast) *panel{sharePanel, addedPanel, latePanel, memoryPanel} {
		if p := make(r, c); p != nil && len(p.bars.list) > 0 && len(panels) < 2 {
			panels = append(panels, *p)
		}
	}
	height := vg.Length(200)
	for _, p := range panels {
		height = max(height, panelTop+panelFoot+p.bars.height()+24)
	}
	desc := "Nothing was measured."
	if len(panels) > 0 {
		desc = ""
	}
	for _, p := range panels {
		desc += p.title + " (" + p.note + "):"
		for i, one := range p.bars.list {
			if i > 0 {
				desc += ","
			}
			desc += " " + one.name + " " + one.says
		}
		desc += ". "
	}
	body := drawing(pictureWidth, height, func(dc draw.Canvas) {
		dc.SetColor(card)
		dc.Fill(dc.Rectangle.Path())
		at := func(x, y vg.Length) vg.Point { return vg.Point{X: x, Y: dc.Max.Y - y} }
		put(dc, style(11, muted, false, draw.XLeft, draw.YBottom), at(24, dc.Max.Y-14), clean(foot(r)))
		if len(panels) == 0 {
			put(dc, style(13, muted, false, draw.XCenter, draw.YCenter), dc.Center(), "nothing to show yet")
			return
		}
		width := (pictureWidth - 48 - 32*vg.Length(len(panels)-1)) / vg.Length(len(panels))
		for i, p := range panels {
			left := 24 + (width+32)*vg.Length(i)
			put(dc, style(15, text, true, draw.XLeft, draw.YTop), at(left, 18), shorten(p.title, style(15, text, true, 0, 0), width))
			put(dc, style(11, muted, false, draw.XLeft, draw.YTop), at(left, 39), shorten(p.note, style(11, muted, false, 0, 0), width))
			p.bars.names = p.bars.widest()
			top := dc.Max.Y - panelTop
			p.bars.draw(draw.Canvas{Canvas: dc.Canvas, Rectangle: vg.Rectangle{
				Min: vg.Point{X: left, Y: top - p.bars.height()}, Max: vg.Point{X: left + width, Y: top},
			}})
		}
	})
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%g" viewBox="0 0 %[1]d %[2]g" role="img"><title>Spindle beside others</title><desc>%s</desc><style>text{font-family:%s}%s</style>%s</svg>
`, pictureWidth, height.Points(), html.EscapeString(clean(strings.TrimSpace(desc))), typeface, darkCSS(), body)
	return err
}

// foot is the line below the panels.
func foot(r *result.Run) string {
	var parts []string
	parts = append(parts, "medians; whiskers: all rounds")
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

// widest is what the names of b take.
func (b *bars) widest() (w vg.Length) {
	for _, one := range b.list {
		w = max(w, b.style(one).Width(clean(one.name)))
	}
	return min(w, 130)
}

// pick returns the first family, of the steps whose names contain word, for which
// is holds and that has one of ours.
func pick(r *result.Run, word string, is func(*family) bool) *family {
	for _, step := range stepNames(r) {
		if !strings.Contains(step, word) {
			continue
		}
		for _, m := range families(r, step) {
			if is(m) && slices.ContainsFunc(m.peers, isOurs) {
				return m
			}
		}
	}
	return nil
}

// biggest makes bars of the largest size that has more than one peer.
func biggest(r *result.Run, c *cast, m *family) (*bars, int) {
	for _, size := range slices.Backward(m.sizes) {
		if b := newBars(r, c, m, size); len(b.list) > 1 {
			b.header, b.row = "", 22
			for i := range b.list {
				b.list[i].ratio, b.list[i].budget = "", 0
			}
			return b, size
		}
	}
	return new(bars), 0
}

// sharePanel is a library's requests a second as a share of its bare server's.
func sharePanel(r *result.Run, c *cast) *panel {
	rates := func(m *family) bool { return m.Unit == "req/s" && strings.Contains(m.Name, "existing") }
	m := pick(r, "loopback", rates)
	if m == nil {
		if m = pick(r, "loopback", func(m *family) bool { return m.Unit == "req/s" && len(m.bases) > 0 }); m == nil {
			return nil
		}
	}
	p := &panel{title: "Requests a second, of bare fasthttp's", note: m.title() + " · loopback · more is better"}
	b, _ := biggest(r, c, m)
	whole := m.at("fasthttp", m.sizes[len(m.sizes)-1])
	if whole == nil || !(whole.Median() > 0) {
		return nil
	}
	b.log = false
	for i := range b.list {
		one := &b.list[i]
		one.v, one.lo, one.hi = 100*one.v/whole.Median(), 100*one.lo/whole.Median(), 100*one.hi/whole.Median()
		one.says = fmt.Sprintf("%.0f\u00a0%%", one.v)
	}
	p.bars = b
	return p
}

// addedPanel is what a session adds to a request with the most live.
func addedPanel(r *result.Run, c *cast) *panel {
	for _, word := range []string{"added by the session", "added", ""} {
		m := pick(r, "in process", func(m *family) bool { return m.Unit == "ns" && strings.Contains(m.Name, word) })
		if m == nil {
			continue
		}
		if word == "" {
			return sizedPanel(r, c, m, "")
		}
		return sizedPanel(r, c, m, "Time a session adds to a request")
	}
	return nil
}

// latePanel is how late sessions end.
func latePanel(r *result.Run, c *cast) *panel {
	m := pick(r, "endings", func(m *family) bool { return m.Unit == "ms" && strings.Contains(m.Name, "late") })
	if m == nil {
		return nil
	}
	return sizedPanel(r, c, m, "")
}

// memoryPanel is what a session takes.
func memoryPanel(r *result.Run, c *cast) *panel {
	m := pick(r, "memory", func(m *family) bool { return strings.HasPrefix(m.Unit, "B") })
	if m == nil {
		return nil
	}
	return sizedPanel(r, c, m, "")
}

func sizedPanel(r *result.Run, c *cast, m *family, title string) *panel {
	b, size := biggest(r, c, m)
	if title == "" {
		title = capital(m.Name)
	}
	var notes []string
	if size != 0 {
		notes = append(notes, strings.TrimPrefix(sized(size, m.Of), ", "))
	}
	if b.log {
		notes = append(notes, "logarithmic scale")
	}
	notes = append(notes, "less is better")
	return &panel{title, strings.Join(notes, " · "), b}
}
