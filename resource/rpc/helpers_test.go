package rpc_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/xml"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/timer"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

// patience turns a hang into a failure.
const patience = 30 * time.Second

// A world is a gateway at /rpc and those who call it.
type world struct {
	tree *resource.Tree
	log  *listener
}

// around returns a gateway's world, where its log is listened to.
func around(g *rpc.Gateway) *world {
	root := new(resource.Branch)
	root.PutChild("rpc", g)
	w := inTree(root)
	if g.Log == nil {
		g.Log = slog.New(w.log)
	}
	return w
}

func inTree(root resource.Resource) *world {
	l := new(listener)
	m := &session.Manager{Clock: new(timer.Wheel), Log: slog.New(l)}
	return &world{&resource.Tree{Root: root, Sessions: m, Log: slog.New(l)}, l}
}

// serving returns the world of a gateway that serves these and knows all that
// XML-RPC has.
func serving(services ...*rpc.Service) *world { return around(gateway(services...)) }

func gateway(services ...*rpc.Service) *rpc.Gateway {
	r := new(rpc.Registry)
	for _, s := range services {
		r.Add(s)
	}
	return &rpc.Gateway{Registry: r, I8: true, Nil: true}
}

// one returns a service with one function.
func one(service, name string, f any, params ...string) *rpc.Service {
	s := &rpc.Service{Name: service}
	s.Export(name, f, params...)
	return s
}

// ask sends a request, of which headers are whole lines.
func (w *world) ask(t testing.TB, method, path, body string, headers ...string) *fasthttp.Response {
	t.Helper()
	return &w.asked(t, method, path, body, headers...).Response
}

func (w *world) asked(t testing.TB, method, path, body string, headers ...string) *fasthttp.RequestCtx {
	t.Helper()
	text := method + " " + path + " HTTP/1.1\r\nHost: example.org\r\n"
	for _, h := range headers {
		text += h + "\r\n"
	}
	if method == "POST" {
		text += "Content-Length: " + strconv.Itoa(len(body)) + "\r\n"
	}
	ctx := new(fasthttp.RequestCtx)
	ctx.Init(new(fasthttp.Request), nil, nil)
	// As a site has it, the body is left as it is even if it says that it is a form.
	r := bufio.NewReaderSize(strings.NewReader(text+"\r\n"+body), 64<<10)
	require.NoError(t, ctx.Request.Header.Read(r))
	require.NoError(t, ctx.Request.ContinueReadBody(r, 0, false))
	w.tree.Handler(ctx)
	return ctx
}

// get returns the status and the text of a page.
func (w *world) get(t testing.TB, path string, headers ...string) (int, string) {
	t.Helper()
	r := w.ask(t, "GET", path, "", headers...)
	return r.StatusCode(), string(r.Body())
}

// form posts one.
func (w *world) form(t testing.TB, path, body string, headers ...string) (int, string) {
	t.Helper()
	r := w.ask(t, "POST", path, body, append(headers, "Content-Type: application/x-www-form-urlencoded")...)
	return r.StatusCode(), string(r.Body())
}

// json posts JSON and returns what comes back, "" if nothing does.
func (w *world) json(t testing.TB, path, body string) string {
	t.Helper()
	r := w.ask(t, "POST", path, body, "Content-Type: application/json")
	if r.StatusCode() == 204 {
		require.Empty(t, r.Body())
		return ""
	}
	require.Equal(t, 200, r.StatusCode(), "%s", r.Body())
	require.Equal(t, "application/json; charset=utf-8", string(r.Header.ContentType()))
	return string(r.Body())
}

// call calls by JSON-RPC.
func (w *world) call(t testing.TB, method, params string) string {
	t.Helper()
	return w.json(t, "/rpc", `{"jsonrpc":"2.0","id":1,"method":"`+method+`","params":`+params+`}`)
}

// An xmlFault is what XML-RPC tells of errors.
type xmlFault struct {
	code int64
	text string
}

