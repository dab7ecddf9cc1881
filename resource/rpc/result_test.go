package rpc_test

import (
	"errors"
	"math"
	"math/big"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/stretchr/testify/require"
)

// loop is nested without end.
type loop struct{ Next *loop }

type hidden struct {
	Shown int
	Not   int `json:"-"`
	no    int
}

// sour cannot write itself.
type sour struct{}

func (sour) MarshalText() ([]byte, error) { return nil, errors.New("it is sour") }
func (*sour) UnmarshalText([]byte) error  { return nil }

type textWriter interface{ MarshalText() ([]byte, error) }

func TestResults(t *testing.T) {
	cyclicList := []any{nil}
	cyclicList[0] = cyclicList
	cyclicMap := map[string]any{}
	cyclicMap["a"] = cyclicMap
	cyclic := new(loop)
	cyclic.Next = cyclic
	for name, c := range map[string]struct {
		f    any
		xml  any
		json string // "" is a fault everywhere
		text string
	}{
		"bool":              {func() bool { return true }, true, "true", "true"},
		"int":               {func() int { return -5 }, int64(-5), "-5", "-5"},
		"int64":             {func() int64 { return math.MinInt64 }, int64(math.MinInt64), "-9223372036854775808", "-9223372036854775808"},
		"uint8":             {func() uint8 { return 255 }, int64(255), "255", "255"},
		"uint64":            {func() uint64 { return math.MaxInt64 }, int64(math.MaxInt64), "9223372036854775807", "9223372036854775807"},
		"uint64 too large":  {func() uint64 { return math.MaxInt64 + 1 }, nil, "", ""},
		"uint too large":    {func() []uint { return []uint{math.MaxUint64} }, nil, "", ""},
		"float":             {func() float64 { return 1.5 }, 1.5, "1.5", "1.5"},
		"NaN":               {math.NaN, nil, "", ""},
		"infinity":          {func() float64 { return math.Inf(-1) }, nil, "", ""},
		"NaN within":        {func() any { return map[string]any{"a": []float32{float32(math.NaN())}} }, nil, "", ""},
		"string":            {func() string { return "a <b> & c\n" }, "a <b> & c\n", `"a <b> & c\n"`, "a <b> & c\n"},
		"empty string":      {func() string { return "" }, "", `""`, ""},
		"named":             {func() word { return "w" }, "w", `"w"`, "w"},
		"duration":          {func() time.Duration { return 5 }, int64(5), "5", "5"},
		"time":              {func() time.Time { return noon }, noon, `"2024-02-29T12:00:00Z"`, "2024-02-29T12:00:00Z"},
		"pointer to a time": {func() *time.Time { return &noon }, noon, `"2024-02-29T12:00:00Z"`, "2024-02-29T12:00:00Z"},
		"a year too far":    {func() time.Time { return noon.AddDate(9000, 0, 0) }, nil, "", ""},
		"bytes":             {func() []byte { return []byte{0, 1, 255} }, []byte{0, 1, 255}, `"AAH/"`, "AAH/"},
		"no bytes":          {func() []byte { return []byte{} }, []byte{}, `""`, ""},
		"nil bytes":         {func() []byte { return nil }, []byte{}, `""`, ""},
		"pointer to bytes":  {func() *[]byte { return &[]byte{0, 1, 255} }, []byte{0, 1, 255}, `"AAH/"`, "AAH/"},
		"named bytes":       {func() blob { return blob{0, 1, 255} }, []byte{0, 1, 255}, `"AAH/"`, "AAH/"},
		"slice":             {func() []int { return []int{1, 2} }, []any{int64(1), int64(2)}, "[1,2]", "[1,2]"},
		"nil slice":         {func() []int { return nil }, []any{}, "[]", "[]"},
		"array":             {func() [2]string { return [2]string{"a"} }, []any{"a", ""}, `["a",""]`, `["a",""]`},
		"map":               {func() map[word]int { return map[word]int{"b": 1, "a": 2} }, map[string]any{"a": int64(2), "b": int64(1)}, `{"a":2,"b":1}`, `{"a":2,"b":1}`},
		"nil map":           {func() map[string]int { return nil }, map[string]any{}, "{}", "{}"},
		"struct":            {func() hidden { return hidden{1, 2, 3} }, map[string]any{"Shown": int64(1)}, `{"Shown":1}`, `{"Shown":1}`},
		"pointer":           {func() *hidden { return &hidden{1, 2, 3} }, map[string]any{"Shown": int64(1)}, `{"Shown":1}`, `{"Shown":1}`},
		"nil pointer":       {func() *int { return nil }, nil, "null", "null"},
		"nil":               {func() any { return nil }, nil, "null", "null"},
		"nil within":        {func() []*int { return []*int{nil} }, []any{nil}, "[null]", "[null]"},
		"nil map within":    {func() any { return []any{map[string]any(nil)} }, []any{map[string]any{}}, "[{}]", "[{}]"},
		"address":           {func() netip.Addr { return netip.MustParseAddr("::1") }, "::1", `"::1"`, "::1"},
		"addresses":         {func() []netip.Addr { return []netip.Addr{netip.MustParseAddr("::1")} }, []any{"::1"}, `["::1"]`, `["::1"]`},
		"large number":      {func() *big.Int { return big.NewInt(5) }, "5", `"5"`, "5"},
		"its own value":     {func() big.Int { return *big.NewInt(5) }, "5", `"5"`, "5"},
		"nil large number":  {func() *big.Int { return nil }, nil, "null", "null"},
		"nil that writes":   {func() []textWriter { return []textWriter{nil} }, []any{nil}, "[null]", "[null]"},
		"no text":           {func() sour { return sour{} }, nil, "", ""},
		"any int":           {func() any { return 5 }, int64(5), "5", "5"},
		"void":              {func() {}, nil, "null", "*"},
		"void, no error":    {func() error { return nil }, nil, "null", "*"},
		"and no error":      {func() (string, error) { return "x", nil }, "x", `"x"`, "x"},
		"cyclic":            {func() *loop { return cyclic }, nil, "", ""},
		"cyclic list":       {func() any { return cyclicList }, nil, "", ""},
		"cyclic map":        {func() any { return cyclicMap }, nil, "", ""},
		"channel":           {func() any { return make(chan int) }, nil, "", ""},
		"function":          {func() any { return func() {} }, nil, "", ""},
		"channel within":    {func() any { return []any{struct{ C chan int }{}} }, nil, "", ""},
		"complex":           {func() any { return 1i }, nil, "", ""},
		"map by number":     {func() any { return map[int]int{} }, nil, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := serving(one("s", "f", c.f))
			v, f := w.xml(t, "/rpc", "s.f")
			said := w.call(t, "s.f", "[]")
			code, text := w.get(t, "/rpc/s/f/plain")
			w.quiet(t)
			if c.json == "" {
				require.NotNil(t, f, "%v", v)
				require.EqualValues(t, 52, f.code)
				require.Contains(t, said, `"code":-32603`)
				require.Equal(t, 500, code)
				require.Contains(t, text, "rpc -- Response cannot be encoded")
				return
			}
			require.Nil(t, f)
			require.Equal(t, c.xml, v)
			require.JSONEq(t, `{"jsonrpc":"2.0","id":1,"result":`+c.json+`}`, said)
			require.Equal(t, 200, code, text)
			if c.text != "*" { // which is said of each dialect
				require.Equal(t, c.text, text)
			}
		})
	}
}

