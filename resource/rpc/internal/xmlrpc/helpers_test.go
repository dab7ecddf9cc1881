package xmlrpc_test

import (
	"encoding/base64"
	"encoding/xml"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/resource/rpc/internal/xmlrpc"
)

// open reads and writes all there is, and more of it than is needed here.
var open = xmlrpc.Codec{I8: true, Nil: true, MaxSize: 64 << 20}

// call is a call with one param.
func call(value string) string {
	return "<methodCall><methodName>m</methodName><params><param>" + value + "</param></params></methodCall>"
}

// wrong gives what the text of an error must always be.
func wrong(t testing.TB, err error) {
	require.Error(t, err)
	require.True(t, strings.HasPrefix(err.Error(), "xmlrpc: "), err.Error())
	require.Less(t, len(err.Error()), 300)
	var c xmlrpc.Codec
	_, failed := c.AppendResponse(nil, err.Error())
	require.NoError(t, failed, "%q cannot be shown", err.Error())
}

// caller writes calls, plainly, as some client would.
type caller struct{ strings.Builder }

func write(method string, params []any) []byte {
	var w caller
	w.WriteString("<?xml version='1.0'?>\n<methodCall> <methodName>" + escaped(method) + "</methodName>\n<params>")
	for _, v := range params {
		w.WriteString("\n<param>")
		w.value(v)
		w.WriteString("</param>")
	}
	w.WriteString("</params></methodCall>\n")
	return []byte(w.String())
}

func (w *caller) value(v any) {
	w.WriteString("<value>")
	switch v := v.(type) {
	case nil:
		w.WriteString("<nil/>")
	case bool:
		w.WriteString(map[bool]string{false: "<boolean>0</boolean>", true: "<boolean> 1 </boolean>"}[v])
	case int64:
		w.WriteString("<i8>" + strconv.FormatInt(v, 10) + "</i8>")
	case float64:
		w.WriteString("<double>" + strconv.FormatFloat(v, 'e', -1, 64) + "</double>")
	case string:
		w.WriteString("<string>" + escaped(v) + "</string>")
	case time.Time:
		w.WriteString("<dateTime.iso8601>" + v.Format("2006-01-02T15:04:05.999999999Z07:00") + "</dateTime.iso8601>")
	case []byte:
		w.WriteString("<base64>\n" + base64.StdEncoding.EncodeToString(v) + "\n</base64>")
	case []any:
		w.WriteString("<array><data>")
		for _, v := range v {
			w.value(v)
		}
		w.WriteString("</data></array>")
	case map[string]any:
		w.WriteString("<struct>")
		for name, v := range v {
			w.WriteString("<member><name>" + escaped(name) + "</name>")
			w.value(v)
			w.WriteString("</member>")
		}
		w.WriteString("</struct>")
	default:
		panic(v)
	}
	w.WriteString("</value>")
}

func escaped(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		panic(err)
	}
	return b.String()
}

// result reads a response as the call it would be with other names.
func result(t testing.TB, response []byte) any {
	inner, ok := strings.CutPrefix(string(response), `<?xml version="1.0" encoding="UTF-8"?>`+"\n<methodResponse>")
	require.True(t, ok, "%s", response)
	inner, ok = strings.CutSuffix(inner, "</methodResponse>\n")
	require.True(t, ok, "%s", response)
	_, params, err := open.DecodeCall([]byte("<methodCall><methodName>m</methodName>" + inner + "</methodCall>"))
	require.NoError(t, err, "%s", response)
	require.Len(t, params, 1)
	return params[0]
}
