package sessionmanager_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net"
	neturl "net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

// manager is the session manager's own name.
const manager = "builtin.sessionManager."

// faces are all ways to call a function.
var faces = []string{"xmlrpc", "RPC2", "posted", "service", "jsonrpc", "named", "get", "form"}

// parameters are the names of those that the functions have.
var parameters = map[string][]string{
	manager + "createNewSession":   {"inactivityTimeout"},
	manager + "exists":             {"sessionId"},
	manager + "dispose":            {"sessionId"},
	manager + "findHttpSession":    {"sessionId"},
	manager + "findXmlRpcSession":  {"sessionId"},
	"astrogrid.community.login":    {"username", "password", "community"},
	"builtin.configuration.setKey": {"key", "value"},
	"builtin.configuration.getKey": {"key"},
	"system.listMethods":           {},
	"astrogrid.community.user":     {},
	"test.uid":                     {},
	"test.wait":                    {},
	"test.stay":                    {},
}

// A result is what a client learns of a call. What a function has returned is
// its text.
type result struct {
	face, text, name string
	status, code     int
	failed           bool
}

// call calls a function below the base URL of a session.
func (w *world) call(face, base, function string, args ...any) result {
	w.t.Helper()
	service, name := function[:strings.LastIndexByte(function, '.')], function[strings.LastIndexByte(function, '.')+1:]
	place := base + strings.ReplaceAll(service, ".", "/")
	switch face {
	case "xmlrpc", "RPC2":
		return w.xml(base+face, function, args...)
	case "posted":
		return w.xml(base, function, args...)
	case "service":
		return w.xml(place, name, args...)
	case "jsonrpc":
		if args == nil {
			args = []any{}
		}
		return w.json(base+"jsonrpc", function, args)
	}
	values, named := neturl.Values{}, make(map[string]any)
	for i, p := range parameters[function] {
		if i < len(args) {
			values.Set(p, fmt.Sprint(args[i]))
			named[p] = args[i]
		}
	}
	if face == "named" {
		return w.json(base+"jsonrpc", function, named)
	}
	where, form := place+"/"+name+"/plain", values.Encode()
	var r *fasthttp.Response
	if face == "get" {
		r = w.ask("GET", where+"?"+form, "", "")
	} else {
		r = w.ask("POST", where, "application/x-www-form-urlencoded", form)
	}
	status := r.StatusCode()
	return result{face: face, text: string(r.Body()), status: status, failed: status != 200}
}

// ask sends a request to a full URL, of which no server but ours knows a thing.
func (w *world) ask(method, full, contentType, body string, headers ...string) *fasthttp.Response {
	w.t.Helper()
	return w.over(conn{}, method, full, contentType, body, headers...)
}

func (w *world) over(c net.Conn, method, full, contentType, body string, headers ...string) *fasthttp.Response {
	w.t.Helper()
	_, rest, ok := strings.Cut(full, "://")
	require.True(w.t, ok, "%q is no full URL", full)
	host, path, ok := strings.Cut(rest, "/")
	require.True(w.t, ok, "%q has no path", full)
	text := method + " /" + path + " HTTP/1.1\r\nHost: " + host + "\r\n"
	for _, h := range headers {
		text += h + "\r\n"
	}
	if contentType != "" {
		text += "Content-Type: " + contentType + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n"
	}
	return send(w.t, w.tree, c, text+"\r\n"+body)
}

// xml makes a call by XML-RPC of what a URL leads to.
func (w *world) xml(full, method string, args ...any) result {
	w.t.Helper()
	return readXML(w.t, w.ask("POST", full, "text/xml", xmlCall(method, args...)))
}

func xmlCall(method string, args ...any) string {
	text := `<?xml version="1.0"?><methodCall><methodName>` + method + `</methodName><params>`
	for _, a := range args {
		switch a := a.(type) {
		case int:
			text += fmt.Sprintf("<param><value><int>%d</int></value></param>", a)
		case float64:
			text += "<param><value><double>" + strconv.FormatFloat(a, 'f', -1, 64) + "</double></value></param>"
		case bool:
			text += map[bool]string{false: "<param><value><boolean>0</boolean></value></param>", true: "<param><value><boolean>1</boolean></value></param>"}[a]
		default:
			var escaped strings.Builder
			_ = xml.EscapeText(&escaped, []byte(fmt.Sprint(a)))
			text += "<param><value><string>" + escaped.String() + "</string></value></param>"
		}
	}
	return text + "</params></methodCall>"
}

