package xmlrpc_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/resource/rpc/internal/xmlrpc"
)

func TestReadValue(t *testing.T) {
	at := time.Date(1998, 7, 17, 14, 8, 55, 0, time.UTC)
	type list = []any
	type object = map[string]any
	cases := map[string]struct {
		value string
		want  any
	}{
		"int":                   {"<value><int>12</int></value>", int64(12)},
		"i4":                    {"<value><i4>-12</i4></value>", int64(-12)},
		"int with a plus":       {"<value><int>+0012</int></value>", int64(12)},
		"int with space":        {"<value>\n <int> \t12\r\n</int>\n</value>", int64(12)},
		"int with a comment":    {"<value><!-- a --><int>1<!-- b -->2</int><!-- c --></value>", int64(12)},
		"int, largest":          {"<value><int>2147483647</int></value>", int64(2147483647)},
		"int, smallest":         {"<value><int>-2147483648</int></value>", int64(-2147483648)},
		"i8":                    {"<value><i8>9223372036854775807</i8></value>", int64(9223372036854775807)},
		"ex:i8":                 {"<value><ex:i8>-9223372036854775808</ex:i8></value>", int64(-9223372036854775808)},
		"ex bound elsewhere":    {"<value><ex:i8 xmlns:ex='x'>1</ex:i8></value>", int64(1)},
		"true":                  {"<value><boolean>1</boolean></value>", true},
		"false":                 {"<value><boolean> 0 </boolean></value>", false},
		"double":                {"<value><double>-12.53</double></value>", -12.53},
		"double with exponent":  {"<value><double> +1.5e+3 </double></value>", 1500.},
		"double, no fraction":   {"<value><double>3</double></value>", 3.},
		"double, point first":   {"<value><double>.5</double></value>", .5},
		"double, point last":    {"<value><double>5.</double></value>", 5.},
		"double, tiny":          {"<value><double>1E-400</double></value>", 0.},
		"string":                {"<value><string>a b</string></value>", "a b"},
		"string, empty":         {"<value><string/></value>", ""},
		"string, its space":     {"<value> <string> \ta\n </string> </value>", " \ta\n "},
		"string, references":    {"<value><string>&lt;&amp;&gt;&quot;&apos;&#65;&#x42;&#xD;</string></value>", "<&>\"'AB\r"},
		"string, surrogate":     {"<value><string>&#xD800;</string></value>", "\ufffd"},
		"string, line ends":     {"<value><string>a\r\nb\rc\n</string></value>", "a\nb\nc\n"},
		"string, CDATA":         {"<value><string>a<![CDATA[<b>&amp;]]>c<![CDATA[]]>d</string></value>", "a<b>&amp;cd"},
		"string, comment":       {"<value><string>a<!-- <b> -->c</string></value>", "ac"},
		"string, unicode":       {"<value><string>Grüße, 世界 🧵</string></value>", "Grüße, 世界 🧵"},
		"bare":                  {"<value>a b</value>", "a b"},
		"bare, empty":           {"<value></value>", ""},
		"bare, shortest":        {"<value/>", ""},
		"bare, only space":      {"<value> \n</value>", " \n"},
		"bare, CDATA":           {"<value> <![CDATA[<int>]]> </value>", " <int> "},
		"bare, comment":         {"<value>a<!-- b -->c</value>", "ac"},
		"time":                  {"<value><dateTime.iso8601>19980717T14:08:55</dateTime.iso8601></value>", at},
		"time with dashes":      {"<value><dateTime.iso8601>1998-07-17T14:08:55</dateTime.iso8601></value>", at},
		"time with space":       {"<value><dateTime.iso8601> 19980717T14:08:55\n</dateTime.iso8601></value>", at},
		"time, UTC":             {"<value><dateTime.iso8601>19980717T14:08:55Z</dateTime.iso8601></value>", at},
		"time, offset":          {"<value><dateTime.iso8601>19980717T16:08:55+0200</dateTime.iso8601></value>", at},
		"time, offset, colon":   {"<value><dateTime.iso8601>1998-07-17T08:38:55-05:30</dateTime.iso8601></value>", at},
		"time, fraction":        {"<value><dateTime.iso8601>19980717T14:08:55.25</dateTime.iso8601></value>", at.Add(250 * time.Millisecond)},
		"time, fraction, zone":  {"<value><dateTime.iso8601>1998-07-17T14:08:55.250Z</dateTime.iso8601></value>", at.Add(250 * time.Millisecond)},
		"time, leap day":        {"<value><dateTime.iso8601>20000229T00:00:00</dateTime.iso8601></value>", time.Date(2000, 2, 29, 0, 0, 0, 0, time.UTC)},
		"base64":                {"<value><base64>eW91IQ==</base64></value>", []byte("you!")},
		"base64 with space":     {"<value><base64>\n eW9\t1\r\nIQ = =\n</base64></value>", []byte("you!")},
		"base64, empty":         {"<value><base64/></value>", []byte{}},
		"nil":                   {"<value><nil/></value>", nil},
		"nil, long":             {"<value> <nil> </nil> </value>", nil},
		"ex:nil":                {"<value><ex:nil/></value>", nil},
		"array":                 {"<value><array><data><value>a</value><value><i4>1</i4></value></data></array></value>", list{"a", int64(1)}},
		"array, spaced":         {"<value>\n<array>\n<data>\n<value>a</value>\n</data>\n</array>\n</value>", list{"a"}},
		"array, empty":          {"<value><array><data/></array></value>", list{}},
		"arrays":                {"<value><array><data><value><array><data></data></array></value></data></array></value>", list{list{}}},
		"struct":                {"<value><struct><member><name>a</name><value>1</value></member><member><name>b</name><value><int>2</int></value></member></struct></value>", object{"a": "1", "b": int64(2)}},
		"struct, spaced":        {"<value>\n<struct>\n<member>\n<name>a</name>\n<value>1</value>\n</member>\n</struct>\n</value>", object{"a": "1"}},
		"struct, empty":         {"<value><struct/></value>", object{}},
		"struct, odd names":     {"<value><struct><member><name> &lt;a<![CDATA[&]]> </name><value/></member><member><name/><value/></member></struct></value>", object{" <a& ": "", "": ""}},
		"names that differ":     {"<value><struct><member><name>a</name><value/></member><member><name>A</name><value/></member></struct></value>", object{"a": "", "A": ""}},
		"struct in array":       {"<value><array><data><value><struct><member><name>a</name><value><array><data><value>x</value></data></array></value></member></struct></value></data></array></value>", list{object{"a": list{"x"}}}},
		"attributes":            {"<value type='x'><int a='&lt;' b=\"2\">1</int ></value >", int64(1)},
		"a name among comments": {"<!-- 1 --><value><!-- 2 --><struct><!-- 3 --><member><!-- 4 --><name>a<!-- 5 --></name><!-- 6 --><value/></member></struct></value>", object{"a": ""}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			method, params, err := open.DecodeCall([]byte(call(c.value)))
			require.NoError(t, err)
			require.Equal(t, "m", method)
			require.Equal(t, []any{c.want}, params)
		})
	}
}

