package rpc

import (
	_ "embed"
	"html/template"
	"strings"

	"github.com/spindleweb/spindle/resource"
	"github.com/valyala/fasthttp"
)

//go:embed pages.html
var pagesText string

var pages = template.Must(template.New("").Parse(pagesText))

// page is what the template shows.
type page struct {
	Title  string
	Help   string
	Links  []link
	Form   *form
	Result *string
	Failed bool
}

type link struct{ URL, Name, Help string }

type form struct {
	Action, Plain string
	Fields        []field
}

type field struct {
	Name, Type, Default string
	Optional            bool
}

// RenderGET shows the modules, services and functions.
func (p place) RenderGET(req *resource.Request) { p.list(req).render(req) }

func (p place) list(req *resource.Request) *page {
	show := &page{Title: p.name}
	if p.name == "" {
		show.Title = "Services"
	}
	base := here(req)
	if s := p.service(); s != nil {
		show.Help = s.Help
		for _, name := range s.names() {
			f := s.functions[name]
			show.Links = append(show.Links, link{base + name, f.declaration(), f.Help})
		}
	}
	last := ""
	for _, s := range p.g.Registry.all(p.g.Group, p.name) {
		if s.Name == p.name {
			continue
		}
		next := strings.TrimPrefix(strings.TrimPrefix(s.Name, p.name), ".")
		next, deeper, _ := strings.Cut(next, ".")
		if next == last {
			continue
		}
		last = next
		l := link{URL: base + next, Name: next}
		if deeper == "" {
			l.Help = s.Help
		}
		show.Links = append(show.Links, l)
	}
	return show
}

// RenderGET shows how to call the function.
func (p *functionPage) RenderGET(req *resource.Request) { p.form(req).render(req) }

func (p *functionPage) form(req *resource.Request) *page {
	base := here(req)
	show := &page{Title: p.s.Name + "." + p.f.declaration(), Help: p.f.Help, Form: &form{Action: base + "html", Plain: base + "plain"}}
	for i, param := range p.f.params {
		f := field{Name: param.name, Type: typeName(param.typ), Optional: i >= p.f.required, Default: param.fallback}
		show.Form.Fields = append(show.Form.Fields, f)
	}
	return show
}

// RenderGET shows how to call the function, and what is at the place.
func (b functionAndPlace) RenderGET(req *resource.Request) {
	show := b.form(req)
	show.Links = b.at.list(req).Links
	show.render(req)
}

// result shows what a call has come to.
func (p *functionPage) result(req *resource.Request, text string, failed bool) {
	(&page{Title: p.s.Name + "." + p.f.name, Result: &text, Failed: failed}).render(req)
}

func (p *page) render(req *resource.Request) {
	h := &req.Response.Header
	h.Set(fasthttp.HeaderXContentTypeOptions, "nosniff")
	h.Set(fasthttp.HeaderReferrerPolicy, "same-origin")
	h.Set(fasthttp.HeaderContentSecurityPolicy, "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	req.SetContentType("text/html; charset=utf-8")
	if err := pages.Execute(req, p); err != nil {
		panic(err) // the template is wrong
	}
}

// here returns what to put before the name of something below the page, for a link
// that holds whatever a proxy has taken off the path.
func here(req *resource.Request) string {
	path := string(req.URI().PathOriginal())
	if last := path[strings.LastIndexByte(path, '/')+1:]; last != "" {
		return "./" + last + "/"
	}
	return "./"
}

// declaration is how people write the function.
func (f *Function) declaration() string {
	var names []string
	for i, p := range f.params {
		name := p.name
		if i >= f.required {
			name = "[" + name + "]"
		}
		names = append(names, name)
	}
	return f.name + "(" + strings.Join(names, ", ") + ")"
}
