// Package page shows a run: as a page of plots and tables that stands alone in
// one file, and as one picture.
package page

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spindleweb/spindle/bench/internal/result"
)

var (
	//go:embed page.tmpl
	pageText string
	//go:embed page.css
	pageCSS string

	pageTemplate = template.Must(template.New("page").Parse(pageText))
)

// view is what the template shows.
type view struct {
	CSS               template.CSS
	Quick             bool
	When, Took, Where string
	Picture           template.HTML
	Says              []string
	Score             []score
	Sections          []section
	Facts             []*matrix
	Versions          [][2]string
	LeftOut           []string
	Command           string
}

// Write writes r as one HTML page that loads nothing from elsewhere.
func Write(w io.Writer, r *result.Run) error {
	c := newCast(r)
	v := view{
		CSS:   template.CSS(pageCSS + "svg text{font-family:" + typeface + "}body{font-family:" + typeface + "}" + darkCSS()),
		Quick: r.Quick, Took: took(r.Took), Where: where(r.Machine),
		Says: says(r, c), Score: scores(r),
		Facts: facts(r), LeftOut: r.LeftOut, Command: "go run .",
	}
	if r.Quick {
		v.Command += " -quick"
	}
	if height, desc, body := picture(r, c); len(r.Figures) > 0 {
		v.Picture = template.HTML(figure(pictureWidth, height, "The four that tell most", desc, body))
	}
	if !r.Started.IsZero() {
		v.When = r.Started.UTC().Format("2 January 2006, 15:04 UTC")
	}
	for _, name := range slices.Sorted(maps.Keys(r.Versions)) {
		v.Versions = append(v.Versions, [2]string{name, r.Versions[name]})
	}
	for i, step := range stepNames(r) {
		s := newSection(r, c, step)
		s.ID = fmt.Sprintf("step-%d", i+1)
		v.Sections = append(v.Sections, s)
	}
	if err := pageTemplate.Execute(w, v); err != nil {
		return fmt.Errorf("page: %w", err)
	}
	return nil
}

// stepNames are the steps that have something to draw, in order of appearance.
func stepNames(r *result.Run) (names []string) {
	for _, f := range r.Figures {
		if !slices.Contains(names, f.Step) {
			names = append(names, f.Step)
		}
	}
	for _, v := range r.Curves {
		if !slices.Contains(names, v.Step) {
			names = append(names, v.Step)
		}
	}
	return names
}

func took(seconds float64) string {
	if seconds <= 0 || seconds > 1e9 {
		return ""
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Second).String()
}

// where says what machine it was, as far as it is known.
func where(m result.Machine) string {
	var parts []string
	for _, s := range []string{m.CPU, m.System, m.Go} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if m.MemoryGiB > 0 {
		parts = slices.Insert(parts, min(1, len(parts)), fmt.Sprintf("%.0f GiB", m.MemoryGiB))
	}
	if m.Cores > 0 {
		parts = slices.Insert(parts, min(1, len(parts)), plural(m.Cores, "core"))
	}
	return strings.Join(parts, " · ")
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if what, ok := strings.CutSuffix(what, "y"); ok {
		return fmt.Sprintf("%d %sies", n, what)
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// capital begins s with a capital letter if it begins with a word: not p50.
func capital(s string) string {
	word, _, _ := strings.Cut(s, " ")
	if word == "" || strings.ContainsAny(word, "0123456789./_") || word[0] >= utf8.RuneSelf {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
