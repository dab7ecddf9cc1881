package rpc_test

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/stretchr/testify/require"
)

type (
	level  uint8
	word   string
	words  []word
	blob   []byte
	colour struct{ name string }
	point  struct {
		X, Y   int
		Label  string `json:"label,omitempty"`
		Secret string `json:"-"`
		hidden int
	}
	tree struct {
		Name     string           `json:"name"`
		Children []tree           `json:"children"`
		ByName   map[string]*tree `json:"by_name"`
	}
)

// colour reads and writes itself as text.
func (c colour) MarshalText() ([]byte, error) { return []byte(c.name), nil }

func (c *colour) UnmarshalText(text []byte) error {
	if !strings.HasPrefix(string(text), "#") {
		return errors.New("a colour begins with #")
	}
	c.name = string(text)
	return nil
}

var noon = time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)

const xmlNoon, jsonNoon = "<dateTime.iso8601>20240229T12:00:00</dateTime.iso8601>", `"2024-02-29T12:00:00Z"`

// A conversion is what a parameter of a type becomes, written in each way. A
// face for which there is no text is left out.
type conversion struct {
	name             string
	f                func(got *any) any
	xml, json, plain string
	want             any // nil if it is refused
}

// of returns a conversion of what a T is made of.
func of[T any](name, xml, json, plain string, want T) conversion {
	return conversion{name: name, f: take[T], xml: xml, json: json, plain: plain, want: any(want)}
}

// no returns a conversion of what no T is made of.
func no[T any](name, xml, json, plain string) conversion {
	return conversion{name: fmt.Sprintf("no %T: %s", *new(T), name), f: take[T], xml: xml, json: json, plain: plain}
}

func take[T any](got *any) any { return func(v T) { *got = v } }

func ptr[T any](v T) *T { return &v }