type xmlValue struct {
	Text    string  `xml:",chardata"`
	String  *string `xml:"string"`
	Boolean *string `xml:"boolean"`
	Int     *string `xml:"int"`
	Members []struct {
		Name  string   `xml:"name"`
		Value xmlValue `xml:"value"`
	} `xml:"struct>member"`
	Array []xmlValue `xml:"array>data>value"`
}

func (v xmlValue) text() string {
	switch {
	case v.String != nil:
		return *v.String
	case v.Boolean != nil:
		return map[string]string{"0": "false", "1": "true"}[*v.Boolean]
	case v.Int != nil:
		return *v.Int
	case v.Array != nil:
		var all []string
		for _, e := range v.Array {
			all = append(all, e.text())
		}
		return strings.Join(all, " ")
	}
	for _, m := range v.Members {
		if m.Name == "faultString" {
			return m.Value.text()
		}
	}
	return v.Text
}

func readXML(t testing.TB, r *fasthttp.Response) result {
	t.Helper()
	if r.StatusCode() != 200 {
		return result{face: "xmlrpc", status: r.StatusCode(), text: string(r.Body()), failed: true}
	}
	var answer struct {
		Result *xmlValue `xml:"params>param>value"`
		Fault  *xmlValue `xml:"fault>value"`
	}
	require.NoError(t, xml.Unmarshal(r.Body(), &answer), "%s", r.Body())
	if answer.Fault == nil {
		require.NotNil(t, answer.Result, "%s", r.Body())
		return result{face: "xmlrpc", status: 200, text: answer.Result.text()}
	}
	is := result{face: "xmlrpc", status: 200, failed: true, text: answer.Fault.text()}
	for _, m := range answer.Fault.Members {
		if m.Name == "faultCode" {
			code, err := strconv.Atoi(m.Value.text())
			require.NoError(t, err)
			is.code = code
		}
	}
	return is
}

// json makes a call by JSON-RPC.
func (w *world) json(full, method string, params any) result {
	w.t.Helper()
	call, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	require.NoError(w.t, err)
	r := w.ask("POST", full, "application/json", string(call))
	if r.StatusCode() != 200 {
		return result{face: "jsonrpc", status: r.StatusCode(), text: string(r.Body()), failed: true}
	}
	var answer struct {
		Result any
		Error  *struct {
			Code    int
			Message string
			Data    struct{ Name string }
		}
	}
	require.NoError(w.t, json.Unmarshal(r.Body(), &answer), "%s", r.Body())
	if e := answer.Error; e != nil {
		return result{face: "jsonrpc", status: 200, failed: true, text: e.Message, code: e.Code, name: e.Data.Name}
	}
	if answer.Result == nil {
		return result{face: "jsonrpc", status: 200}
	}
	return result{face: "jsonrpc", status: 200, text: fmt.Sprint(answer.Result)}
}

// ok returns what the function has returned.
func (r result) ok(t testing.TB) string {
	t.Helper()
	require.False(t, r.failed, "%+v", r)
	return r.text
}

// void checks that nothing was returned, as each face has it.
func (r result) void(t testing.TB, d rpc.Dialect) {
	t.Helper()
	want := ""
	if r.face == "get" || r.face == "form" || r.face == "xmlrpc" && d == rpc.AstroGrid {
		want = "OK"
	}
	require.Equal(t, want, r.ok(t))
}

// fails checks that the call has failed with the exception, as each face tells
// of it.
func (r result) fails(t testing.TB, d rpc.Dialect, exception string) {
	t.Helper()
	require.True(t, r.failed, "%+v", r)
	switch r.face {
	case "jsonrpc":
		require.Equal(t, 200, r.status)
		if r.name == "" {
			r.name = "ServiceException" // as all that is called nothing else
		}
		require.Equal(t, exception, r.name)
		return
	case "xmlrpc":
		require.Equal(t, 200, r.status)
		if d == rpc.OSE {
			require.Contains(t, []int{56, 57}, r.code)
			require.Contains(t, r.text, " -- ")
			return
		}
		require.Zero(t, r.code)
	default:
		status := map[string]int{"InvalidArgumentException": 400, "SecurityException": 403, "NotApplicableException": 501, "ServiceException": 500}
		if r.status != 503 || exception != "ServiceException" { // or where there is no room
			require.Equal(t, status[exception], r.status, r.text)
		}
	}
	if d == rpc.AstroGrid {
		require.True(t, strings.HasPrefix(r.text, exception+": "), r.text)
	}
}