func TestReadCall(t *testing.T) {
	const empty = "<methodCall><methodName>m</methodName></methodCall>"
	cases := map[string]struct {
		body, method string
		params       []any
	}{
		"no params":       {empty, "m", nil},
		"params, short":   {"<methodCall><methodName>m</methodName><params/></methodCall>", "m", nil},
		"params, long":    {"<methodCall><methodName>m</methodName><params> </params></methodCall>", "m", nil},
		"two params":      {"<methodCall><methodName>m</methodName><params><param><value>a</value></param><param><value>b</value></param></params></methodCall>", "m", []any{"a", "b"}},
		"declared":        {"<?xml version=\"1.0\"?>\n" + empty, "m", nil},
		"UTF-8":           {"<?xml version='1.0' encoding='utf-8' standalone='yes'?>" + call("<value>ü</value>"), "m", []any{"ü"}},
		"UTF-8, upper":    {`<?xml version="1.0" encoding="UTF-8"?>` + call("<value>ü</value>"), "m", []any{"ü"}},
		"US-ASCII":        {`<?xml version="1.0" encoding="US-ASCII"?>` + call("<value>a&#252;</value>"), "m", []any{"aü"}},
		"Latin-1":         {`<?xml version="1.0" encoding="iso-8859-1"?>` + call("<value>a\xfc\xe9\xff\xa0</value>"), "m", []any{"aüéÿ\u00a0"}},
		"Latin-1, short":  {`<?xml version="1.0" encoding="latin1"?>` + call("<value>\xfc</value>"), "m", []any{"ü"}},
		"ASCII, short":    {`<?xml version="1.0" encoding="ascii"?>` + call("<value>u</value>"), "m", []any{"u"}},
		"UTF-8, short":    {`<?xml version="1.0" encoding="utf8"?>` + call("<value>ü</value>"), "m", []any{"ü"}},
		"UTF-16, big":     {inUTF16(binary.BigEndian, `<?xml version="1.0" encoding="UTF-16"?>`+call("<value>ü☃𝄞</value>")), "m", []any{"ü☃𝄞"}},
		"UTF-16, little":  {inUTF16(binary.LittleEndian, `<?xml version="1.0" encoding="utf-16le"?>`+call("<value>ü☃𝄞</value>")), "m", []any{"ü☃𝄞"}},
		"UTF-16, no word": {inUTF16(binary.LittleEndian, call("<value>ü</value>")), "m", []any{"ü"}},
		"Latin-1, upper":  {`<?xml version="1.0" encoding="ISO-8859-1"?>` + call("<value><![CDATA[\xc0]]></value>"), "m", []any{"À"}},
		"byte order mark": {"\ufeff<?xml version='1.0'?>" + empty, "m", nil},
		"mark alone":      {"\ufeff" + empty, "m", nil},
		"space around":    {"\n " + empty + " \n\t\r", "m", nil},
		"comments around": {"<!-- a --> " + empty + "<!-- b -->", "m", nil},
		"spaced":          {"<methodCall>\n <methodName>m</methodName>\n <params>\n <param>\n <value>a</value>\n </param>\n </params>\n</methodCall>", "m", []any{"a"}},
		"a usual name":    {"<methodCall><methodName>a.b_C:d/9</methodName></methodCall>", "a.b_C:d/9", nil},
		"no such method":  {"<methodCall><methodName> &lt;b&gt;'&#10;é </methodName></methodCall>", " <b>'\né ", nil},
		"the longest":     {"<methodCall><methodName>" + strings.Repeat("x", 255) + "</methodName></methodCall>", strings.Repeat("x", 255), nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			method, params, err := new(xmlrpc.Codec).DecodeCall([]byte(c.body))
			require.NoError(t, err)
			require.Equal(t, c.method, method)
			require.Equal(t, c.params, params)
		})
	}
}