func TestConversion(t *testing.T) {
	point12 := point{X: 1, Y: 2, Label: "a", Secret: "", hidden: 0}
	xmlPoint := xmlStruct("X", "<int>1</int>", "Y", "<int>2</int>", "label", "a")
	for _, c := range []conversion{
		of("bool", "<boolean>1</boolean>", "true", "true", true),
		of("false", "<boolean>0</boolean>", "false", "false", false),
		of("bool as forms have it", "", "", "on", true),
		of("int", "<int>-5</int>", "-5", "-5", -5),
		of("i4", "<i4>7</i4>", "7", "7", 7),
		of("int with space", "", "", "+5+", 5),
		of("int as a float", "<double>3.0</double>", "3.0", "", 3),
		of("int with an exponent", "", "1e3", "", 1000),
		of("int8", "<int>-128</int>", "-128", "-128", int8(-128)),
		of("int16", "<int>32767</int>", "32767", "32767", int16(math.MaxInt16)),
		of("int32", "<int>-2147483648</int>", "-2147483648", "-2147483648", int32(math.MinInt32)),
		of("int64", "<i8>-9223372036854775808</i8>", "-9223372036854775808", "-9223372036854775808", int64(math.MinInt64)),
		of("int64, the most", "<i8>9223372036854775807</i8>", "9223372036854775807", "9223372036854775807", int64(math.MaxInt64)),
		of("uint", "<int>5</int>", "5", "5", uint(5)),
		of("uint8", "<int>255</int>", "255", "255", uint8(255)),
		of("uint16", "<int>65535</int>", "65535", "65535", uint16(65535)),
		of("uint32", "<i8>4294967295</i8>", "4294967295", "4294967295", uint32(math.MaxUint32)),
		of("uint64", "<i8>9223372036854775807</i8>", "9223372036854775807", "9223372036854775807", uint64(math.MaxInt64)),
		of("float64", "<double>-1.5</double>", "-1.5", "-1.5", -1.5),
		of("float64 of an int", "<int>2</int>", "2", "2", 2.),
		of("float32", "<double>0.5</double>", "0.5", "0.5", float32(.5)),
		of("string", "<string>a &amp; b</string>", `"a & b"`, "a+%26+b", "a & b"),
		of("string without a type", "a", `"a"`, "a", "a"),
		of("empty string", "<string/>", `""`, "", ""),
		of("string that looks like a number", "<string>12</string>", `"12"`, "12", "12"),
		of("string that looks like JSON", "<string>[1]</string>", `"[1]"`, "[1]", "[1]"),
		of("string of null", "<string>null</string>", `"null"`, "null", "null"),
		of("named string", "<string>w</string>", `"w"`, "w", word("w")),
		of("named integer", "<int>3</int>", "3", "3", level(3)),
		of("duration", "<int>3</int>", "3", "3", time.Duration(3)),
		of("time", xmlNoon, jsonNoon, "2024-02-29T12:00:00Z", noon),
		of("time of XML-RPC", "", `"20240229T12:00:00"`, "20240229T12:00:00", noon),
		of("bytes", "<base64>AAH/</base64>", `"AAH/"`, "AAH%2F", []byte{0, 1, 255}),
		of("no bytes", "<base64></base64>", `""`, "", []byte{}),
		of("named bytes", "<base64>AAH/</base64>", `"AAH/"`, "AAH%2F", blob{0, 1, 255}),
		of("list of bytes", xmlArray("<base64>AAH/</base64>"), `["AAH/"]`, "", [][]byte{{0, 1, 255}}),
		of("pointer to what reads text", "<nil/>", "null", "", (*colour)(nil)),
		of("pointer to a colour", "#f00", `"#f00"`, "%23f00", &colour{"#f00"}),
		of("pointer", "<int>5</int>", "5", "5", ptr(5)),
		of("nil pointer", "<nil/>", "null", "", (*int)(nil)),
		of("pointer to a pointer", "<int>5</int>", "5", "5", ptr(ptr(5))),
		of("pointer to a struct", xmlPoint, `{"X":1,"Y":2,"label":"a"}`, "", &point12),
		of("pointer to a time", xmlNoon, jsonNoon, "", &noon),
		of("slice", xmlArray("<int>1</int>", "<int>2</int>"), "[1,2]", "[1,2]", []int{1, 2}),
		of("empty slice", xmlArray(), "[]", "[]", []int{}),
		of("slice of pointers", xmlArray("<int>1</int>", "<nil/>"), "[1,null]", "[1,null]", []*int{ptr(1), nil}),
		of("slices in a slice", xmlArray(xmlArray("a"), xmlArray()), `[["a"],[]]`, `[[%22a%22],[]]`, [][]string{{"a"}, {}}),
		of("named slice", xmlArray("a", "b"), `["a","b"]`, `[%22a%22,%22b%22]`, words{"a", "b"}),
		of("array", xmlArray("<int>1</int>", "<int>2</int>"), "[1,2]", "[1,2]", [2]int{1, 2}),
		of("empty array", xmlArray(), "[]", "[]", [0]int{}),
		of("map", xmlStruct("a", "<int>1</int>"), `{"a":1}`, `{%22a%22:1}`, map[string]int{"a": 1}),
		of("map with named keys", xmlStruct("a", "b"), `{"a":"b"}`, "", map[word]word{"a": "b"}),
		of("struct", xmlPoint, `{"X":1,"Y":2,"label":"a"}`, `{%22X%22:1,%22Y%22:2,%22label%22:%22a%22}`, point12),
		of("part of a struct", xmlStruct("Y", "<int>2</int>"), `{"Y":2}`, "", point{Y: 2}),
		of("nothing of a struct", xmlStruct(), `{}`, "{}", point{}),
		of("struct that has itself", xmlStruct("name", "a", "children", xmlArray(xmlStruct("name", "b")), "by_name", xmlStruct("c", xmlStruct("name", "c"))),
			`{"name":"a","children":[{"name":"b"}],"by_name":{"c":{"name":"c"}}}`, "",
			tree{Name: "a", Children: []tree{{Name: "b"}}, ByName: map[string]*tree{"c": {Name: "c"}}}),
		of("address", "<string>::1</string>", `"::1"`, "::1", netip.MustParseAddr("::1")),
		of("pointer to an address", "::1", `"::1"`, "::1", ptr(netip.MustParseAddr("::1"))),
		of("addresses", xmlArray("::1"), `["::1"]`, "", []netip.Addr{netip.MustParseAddr("::1")}),
		of("IP", "127.0.0.1", `"127.0.0.1"`, "127.0.0.1", net.ParseIP("127.0.0.1")),
		of("large number", "", `"123456789012345678901234567890"`, "123456789012345678901234567890",
			ptr(func() big.Int { n, _ := new(big.Int).SetString("123456789012345678901234567890", 10); return *n }())),
		of("colour", "#f00", `"#f00"`, "%23f00", colour{"#f00"}),
		of("member that reads text", xmlStruct("c", "#f00"), `{"c":"#f00"}`, "", map[string]colour{"c": {"#f00"}}),
		of("any: int", "<int>1</int>", "1", "", any(int64(1))),
		of("any: double", "<double>1.5</double>", "1.5", "", any(1.5)),
		of("any: list", xmlArray("a", "<boolean>1</boolean>", xmlStruct("b", "<nil/>")), `["a",true,{"b":null}]`, "", any([]any{"a", true, map[string]any{"b": nil}})),
		of("any: bytes", "<base64>AAH/</base64>", "", "", any([]byte{0, 1, 255})),
		of("any: time", xmlNoon, "", "", any(noon)),
		of("any: text stays text", "1", `"1"`, "1", any("1")),
		of("any: text in a form", "", "", "[1]", any("[1]")),
		of("list of any", xmlArray("<int>1</int>", "a"), `[1,"a"]`, "", []any{int64(1), "a"}),
		of("map of any", xmlStruct("a", "<int>1</int>"), `{"a":1}`, "", map[string]any{"a": int64(1)}),
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t) })
	}
}

