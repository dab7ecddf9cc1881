package xmlrpc_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/resource/rpc/internal/xmlrpc"
)

// python has the client of Python's standard library do its part.
func python(t *testing.T, part string, in, out any) {
	path, err := exec.LookPath("python3")
	require.NoError(t, err)
	stdin, err := json.Marshal(in)
	require.NoError(t, err)
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), path, "testdata/client.py", part)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(stdin), &stderr
	stdout, err := cmd.Output()
	require.NoError(t, err, "%s", &stderr)
	require.NoError(t, json.Unmarshal(stdout, out))
}

// describe gives a value in JSON that keeps types apart, as client.py does.
func describe(v any) map[string]any {
	switch v := v.(type) {
	case nil:
		return map[string]any{"nil": true}
	case bool:
		return map[string]any{"bool": v}
	case int64:
		return map[string]any{"int": strconv.FormatInt(v, 10)}
	case float64:
		return map[string]any{"double": v}
	case string:
		return map[string]any{"string": v}
	case time.Time:
		return map[string]any{"time": v.Format("20060102T15:04:05")}
	case []byte:
		return map[string]any{"base64": base64.StdEncoding.EncodeToString(v)}
	case []any:
		list := []any{}
		for _, v := range v {
			list = append(list, describe(v))
		}
		return map[string]any{"array": list}
	case map[string]any:
		members := map[string]any{}
		for name, v := range v {
			members[name] = describe(v)
		}
		return map[string]any{"struct": members}
	}
	panic(v)
}

func TestCallsOfPython(t *testing.T) {
	var calls []struct {
		Name, Method string
		Body         []byte
		Params       []any
	}
	python(t, "calls", nil, &calls)
	require.Len(t, calls, 48)
	c := xmlrpc.Codec{Nil: true}
	for _, call := range calls {
		t.Run(call.Name, func(t *testing.T) {
			method, params, err := c.DecodeCall(call.Body)
			require.NoError(t, err, "%s", call.Body)
			require.Equal(t, call.Method, method)
			require.Equal(t, map[string]any{"array": call.Params}, describe(params), "%s", call.Body)
		})
	}
}

func TestResponsesToPython(t *testing.T) {
	at := time.Date(1998, 7, 17, 14, 8, 55, 0, time.UTC)
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	values := []any{
		nil, true, false, int64(0), int64(-12), int64(math.MaxInt32), int64(math.MinInt64),
		0., -1.5, .1, math.MaxFloat64, math.SmallestNonzeroFloat64, 1e21,
		"", " ", " a\r\n\tb\r", "<b>&amp;]]></b>", "Grüße, 世界 🧵\ufffd", strings.Repeat("x", 100000),
		at, []byte{}, all, []any{}, []any{"a", nil, []any{[]any{}}}, map[string]any{},
		map[string]any{"": "", "<ü&\r>": []any{map[string]any{"a": at}}, "c": map[string]any{"d": all}},
	}
	var responses [][]byte
	var want []any
	for _, v := range values {
		b, err := open.AppendResponse(nil, v)
		require.NoError(t, err)
		responses = append(responses, b)
		want = append(want, describe([]any{v}))
	}
	fault := func(code int, text string, wantCode float64, wantText string) {
		responses = append(responses, open.AppendFault(nil, code, text))
		want = append(want, map[string]any{"fault": []any{wantCode, wantText}})
	}
	fault(4, "Too many parameters.", 4, "Too many parameters.")
	fault(math.MinInt, "<b>&\r\n\x00\xff", math.MinInt32, "<b>&\r\n\ufffd\ufffd")

	var got []any
	python(t, "results", responses, &got)
	require.Len(t, got, len(want))
	for i := range want {
		require.Equal(t, want[i], got[i], "%.300s", responses[i])
	}
}