// xml calls by XML-RPC; each param is what is within a value.
func (w *world) xml(t testing.TB, path, method string, params ...string) (any, *xmlFault) {
	t.Helper()
	r := w.ask(t, "POST", path, xmlCall(method, params...), "Content-Type: text/xml")
	require.Equal(t, 200, r.StatusCode(), "%s", r.Body())
	require.Equal(t, "text/xml; charset=utf-8", string(r.Header.ContentType()))
	return readXML(t, r.Body())
}

func xmlCall(method string, params ...string) string {
	text := `<?xml version="1.0"?><methodCall><methodName>` + method + `</methodName><params>`
	for _, p := range params {
		text += "<param><value>" + p + "</value></param>"
	}
	return text + "</params></methodCall>"
}

// xmlStruct takes names and values in turn.
func xmlStruct(pairs ...string) string {
	text := "<struct>"
	for i := 0; i < len(pairs); i += 2 {
		text += "<member><name>" + pairs[i] + "</name><value>" + pairs[i+1] + "</value></member>"
	}
	return text + "</struct>"
}

func xmlArray(values ...string) string {
	if len(values) == 0 {
		return "<array><data/></array>"
	}
	return "<array><data><value>" + strings.Join(values, "</value><value>") + "</value></data></array>"
}

// An element is one of XML with all that is in it.
type element struct {
	XMLName xml.Name
	Text    string    `xml:",chardata"`
	Inside  []element `xml:",any"`
}

// readXML reads a response by rules of its own, apart from the package's codec.
func readXML(t testing.TB, body []byte) (any, *xmlFault) {
	t.Helper()
	var e element
	require.NoError(t, xml.Unmarshal(body, &e), "%s", body)
	require.Equal(t, "methodResponse", e.XMLName.Local)
	require.Len(t, e.Inside, 1)
	if e.Inside[0].XMLName.Local == "fault" {
		f := valueOf(t, e.Inside[0].Inside[0]).(map[string]any)
		return nil, &xmlFault{f["faultCode"].(int64), f["faultString"].(string)}
	}
	return valueOf(t, e.Inside[0].Inside[0].Inside[0]), nil
}

func valueOf(t testing.TB, e element) any {
	t.Helper()
	require.Equal(t, "value", e.XMLName.Local)
	if len(e.Inside) == 0 {
		return e.Text
	}
	e = e.Inside[0]
	switch e.XMLName.Local {
	case "nil":
		return nil
	case "string":
		return e.Text
	case "int", "i4", "i8":
		n, err := strconv.ParseInt(e.Text, 10, 64)
		require.NoError(t, err)
		return n
	case "boolean":
		return e.Text == "1"
	case "double":
		n, err := strconv.ParseFloat(e.Text, 64)
		require.NoError(t, err)
		return n
	case "dateTime.iso8601":
		when, err := time.Parse("20060102T15:04:05", e.Text)
		require.NoError(t, err)
		return when
	case "base64":
		b, err := base64.StdEncoding.DecodeString(e.Text)
		require.NoError(t, err)
		return b
	case "array":
		list := []any{}
		for _, v := range e.Inside[0].Inside {
			list = append(list, valueOf(t, v))
		}
		return list
	case "struct":
		m := map[string]any{}
		for _, member := range e.Inside {
			m[member.Inside[0].Text] = valueOf(t, member.Inside[1])
		}
		return m
	}
	require.Fail(t, "there is no such type", e.XMLName.Local)
	return nil
}

// A listener is a slog handler that keeps what it hears, or panics.
type listener struct {
	mu      sync.Mutex
	entries []string
	bad     bool
}

func (l *listener) Enabled(context.Context, slog.Level) bool { return true }
func (l *listener) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *listener) WithGroup(string) slog.Handler            { return l }

func (l *listener) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var text strings.Builder
	_ = slog.NewTextHandler(&text, nil).Handle(context.Background(), r)
	l.entries = append(l.entries, text.String())
	if l.bad {
		panic("the log handler is broken")
	}
	return nil
}

func (l *listener) heard() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.entries...)
}

// quiet requires that nothing has gone wrong that the log would tell of.
func (w *world) quiet(t testing.TB) {
	t.Helper()
	for _, entry := range w.log.heard() {
		require.Fail(t, "the log has an entry", "%.200s", entry)
	}
}
