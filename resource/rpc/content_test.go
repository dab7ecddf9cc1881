package rpc_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const jsonCall = `{"jsonrpc":"2.0","id":1,"method":"s.f"}`

func TestContentTypes(t *testing.T) {
	calls := 0
	w := serving(one("s", "f", func() { calls++ }))
	xmlToo := xmlCall("s.f")
	for _, c := range []struct {
		contentType string
		body        string // "" if it is refused
	}{
		{"text/xml", xmlToo},
		{"application/xml", xmlToo},
		{"text/xml; charset=utf-8", xmlToo},
		{"text/xml;charset=\"utf-8\"", xmlToo},
		{"Text/XML", xmlToo},
		{"TEXT/XML ; charset=UTF-8", xmlToo},
		{"application/json", jsonCall},
		{"application/json; charset=utf-8", jsonCall},
		{"Application/JSON", jsonCall},
		{"application/json-rpc", jsonCall},
		{"application/jsonrequest", jsonCall},
		{"text/plain", ""},
		{"text/plain; charset=utf-8", ""},
		{"text/plain; text/xml", ""},
		{"text/plain, text/xml", ""},
		{"application/x-www-form-urlencoded", ""},
		{"multipart/form-data; boundary=x", ""},
		{"multipart/form-data; boundary=application/json", ""},
		{"text/html", ""},
		{"text/json", ""},
		{"text/xml+json", ""},
		{"application/xhtml+xml", ""},
		{"application/octet-stream", ""},
		{"*/*", ""},
		{"xml", ""},
		{";text/xml", ""},
		{"", ""},
		{"missing", ""},
	} {
		for _, path := range []string{"/rpc", "/rpc/", "/rpc/xmlrpc", "/rpc/RPC2", "/rpc/jsonrpc", "/rpc/RPC2/"} {
			t.Run(c.contentType+" "+path, func(t *testing.T) {
				calls = 0
				ok := c.body != ""
				if strings.Contains(path, "json") {
					ok = c.body == jsonCall
				} else if path != "/rpc" && path != "/rpc/" {
					ok = c.body == xmlToo
				}
				headers := []string{"Content-Type: " + c.contentType}
				if c.contentType == "missing" {
					headers = nil
				}
				for _, body := range []string{c.body, xmlToo, jsonCall} {
					r := w.ask(t, "POST", path, body, headers...)
					if !ok {
						require.Equal(t, 415, r.StatusCode())
						require.NotEmpty(t, r.Header.Peek("Accept"))
						require.Zero(t, calls)
						continue
					}
					require.Equal(t, 200, r.StatusCode())
					if body == c.body {
						require.Equal(t, 1, calls)
						require.Equal(t, "nosniff", string(r.Header.Peek("X-Content-Type-Options")))
						break
					}
				}
			})
		}
	}
}

// What is sent to read in one language is answered in that one.
func TestTheWrongLanguage(t *testing.T) {
	w := serving(one("s", "f", func() {}))
	r := w.ask(t, "POST", "/rpc", jsonCall, "Content-Type: text/xml")
	_, f := readXML(t, r.Body())
	require.EqualValues(t, 54, f.code)
	require.Contains(t, w.json(t, "/rpc", xmlCall("s.f")), `"code":-32700`)
}

func TestContentEncoding(t *testing.T) {
	calls := 0
	w := serving(one("s", "f", func() { calls++ }))
	for coding, want := range map[string]int{"gzip": 415, "br": 415, "deflate": 415, "x": 415, "identity": 200, "": 200} {
		calls = 0
		headers := []string{"Content-Type: application/json"}
		if coding != "" {
			headers = append(headers, "Content-Encoding: "+coding)
		}
		require.Equal(t, want, w.ask(t, "POST", "/rpc", jsonCall, headers...).StatusCode(), coding)
		require.Equal(t, want == 200, calls == 1)
	}
}