func TestRefusedValues(t *testing.T) {
	long := strings.Repeat("é", 1000)
	cases := map[string]struct{ value, want string }{
		"no integer":           {"<value><int>12x</int></value>", `<int>: "12x" is no integer`},
		"an empty integer":     {"<value><i4/></value>", `<i4>: "" is no integer`},
		"an integer in hex":    {"<value><int>0x10</int></value>", `<int>: "0x10" is no integer`},
		"an integer, grouped":  {"<value><int>1_000</int></value>", `<int>: "1_000" is no integer`},
		"an integer, spaced":   {"<value><int>1 0</int></value>", `<int>: "1 0" is no integer`},
		"a no-break space":     {"<value><int>\u00a01</int></value>", `<int>: "\u00a01" is no integer`},
		"33 bits":              {"<value><int>2147483648</int></value>", `<int>: "2147483648" does not fit 32 bits`},
		"33 bits, negative":    {"<value><i4>-2147483649</i4></value>", `<i4>: "-2147483649" does not fit 32 bits`},
		"a long integer":       {"<value><int>" + long + "</int></value>", `<int>: "` + long[:80] + `…" is no integer`},
		"i8":                   {"<value><i8>1</i8></value>", "there is no type <i8>"},
		"ex:i8":                {"<value><ex:i8>1</ex:i8></value>", "there is no type <ex:i8>"},
		"nil":                  {"<value><nil/></value>", "there is no type <nil>"},
		"ex:nil":               {"<value><ex:nil/></value>", "there is no type <ex:nil>"},
		"another prefix":       {"<value><x:int>1</x:int></value>", "there is no type <x:int>"},
		"an unknown type":      {"<value><float>1</float></value>", "there is no type <float>"},
		"another case":         {"<value><Int>1</Int></value>", "there is no type <Int>"},
		"a long type":          {"<value><" + long + ">1</" + long + "></value>", "there is no type <" + long[:80] + "…>"},
		"true":                 {"<value><boolean>true</boolean></value>", `<boolean>: "true" is neither 0 nor 1`},
		"two":                  {"<value><boolean>2</boolean></value>", `<boolean>: "2" is neither 0 nor 1`},
		"infinity":             {"<value><double>inf</double></value>", `<double>: "inf" is no decimal number`},
		"no number":            {"<value><double>NaN</double></value>", `<double>: "NaN" is no decimal number`},
		"a hex double":         {"<value><double>0x1p2</double></value>", `<double>: "0x1p2" is no decimal number`},
		"a grouped double":     {"<value><double>1_0.0</double></value>", `<double>: "1_0.0" is no decimal number`},
		"a lone exponent":      {"<value><double>e5</double></value>", `<double>: "e5" is no decimal number`},
		"a lone point":         {"<value><double>.</double></value>", `<double>: "." is no decimal number`},
		"an empty double":      {"<value><double> </double></value>", `<double>: " " is no decimal number`},
		"a comma":              {"<value><double>1,5</double></value>", `<double>: "1,5" is no decimal number`},
		"too large":            {"<value><double>1e309</double></value>", `<double>: "1e309" is too large for a double`},
		"an impossible day":    {"<value><dateTime.iso8601>20010229T00:00:00</dateTime.iso8601></value>", `<dateTime.iso8601>: "20010229T00:00:00" is no time like 20060102T15:04:05`},
		"an impossible hour":   {"<value><dateTime.iso8601>20010228T24:00:00</dateTime.iso8601></value>", `<dateTime.iso8601>: "20010228T24:00:00" is no time like 20060102T15:04:05`},
		"a digit for an hour":  {"<value><dateTime.iso8601>20010228T1:00:000</dateTime.iso8601></value>", `<dateTime.iso8601>: "20010228T1:00:000" is no time like 20060102T15:04:05`},
		"a short time":         {"<value><dateTime.iso8601>20010228T</dateTime.iso8601></value>", `<dateTime.iso8601>: "20010228T" is no time like 20060102T15:04:05`},
		"a date":               {"<value><dateTime.iso8601>2001-02-28</dateTime.iso8601></value>", `<dateTime.iso8601>: "2001-02-28" is no time like 20060102T15:04:05`},
		"no time":              {"<value><dateTime.iso8601/></value>", `<dateTime.iso8601>: "" is no time like 20060102T15:04:05`},
		"a comma for a point":  {"<value><dateTime.iso8601>20010228T00:00:00,5</dateTime.iso8601></value>", `<dateTime.iso8601>: "20010228T00:00:00,5" is no time like 20060102T15:04:05`},
		"a named zone":         {"<value><dateTime.iso8601>20010228T00:00:00 CET</dateTime.iso8601></value>", `<dateTime.iso8601>: "20010228T00:00:00 CET" is no time like 20060102T15:04:05`},
		"a year of five":       {"<value><dateTime.iso8601>99991231T23:59:59-0100</dateTime.iso8601></value>", `<dateTime.iso8601>: "99991231T23:59:59-0100" is no time like 20060102T15:04:05`},
		"before the year 0":    {"<value><dateTime.iso8601>00000101T00:00:00+0100</dateTime.iso8601></value>", `<dateTime.iso8601>: "00000101T00:00:00+0100" is no time like 20060102T15:04:05`},
		"no padding":           {"<value><base64>eW91IQ</base64></value>", `<base64>: "eW91IQ" is no base64`},
		"padding amidst":       {"<value><base64>eW91IQ==eW91</base64></value>", `<base64>: "eW91IQ==eW91" is no base64`},
		"bits in the padding":  {"<value><base64>eW91IR==</base64></value>", `<base64>: "eW91IR==" is no base64`},
		"another alphabet":     {"<value><base64>_-__</base64></value>", `<base64>: "_-__" is no base64`},
		"an element in an int": {"<value><int>1<b/></int></value>", "<int>: </int> expected, not <b>"},
		"in a string":          {"<value><string>a<b>c</b></string></value>", "<string>: </string> expected, not <b>"},
		"two types":            {"<value><int>1</int><int>2</int></value>", "<value>: </value> expected, not <int>"},
		"text before":          {"<value>a<int>1</int></value>", `<value>: text where none belongs: "a"`},
		"text after":           {"<value><int>1</int>a</value>", `<value>: text where none belongs: "a"`},
		"text in an array":     {"<value><array>a<data/></array></value>", `<array>: text where none belongs: "a"`},
		"long text":            {"<value><array>" + long + "</array></value>", `<array>: text where none belongs: "` + long[:80] + `…"`},
		"text in data":         {"<value><array><data>a</data></array></value>", `<data>: text where none belongs: "a"`},
		"no data":              {"<value><array/></value>", "<array>: <data> expected, not </array>"},
		"no data, but a value": {"<value><array><value/></array></value>", "<array>: <data> expected, not <value>"},
		"two of data":          {"<value><array><data/><data/></array></value>", "<array>: </array> expected, not <data>"},
		"an int in data":       {"<value><array><data><int>1</int></data></array></value>", "<data>: <value> expected, not <int>"},
		"a value in a struct":  {"<value><struct><value/></struct></value>", "<struct>: <member> expected, not <value>"},
		"an empty member":      {"<value><struct><member/></struct></value>", "<member>: <name> expected, not </member>"},
		"no name":              {"<value><struct><member><value/></member></struct></value>", "<member>: <name> expected, not <value>"},
		"two names":            {"<value><struct><member><name>a</name><name>b</name><value/></member></struct></value>", "<member>: <value> expected, not <name>"},
		"no value":             {"<value><struct><member><name>a</name></member></struct></value>", "<member>: <value> expected, not </member>"},
		"two values":           {"<value><struct><member><name>a</name><value/><value/></member></struct></value>", "<member>: </member> expected, not <value>"},
		"the name last":        {"<value><struct><member><value/><name>a</name></member></struct></value>", "<member>: <name> expected, not <value>"},
		"twice the same":       {"<value><struct><member><name>a</name><value/></member><member><name>&#97;</name><value/></member></struct></value>", `<struct>: two members are named "a"`},
		"text in a member":     {"<value><struct><member>x<name>a</name><value/></member></struct></value>", `<member>: text where none belongs: "x"`},
		"a value in a value":   {"<value><value/></value>", "there is no type <value>"},
		"the wrong end":        {"<value><int>1</i4></value>", "<int>: </int> expected, not </i4>"},
		"the value's wrong":    {"<value>a</param>", "<value>: </value> expected, not </param>"},
		"no value at all":      {"", "<param>: <value> expected, not </param>"},
		"a type, no value":     {"<int>1</int>", "<param>: <value> expected, not <int>"},
		"two values in one":    {"<value/><value/>", "<param>: </param> expected, not <value>"},
		"an unknown reference": {"<value>&nbsp;</value>", "line 1: invalid character entity &nbsp;"},
		"a reference to NUL":   {"<value>&#0;</value>", "line 1: illegal character code U+0000"},
		"NUL":                  {"<value>\x00</value>", "line 1: illegal character code U+0000"},
		"an escape":            {"<value>\n\x1b</value>", "line 2: illegal character code U+001B"},
		"not UTF-8":            {"<value>\xfc</value>", "line 1: invalid UTF-8"},
		"not UTF-8, a name":    {"<value><\xfc/></value>", "line 1: invalid XML name: \ufffd"},
		"an instruction":       {"<value><?php x ?></value>", "a processing instruction is not read: <?php?>"},
		"a late declaration":   {"<value><?xml version='1.0'?></value>", "a processing instruction is not read: <?xml?>"},
		"a late encoding":      {"<value><?xml version='1.0' encoding='iso-8859-1'?></value>", "a processing instruction is not read: <?xml?>"},
		"a late DTD":           {"<value><!DOCTYPE a></value>", "a DTD is not read"},
		"no quotes":            {"<value a=1/>", "line 1: unquoted or missing attribute value in element"},
		"an open CDATA":        {"<value><![CDATA[ </value>", "line 1: unexpected EOF in CDATA section"},
		"an end of CDATA":      {"<value>]]></value>", "line 1: unescaped ]]> not in CDATA section"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			method, params, err := new(xmlrpc.Codec).DecodeCall([]byte(call(c.value)))
			wrong(t, err)
			require.EqualError(t, err, "xmlrpc: "+c.want)
			require.Empty(t, method)
			require.Nil(t, params)
		})
	}
}