func (c conversion) run(t *testing.T) {
	var got any
	w := serving(one("s", "f", c.f(&got), "v"))
	check := func(t *testing.T, refused bool, said string) {
		if c.want == nil {
			require.True(t, refused, "it became %#v", got)
			require.Nil(t, got, "it has been called nevertheless")
		} else {
			require.False(t, refused, said)
			require.Equal(t, c.want, got)
		}
		w.quiet(t)
		require.NotContains(t, said, "reflect")
	}
	if c.xml != "" {
		t.Run("xml", func(t *testing.T) {
			got = nil
			_, f := w.xml(t, "/rpc", "s.f", c.xml)
			if f == nil {
				f = new(xmlFault)
			} else {
				require.EqualValues(t, 56, f.code)
			}
			check(t, f.code != 0, f.text)
		})
	}
	if c.json != "" {
		t.Run("json", func(t *testing.T) {
			got = nil
			said := w.call(t, "s.f", "["+c.json+"]")
			if c.want == nil {
				require.Contains(t, said, `"code":-32602`)
			}
			check(t, strings.Contains(said, `"error"`), said)
			got = nil
			said = w.call(t, "s.f", `{"v":`+c.json+`}`)
			check(t, strings.Contains(said, `"error"`), said)
		})
	}
	if c.plain != "" {
		t.Run("plain", func(t *testing.T) {
			got = nil
			code, said := w.get(t, "/rpc/s/f/plain?v="+c.plain)
			if code != 200 {
				require.Equal(t, 400, code)
			}
			check(t, code != 200, said)
			got = nil
			code, said = w.form(t, "/rpc/s/f/html", "v="+c.plain)
			check(t, code != 200, said)
		})
	}
}

// Without the extensions there are neither 64 bits nor nil.
func TestPlainXMLRPC(t *testing.T) {
	g := gateway(one("s", "f", func(v any) any { return v }, "v"))
	g.I8, g.Nil = false, false
	w := around(g)
	for _, text := range []string{"<i8>1</i8>", "<nil/>", "<int>2147483648</int>"} {
		_, f := w.xml(t, "/rpc", "s.f", text)
		require.NotNil(t, f, text)
		require.EqualValues(t, 54, f.code)
		require.Contains(t, f.text, "rpc -- Request cannot be decoded\n\n")
	}
	v, f := w.xml(t, "/rpc", "s.f", "<int>2147483647</int>")
	require.Nil(t, f)
	require.EqualValues(t, math.MaxInt32, v)
}

func TestTextIsTakenForMoreInAstroGrid(t *testing.T) {
	for name, c := range map[string]conversion{
		"number":      of("", "5", "", "", 5),
		"float":       of("", "1.5", "", "", 1.5),
		"bool":        of("", "true", "", "", true),
		"int":         of("", "<int>5</int>", "", "", "5"),
		"double":      of("", "<double>1.5</double>", "", "", "1.5"),
		"boolean":     of("", "<boolean>1</boolean>", "", "", "true"),
		"no number":   no[int]("", "five", "", ""),
		"list":        no[string]("", xmlArray("a"), "", ""),
		"overflow":    no[int8]("", "128", "", ""),
		"no boolean":  no[bool]("", "5", "", ""),
		"large float": no[float32]("", "1e300", "", ""),
	} {
		t.Run(name, func(t *testing.T) {
			var got any
			g := gateway(one("s", "f", c.f(&got), "v"))
			g.Dialect = rpc.AstroGrid
			v, f := around(g).xml(t, "/rpc", "s.f", c.xml)
			require.Equal(t, c.want, got)
			if c.want != nil {
				require.Nil(t, f)
				require.Equal(t, "OK", v)
				return
			}
			require.Zero(t, f.code)
			require.Regexp(t, "^InvalidArgumentException: ", f.text)
		})
	}
}
