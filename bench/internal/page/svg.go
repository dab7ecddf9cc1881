package page

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot/font"
	plottext "gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// typeface is the type in plots and page. Text is laid out with the metrics of
// Liberation Sans, which those of Arial and Helvetica are.
const typeface = `"Liberation Sans",Arial,Helvetica,"Nimbus Sans",sans-serif`

// style is how text is set in a plot.
func style(size vg.Length, i ink, bold bool, x draw.XAlignment, y draw.YAlignment) plottext.Style {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
	if bold {
		f.Weight = xfont.WeightBold
	}
	return plottext.Style{Color: i, Font: f, XAlign: x, YAlign: y, Handler: plottext.Plain{Fonts: font.DefaultCache}}
}

// drawing draws on a canvas of w by h points and returns the elements of an SVG
// without the svg element around them.
func drawing(w, h vg.Length, f func(draw.Canvas)) string {
	c := vgsvg.New(w, h)
	f(draw.NewCanvas(c, w, h))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		panic(err) // a bytes.Buffer takes everything
	}
	s := b.String()
	s = s[strings.Index(s, "<svg"):]
	s = s[strings.Index(s, ">")+1 : strings.LastIndex(s, "</svg>")]
	s = texts.ReplaceAllStringFunc(s, fitted)
	return styles.ReplaceAllStringFunc(s, attributes)
}

// figure is a whole SVG, of what drawing returned, to stand inside a page.
func figure(w, h vg.Length, title, desc, body string) string {
	return fmt.Sprintf(`<svg viewBox="0 0 %g %g" role="img"><title>%s</title><desc>%s</desc>%s</svg>`,
		w.Points(), h.Points(), html.EscapeString(clean(title)), html.EscapeString(clean(desc)), body)
}

var texts = regexp.MustCompile(`<text [^>]*>[^<]*<`)

// fitted states how wide a text is, so that it fits its place in whatever font
// it is shown.
func fitted(elem string) string {
	head, content, _ := strings.Cut(elem, ">")
	_, rest, _ := strings.Cut(head, "font-size:")
	rest, _, _ = strings.Cut(rest, "px")
	size, _ := strconv.ParseFloat(rest, 64)
	content = html.UnescapeString(strings.TrimSuffix(content, "<"))
	if size == 0 || len([]rune(content)) < 2 {
		return elem
	}
	w := style(vg.Length(size), text, strings.Contains(head, "font-weight:bold"), 0, 0).Width(content)
	return strings.Replace(elem, "<text ", fmt.Sprintf(`<text textLength="%.1f" lengthAdjust="spacingAndGlyphs" `, w.Points()), 1)
}

var styles = regexp.MustCompile(`style="[^"]*"`)

// attributes makes a style attribute into presentation attributes, which a style
// sheet overrules, and adds a class for each ink; the family of fonts is left to
// the style sheet.
func attributes(style string) string {
	var classes, out []string
	for decl := range strings.SplitSeq(strings.TrimSuffix(strings.TrimPrefix(style, `style="`), `"`), ";") {
		k, v, _ := strings.Cut(decl, ":")
		switch k {
		case "font-family", "font-variant", "font-style":
			continue
		case "font-weight":
			if v == "normal" {
				continue
			}
		case "fill", "stroke":
			for _, i := range inks() {
				if i.light == v {
					classes = append(classes, k[:1]+"-"+i.class)
				}
			}
		}
		out = append(out, k+`="`+v+`"`)
	}
	if len(classes) > 0 {
		out = append(out, `class="`+strings.Join(classes, " ")+`"`)
	}
	return strings.Join(out, " ")
}

// clean makes s one line of what XML allows.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r < ' ', r == 0xFFFE, r == 0xFFFF, r >= 0x7F && r < 0xA0, r == utf8.RuneError:
			return '?'
		}
		return r
	}, s)
}

// put writes s as one line.
func put(c draw.Canvas, st plottext.Style, at vg.Point, s string) { c.FillText(st, at, clean(s)) }

// shorten cuts s so that it takes no more than w.
func shorten(s string, st plottext.Style, w vg.Length) string {
	s = clean(s)
	if st.Width(s) <= w {
		return s
	}
	runes := []rune(s)
	for len(runes) > 1 && st.Width(string(runes)+"…") > w {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}