func TestRefusedCalls(t *testing.T) {
	const empty = "<methodCall><methodName>m</methodName></methodCall>"
	cases := map[string]struct{ body, want string }{
		"nothing":             {"", "<methodCall> expected, not the end"},
		"space":               {" \n", "<methodCall> expected, not the end"},
		"plain text":          {"hello", `text where none belongs: "hello"`},
		"JSON":                {`{"jsonrpc":"2.0"}`, `text where none belongs: "{\"jsonrpc\":\"2.0\"}"`},
		"a form":              {"a=1&b=2", "line 1: invalid character entity &b (no semicolon)"},
		"HTML":                {"<html></html>", "<methodCall> expected, not <html>"},
		"a response":          {"<methodResponse/>", "<methodCall> expected, not <methodResponse>"},
		"NUL bytes":           {"\x00\x00\x00\x00", "line 1: illegal character code U+0000"},
		"half of UTF-16":      {"\xff\xfe<\x00m\x00", "line 1: unexpected EOF"},
		"half a pair":         {"\xfe\xff\x00<\xd8\x00\x00m", "line 1: invalid UTF-8"},
		"an odd UTF-16":       {"\xff\xfe<\x00m", "line 1: invalid UTF-8"},
		"nothing in UTF-16":   {"\xfe\xff", "<methodCall> expected, not the end"},
		"an end":              {"</methodCall>", "<methodCall> expected, not </methodCall>"},
		"no name":             {"<methodCall/>", "<methodCall>: <methodName> expected, not </methodCall>"},
		"params first":        {"<methodCall><params/><methodName>m</methodName></methodCall>", "<methodCall>: <methodName> expected, not <params>"},
		"an empty name":       {"<methodCall><methodName/></methodCall>", "<methodName>: it is empty"},
		"an element in it":    {"<methodCall><methodName>a<b/></methodName></methodCall>", "<methodName>: </methodName> expected, not <b>"},
		"two names":           {"<methodCall><methodName>m</methodName><methodName>m</methodName></methodCall>", "<methodCall>: </methodCall> expected, not <methodName>"},
		"two of params":       {"<methodCall><methodName>m</methodName><params/><params/></methodCall>", "<methodCall>: </methodCall> expected, not <params>"},
		"text in the call":    {"<methodCall>a<methodName>m</methodName></methodCall>", `<methodCall>: text where none belongs: "a"`},
		"text after params":   {"<methodCall><methodName>m</methodName><params/>a</methodCall>", `<methodCall>: text where none belongs: "a"`},
		"text in params":      {"<methodCall><methodName>m</methodName><params>a</params></methodCall>", `<params>: text where none belongs: "a"`},
		"a value in params":   {"<methodCall><methodName>m</methodName><params><value/></params></methodCall>", "<params>: <param> expected, not <value>"},
		"an empty param":      {"<methodCall><methodName>m</methodName><params><param/></params></methodCall>", "<param>: <value> expected, not </param>"},
		"cut in the name":     {"<methodCall><methodName>m", "<methodName>: </methodName> expected, not the end"},
		"cut in a tag":        {"<methodCall><meth", "line 1: unexpected EOF"},
		"cut in params":       {"<methodCall><methodName>m</methodName><params>", "<params>: <param> expected, not the end"},
		"cut in text":         {"<methodCall><methodName>m</methodName><params><param><value>a", "<value>: </value> expected, not the end"},
		"cut in an array":     {"<methodCall><methodName>m</methodName><params><param><value><array><data><value/>", "<data>: <value> expected, not the end"},
		"cut before the end":  {"<methodCall><methodName>m</methodName>", "<methodCall>: </methodCall> expected, not the end"},
		"a second root":       {empty + empty, "<methodCall> after the end of the call"},
		"an end more":         {empty + "</methodCall>", "</methodCall> after the end of the call"},
		"text after":          {empty + "x", `text where none belongs: "x"`},
		"NUL after":           {empty + "\x00", "line 1: illegal character code U+0000"},
		"an instruction":      {"<?xml version='1.0'?><?xml-stylesheet href='x'?>" + empty, "a processing instruction is not read: <?xml-stylesheet?>"},
		"one after":           {empty + "<?x?>", "a processing instruction is not read: <?x?>"},
		"one alone":           {"<?php echo ?>" + empty, "a processing instruction is not read: <?php?>"},
		"two declarations":    {"<?xml version='1.0'?><?xml version='1.0'?>" + empty, "a processing instruction is not read: <?xml?>"},
		"two of Latin-1":      {strings.Repeat("<?xml version='1.0' encoding='iso-8859-1'?>", 2) + empty, "a processing instruction is not read: <?xml?>"},
		"a line before":       {"\n<?xml version='1.0'?>" + empty, "a processing instruction is not read: <?xml?>"},
		"XML 1.1":             {"<?xml version='1.1'?>" + empty, `unsupported version "1.1"; only version 1.0 is supported`},
		"UTF-16 declared":     {"<?xml version='1.0' encoding='UTF-16'?>" + empty, `the encoding "UTF-16" is not read`},
		"a long encoding":     {"<?xml version='1.0' encoding='" + strings.Repeat("\xff", 99) + "'?>" + empty, `the encoding "` + strings.Repeat(`\xff`, 40) + `…" is not read`},
		"not US-ASCII":        {"<?xml version='1.0' encoding='us-ascii'?>" + call("<value>\xc3\xbc</value>"), "the byte 0xc3 is not US-ASCII"},
		"a DTD":               {"<!DOCTYPE methodCall>" + empty, "a DTD is not read"},
		"an entity":           {"<?xml version='1.0'?><!ENTITY a 'b'>" + empty, "a DTD is not read"},
		"a DTD after":         {empty + "<!DOCTYPE x>", "a DTD is not read"},
		"an open comment":     {"<!-- " + empty, "line 1: unexpected EOF"},
		"dashes in a comment": {"<!-- -- -->" + empty, `line 1: invalid sequence "--" not allowed in comments`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			method, params, err := new(xmlrpc.Codec).DecodeCall([]byte(c.body))
			wrong(t, err)
			require.EqualError(t, err, "xmlrpc: "+c.want)
			require.Empty(t, method)
			require.Nil(t, params)
		})
	}
}

func inUTF16(order binary.AppendByteOrder, text string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}