func TestSize(t *testing.T) {
	for _, most := range []int{0, 1000} {
		g := gateway(one("s", "f", func(v string) int { return len(v) }, "v"))
		g.MaxSize = most
		w := around(g)
		limit := most
		if most == 0 {
			limit = 1 << 20
		}
		for _, language := range []string{"text/xml", "application/json"} {
			body := xmlCall("s.f", "%s")
			if language != "text/xml" {
				body = `{"jsonrpc":"2.0","id":1,"method":"s.f","params":["%s"]}`
			}
			room := limit - len(body) + len("%s")
			r := w.ask(t, "POST", "/rpc", fmt.Sprintf(body, strings.Repeat("x", room)), "Content-Type: "+language)
			require.Equal(t, 200, r.StatusCode())
			require.Contains(t, string(r.Body()), fmt.Sprint(room))
			r = w.ask(t, "POST", "/rpc", fmt.Sprintf(body, strings.Repeat("x", room+1)), "Content-Type: "+language)
			require.Equal(t, 413, r.StatusCode())
		}
	}
}

func TestHostileInput(t *testing.T) {
	calls := 0
	w := serving(one("s", "f", func(any) { calls++ }, "v"))
	deepXML := strings.Repeat("<array><data><value>", 10000) + "1" + strings.Repeat("</value></data></array>", 10000)
	for name, c := range map[string]struct{ json, xml string }{
		"95,000 arrays": {
			`{"jsonrpc":"2.0","id":1,"method":"s.f","params":` + strings.Repeat("[", 95000) + strings.Repeat("]", 95000) + `}`,
			xmlCall("s.f", deepXML),
		},
		"95,000 arrays in a batch":  {"[" + strings.Repeat("[", 95000) + strings.Repeat("]", 95000) + "]", ""},
		"9,000 arrays as an id":     {`{"jsonrpc":"2.0","method":"s.f","id":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`, ""},
		"arrays without end":        {strings.Repeat("[", 1<<20), strings.Repeat("<value><array><data>", 10000)},
		"200,000 values":            {`{"jsonrpc":"2.0","id":1,"method":"s.f","params":[[` + strings.Repeat("1,", 200000) + `1]]}`, xmlCall("s.f", xmlArray(make([]string, 66000)...))},
		"an entity bomb":            {"", `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>` + xmlCall("s.f", "&b;")},
		"a DTD":                     {"", `<!DOCTYPE methodCall SYSTEM "file:///etc/passwd">` + xmlCall("s.f", "1")},
		"an entity of a file":       {"", `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>` + xmlCall("s.f", "&a;")},
		"an entity that is nowhere": {"", xmlCall("s.f", "&a;")},
		"bytes that are no text":    {"\xff\xfe\x00", "\xff\xfe\x00"},
		"an object that lasts":      {`{"jsonrpc":"2.0","id":1,"method":"s.f","params":[` + strings.Repeat(`{"a":`, 3000) + "1" + strings.Repeat("}", 3000) + `]}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if c.json != "" {
				said := w.json(t, "/rpc", c.json)
				require.Contains(t, said, `"error"`)
				require.Less(t, len(said), 1000)
			}
			if c.xml != "" {
				r := w.ask(t, "POST", "/rpc", c.xml, "Content-Type: text/xml")
				_, f := readXML(t, r.Body())
				require.NotNil(t, f)
				require.EqualValues(t, 54, f.code)
				require.Less(t, len(r.Body()), 1000)
				require.NotContains(t, f.text, "root:")
			}
			require.Zero(t, calls)
			w.quiet(t)
		})
	}
}

func TestNamesWithMarkup(t *testing.T) {
	w := serving(one("s", "f", func() {}))
	for _, name := range []string{"<script>alert(1)</script>", "s.<b>", `"quoted"`, "a&b", "\u2028", strings.Repeat("x", 10000), "s.f\x00", "%s%n", "../../etc/passwd"} {
		said := w.json(t, "/rpc", fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%s}`, quoted(name)))
		require.Contains(t, said, `-32601`)
		require.NotContains(t, said, "<")
		require.Less(t, len(said), 1000)
		if !strings.Contains(name, "\x00") {
			_, f := w.xml(t, "/rpc", strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(name[:min(len(name), 200)]))
			require.EqualValues(t, 55, f.code)
		}
	}
	for _, path := range []string{"/rpc/%3Cscript%3E", "/rpc/s/%3Cscript%3E", "/rpc/s/f/%3Cscript%3E", "/rpc/s/f/plain/%3Cscript%3E", "/rpc/s.f", "/rpc/s%2Ff", "/rpc/../rpc", "/rpc//", "/rpc//s", "/rpc/s//f"} {
		code, said := w.get(t, path)
		require.Equal(t, 404, code, path)
		require.NotContains(t, said, "<script>")
	}
	w.quiet(t)
}

func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		if r < ' ' || r == '"' || r == '\\' {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}