func TestResultsThatXMLAloneCannotHave(t *testing.T) {
	for name, f := range map[string]any{
		"NUL":       func() string { return "a\x00" },
		"no UTF-8":  func() string { return "a\xff" },
		"member":    func() any { return map[string]int{"\x00": 1} },
		"very deep": func() any { return nest(100) },
	} {
		t.Run(name, func(t *testing.T) {
			w := serving(one("s", "f", f))
			_, fault := w.xml(t, "/rpc", "s.f")
			require.NotNil(t, fault)
			require.EqualValues(t, 52, fault.code)
			require.NotContains(t, w.call(t, "s.f", "[]"), "error")
		})
	}
	g := gateway(one("s", "f", func() int { return 1 << 40 }), one("n", "f", func() any { return nil }))
	g.I8, g.Nil = false, false
	w := around(g)
	for _, method := range []string{"s.f", "n.f"} {
		_, f := w.xml(t, "/rpc", method)
		require.NotNil(t, f)
		require.EqualValues(t, 52, f.code)
	}
}

func nest(depth int) any {
	v := any(1)
	for range depth {
		v = []any{v}
	}
	return v
}

// What there is in place of void and nil.
func TestNothing(t *testing.T) {
	s := one("s", "void", func() {})
	s.Export("nil", func() any { return nil })
	s.Export("within", func() any { return map[string]any{"a": []any{nil, 1}} })
	for _, c := range []struct {
		name          string
		d             rpc.Dialect
		hasNil        bool
		void, null    any
		within        any
		plain, inJSON string
	}{
		{"OSE", rpc.OSE, false, "", xmlFault{}, xmlFault{}, "null", "null"},
		{"OSE with nil", rpc.OSE, true, nil, nil, map[string]any{"a": []any{nil, int64(1)}}, "null", "null"},
		{"AstroGrid", rpc.AstroGrid, false, "OK", "NULL", map[string]any{"a": []any{"NULL", int64(1)}}, "null", "null"},
		{"AstroGrid with nil", rpc.AstroGrid, true, "OK", "NULL", map[string]any{"a": []any{"NULL", int64(1)}}, "null", "null"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := gateway(s)
			g.Dialect, g.Nil = c.d, c.hasNil
			w := around(g)
			for method, want := range map[string]any{"s.void": c.void, "s.nil": c.null, "s.within": c.within} {
				v, f := w.xml(t, "/rpc", method)
				if want == (xmlFault{}) {
					require.NotNil(t, f)
					require.EqualValues(t, 52, f.code, method)
					continue
				}
				require.Nil(t, f, method)
				require.Equal(t, want, v, method)
			}
			_, text := w.get(t, "/rpc/s/nil/plain")
			require.Equal(t, c.plain, text)
			require.Contains(t, w.call(t, "s.nil", "[]"), `"result":`+c.inJSON)
			require.Contains(t, w.call(t, "s.void", "[]"), `"result":`+c.inJSON)
			if c.d == rpc.AstroGrid {
				_, text = w.get(t, "/rpc/s/void/plain")
				require.Equal(t, "OK", text)
			}
		})
	}
}

// What comes back is what was sent, whichever way it went.
func TestEcho(t *testing.T) {
	w := serving(one("s", "f", func(v string) string { return v }, "v"))
	for _, text := range []string{"", " a ", "a\r\nb\tc", "<b>&amp;]]></b>", `"quoted" \ `, "Grüße 世界 🧵", "\ufeff", "a+b%20&c=d", strings.Repeat("x", 100000)} {
		escaped := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#13;").Replace(text)
		v, f := w.xml(t, "/rpc", "s.f", "<string>"+escaped+"</string>")
		require.Nil(t, f)
		require.Equal(t, text, v)
		code, said := w.form(t, "/rpc/s/f/plain", "v="+url.QueryEscape(text))
		require.Equal(t, 200, code)
		require.Equal(t, text, said)
	}
}
