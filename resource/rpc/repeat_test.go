package rpc_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What methodSignature says is what is taken and given.
func TestArraysOfBytesAreWhatTheSignatureSays(t *testing.T) {
	w := serving(one("s", "f", func(v [3]byte) [3]byte { return v }, "v"))
	v, f := w.xml(t, "/rpc", "system.methodSignature", "s.f")
	require.Nil(t, f)
	result, param := v.([]any)[0].([]any)[0], v.([]any)[0].([]any)[1]
	require.Equal(t, result, param)
	sent := map[any]string{
		"base64": "<base64>" + base64.StdEncoding.EncodeToString([]byte{1, 2, 3}) + "</base64>",
		"array":  xmlArray("<int>1</int>", "<int>2</int>", "<int>3</int>"),
	}[param]
	require.NotEmpty(t, sent)
	v, f = w.xml(t, "/rpc", "s.f", sent)
	require.Nil(t, f, "%v: %v", param, f)
	if result == "base64" {
		require.Equal(t, []byte{1, 2, 3}, v)
	} else {
		require.Equal(t, []any{int64(1), int64(2), int64(3)}, v)
	}
}

// Where a name in a form comes several times, it is a list, and a list of one is
// one too: forms cannot write it in another way.
func TestRepeatedNames(t *testing.T) {
	var got any
	s := one("s", "ints", func(v []int) { got = v }, "v")
	s.Export("texts", func(v []string) { got = v }, "v")
	s.Export("int", func(v int) { got = v }, "v")
	w := serving(s)
	for _, c := range []struct {
		name, function, query string
		want                  any
	}{
		{"two", "ints", "v=1&v=2", []int{1, 2}},
		{"three", "ints", "v=1&v=2&v=3", []int{1, 2, 3}},
		{"texts", "texts", "v=b&v=a&v=", []string{"b", "a", ""}},
		{"texts that look like JSON", "texts", "v=[1]&v=[2]", []string{"[1]", "[2]"}},
		{"one text", "texts", "v=a", []string{"a"}},
		{"one number", "ints", "v=1", []int{1}},
		{"for one", "int", "v=1&v=2", nil},
		{"a wrong one", "ints", "v=1&v=x", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, how := range []string{"GET", "POST", "both"} {
				got = nil
				path, code, said := "/rpc/s/"+c.function+"/plain", 0, ""
				switch how {
				case "GET":
					code, said = w.get(t, path+"?"+c.query)
				case "POST":
					code, said = w.form(t, path, c.query)
				default:
					first, rest, _ := strings.Cut(c.query, "&")
					code, said = w.form(t, path+"?"+first, rest)
				}
				if c.want == nil {
					require.Equal(t, 400, code)
				} else {
					require.Equal(t, 200, code, said)
				}
				require.Equal(t, c.want, got)
			}
		})
	}
	code, _ := w.get(t, "/rpc/s/ints/plain?v="+url.QueryEscape(`["1", 2]`))
	require.Equal(t, 200, code, "text within is taken for numbers as well")
}
