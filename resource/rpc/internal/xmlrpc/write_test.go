package xmlrpc_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/resource/rpc/internal/xmlrpc"
)

const (
	head = `<?xml version="1.0" encoding="UTF-8"?>` + "\n<methodResponse><params><param><value>"
	tail = "</value></param></params></methodResponse>\n"
)

func TestWrite(t *testing.T) {
	type list = []any
	type object = map[string]any
	east := time.FixedZone("", 2*60*60)
	cases := map[string]struct {
		result any
		want   string
	}{
		"nil":                {nil, "<nil/>"},
		"true":               {true, "<boolean>1</boolean>"},
		"false":              {false, "<boolean>0</boolean>"},
		"int":                {int64(-12), "<int>-12</int>"},
		"int, largest":       {int64(math.MaxInt32), "<int>2147483647</int>"},
		"int, smallest":      {int64(math.MinInt32), "<int>-2147483648</int>"},
		"i8":                 {int64(math.MaxInt32 + 1), "<i8>2147483648</i8>"},
		"i8, smallest":       {int64(math.MinInt64), "<i8>-9223372036854775808</i8>"},
		"double":             {-12.5, "<double>-12.5</double>"},
		"double, whole":      {3., "<double>3</double>"},
		"double, large":      {1e21, "<double>1000000000000000000000</double>"},
		"double, small":      {1.5e-7, "<double>0.00000015</double>"},
		"double, below zero": {math.Copysign(0, -1), "<double>-0</double>"},
		"string":             {"a b", "<string>a b</string>"},
		"string, empty":      {"", "<string></string>"},
		"string, markup":     {"<b>&amp;</b>]]>", "<string>&lt;b&gt;&amp;amp;&lt;/b&gt;]]&gt;</string>"},
		"string, space":      {" \t\r\n ", "<string> \t&#xD;\n </string>"},
		"string, unicode":    {"ü世\U0001f9f5\ufffd", "<string>ü世\U0001f9f5\ufffd</string>"},
		"time":               {time.Date(1998, 7, 17, 14, 8, 55, 999, time.UTC), "<dateTime.iso8601>19980717T14:08:55</dateTime.iso8601>"},
		"time elsewhere":     {time.Date(1998, 7, 17, 1, 8, 55, 0, east), "<dateTime.iso8601>19980716T23:08:55</dateTime.iso8601>"},
		"time, year 0":       {time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC), "<dateTime.iso8601>00000101T00:00:00</dateTime.iso8601>"},
		"bytes":              {[]byte("you!"), "<base64>eW91IQ==</base64>"},
		"bytes, none":        {[]byte(nil), "<base64></base64>"},
		"array":              {list{"a", int64(1), nil}, "<array><data><value><string>a</string></value><value><int>1</int></value><value><nil/></value></data></array>"},
		"array, empty":       {list(nil), "<array><data></data></array>"},
		"struct":             {object{"b": true, "": list{}, "<a>": ""}, "<struct><member><name></name><value><array><data></data></array></value></member><member><name>&lt;a&gt;</name><value><string></string></value></member><member><name>b</name><value><boolean>1</boolean></value></member></struct>"},
		"struct, empty":      {object(nil), "<struct></struct>"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b, err := open.AppendResponse([]byte("before "), c.result)
			require.NoError(t, err)
			require.Equal(t, "before "+head+c.want+tail, string(b))
		})
	}
}

func TestRefusedResults(t *testing.T) {
	deep := any("x")
	for range 65 {
		deep = []any{deep}
	}
	cycle := map[string]any{}
	cycle["a"] = cycle
	wide := make([]any, 3)
	wide[0], wide[1], wide[2] = "x", wide, wide
	cases := map[string]struct {
		result any
		want   string
	}{
		"nil":                   {nil, "there is no nil"},
		"nil inside":            {[]any{nil}, "there is no nil"},
		"33 bits":               {int64(4294967296), "4294967296 does not fit 32 bits"},
		"33 bits, negative":     {int64(math.MinInt32 - 1), "-2147483649 does not fit 32 bits"},
		"no number":             {math.NaN(), "NaN cannot be written"},
		"infinity":              {math.Inf(1), "+Inf cannot be written"},
		"infinity, negative":    {math.Inf(-1), "-Inf cannot be written"},
		"NUL":                   {"a\x00", "a string has a character that XML cannot have (U+0000)"},
		"an escape":             {"\x1b[0m", "a string has a character that XML cannot have (U+001B)"},
		"no character":          {"\uffff", "a string has a character that XML cannot have (U+FFFF)"},
		"not UTF-8":             {"a\xff", "a string has bytes that are not UTF-8"},
		"a surrogate":           {"\xed\xa0\x80", "a string has bytes that are not UTF-8"},
		"NUL in a name":         {map[string]any{"\x00": true}, "a string has a character that XML cannot have (U+0000)"},
		"wrong in a member":     {map[string]any{"a": map[string]any{"b": "\x00"}}, "a string has a character that XML cannot have (U+0000)"},
		"before the year 0":     {time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC), "the year -1 cannot be written"},
		"after the year 9999":   {time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("", -3600)), "the year 10000 cannot be written"},
		"an int":                {1, "a value of type int cannot be written"},
		"strings":               {[]string{"a"}, "a value of type []string cannot be written"},
		"an error":              {xmlrpc.ErrLimit, "a value of type *errors.errorString cannot be written"},
		"a pointer":             {[]any{new(string)}, "a value of type *string cannot be written"},
		"65 levels":             {deep, "over the limit of 64 levels"},
		"a struct in itself":    {cycle, "over the limit of 64 levels"},
		"twice an array in one": {wide, "over the limit of 64 levels"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b, err := new(xmlrpc.Codec).AppendResponse([]byte("before"), c.result)
			wrong(t, err)
			require.EqualError(t, err, "xmlrpc: "+c.want)
			require.Equal(t, "before", string(b))
			require.Equal(t, strings.HasPrefix(c.want, "over"), errors.Is(err, xmlrpc.ErrLimit))
		})
	}
}

func TestFault(t *testing.T) {
	cases := map[string]struct {
		code     int
		text     string
		wantCode int64
		want     string
	}{
		"usual":     {4, "Too many parameters.", 4, "Too many parameters."},
		"negative":  {-32601, "", -32601, ""},
		"too large": {math.MaxInt, "x", math.MaxInt32, "x"},
		"too small": {math.MinInt, "x", math.MinInt32, "x"},
		"markup":    {1, "<b>&amp;\r\n</b>", 1, "<b>&amp;\r\n</b>"},
		"NUL":       {1, "a\x00b\uffff", 1, "a\ufffdb\ufffd"},
		"not UTF-8": {1, "a\xffb\xed\xa0\x80", 1, "a\ufffdb\ufffd\ufffd\ufffd"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := string((&xmlrpc.Codec{MaxDepth: -1}).AppendFault([]byte("before "), c.code, c.text))
			b, ok := strings.CutPrefix(b, "before ")
			require.True(t, ok)
			b = strings.NewReplacer("<fault>", "<params><param>", "</fault>", "</param></params>").Replace(b)
			require.Equal(t, map[string]any{"faultCode": c.wantCode, "faultString": c.want}, result(t, []byte(b)))
		})
	}
	require.Equal(t, `<?xml version="1.0" encoding="UTF-8"?>`+"\n<methodResponse><fault><value><struct>"+
		"<member><name>faultCode</name><value><int>4</int></value></member>"+
		"<member><name>faultString</name><value><string>no</string></value></member>"+
		"</struct></value></fault></methodResponse>\n", string(open.AppendFault(nil, 4, "no")))
}
