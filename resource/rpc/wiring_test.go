package rpc_test

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/stretchr/testify/require"
)

type server struct{ name string }

func (s *server) Hello(who string) string { return s.name + ": hello " + who }
func (s *server) Secret() string          { return "secret" }

func TestExportRefusesWhatIsWrong(t *testing.T) {
	var none func()
	for name, export := range map[string]func(s *rpc.Service){
		"nil":                        func(s *rpc.Service) { s.Export("f", nil) },
		"no function":                func(s *rpc.Service) { s.Export("f", 5) },
		"a nil function":             func(s *rpc.Service) { s.Export("f", none) },
		"no name":                    func(s *rpc.Service) { s.Export("", func() {}) },
		"a name with a dot":          func(s *rpc.Service) { s.Export("a.b", func() {}) },
		"a name with a slash":        func(s *rpc.Service) { s.Export("a/b", func() {}) },
		"a name with markup":         func(s *rpc.Service) { s.Export("<b>", func() {}) },
		"a name with an umlaut":      func(s *rpc.Service) { s.Export("ü", func() {}) },
		"a name with a space":        func(s *rpc.Service) { s.Export("a ", func() {}) },
		"twice":                      func(s *rpc.Service) { s.Export("f", func() {}); s.Export("f", func() {}) },
		"variadic":                   func(s *rpc.Service) { s.Export("f", func(...int) {}, "a") },
		"too few names":              func(s *rpc.Service) { s.Export("f", func(int) {}) },
		"too many names":             func(s *rpc.Service) { s.Export("f", func(int) {}, "a", "b") },
		"a name for the context":     func(s *rpc.Service) { s.Export("f", func(context.Context, int) {}, "ctx", "a") },
		"a context not first":        func(s *rpc.Service) { s.Export("f", func(int, context.Context) {}, "a", "ctx") },
		"a parameter without a name": func(s *rpc.Service) { s.Export("f", func(int) {}, "") },
		"a default without a name":   func(s *rpc.Service) { s.Export("f", func(int) {}, "=5") },
		"a parameter with a space":   func(s *rpc.Service) { s.Export("f", func(int) {}, "a b") },
		"two parameters of one name": func(s *rpc.Service) { s.Export("f", func(a, b int) {}, "a", "a") },
		"a wrong default":            func(s *rpc.Service) { s.Export("f", func(int) {}, "a=x") },
		"a default out of range":     func(s *rpc.Service) { s.Export("f", func(int8) {}, "a=200") },
		"a default that is no JSON":  func(s *rpc.Service) { s.Export("f", func([]int) {}, "a=[1]]") },
		"a default before none":      func(s *rpc.Service) { s.Export("f", func(a, b int) {}, "a=1", "b") },
		"a channel":                  func(s *rpc.Service) { s.Export("f", func(chan int) {}, "a") },
		"a function as parameter":    func(s *rpc.Service) { s.Export("f", func(func()) {}, "a") },
		"complex":                    func(s *rpc.Service) { s.Export("f", func(complex128) {}, "a") },
		"a channel far inside":       func(s *rpc.Service) { s.Export("f", func([]map[string]struct{ C *chan int }) {}, "a") },
		"a map by number":            func(s *rpc.Service) { s.Export("f", func(map[int]int) {}, "a") },
		"an interface that has more": func(s *rpc.Service) { s.Export("f", func(io.Reader) {}, "a") },
		"an error as parameter":      func(s *rpc.Service) { s.Export("f", func(error) {}, "a") },
		"an interface far inside":    func(s *rpc.Service) { s.Export("f", func([]struct{ R fmt.Stringer }) {}, "a") },
		"a channel as result":        func(s *rpc.Service) { s.Export("f", func() chan int { return nil }) },
		"a function as result":       func(s *rpc.Service) { s.Export("f", func() func() { return nil }) },
		"a channel and an error":     func(s *rpc.Service) { s.Export("f", func() (<-chan int, error) { return nil, nil }) },
		"two results":                func(s *rpc.Service) { s.Export("f", func() (int, int) { return 0, 0 }) },
		"an embedded struct":         func(s *rpc.Service) { s.Export("f", func(struct{ point }) {}, "a") },
		"an embedded pointer":        func(s *rpc.Service) { s.Export("f", func() (v struct{ *point }) { return v }) },
		"an error of its own kind":   func(s *rpc.Service) { s.Export("f", func() *rpc.Fault { return nil }) },
		"a result and such an error": func(s *rpc.Service) { s.Export("f", func() (int, *rpc.Fault) { return 0, nil }) },
		"two results and an error":   func(s *rpc.Service) { s.Export("f", func() (int, int, error) { return 0, 0, nil }) },
	} {
		t.Run(name, func(t *testing.T) {
			require.Panics(t, func() { export(&rpc.Service{Name: "s"}) })
		})
	}
	require.PanicsWithValue(t, `rpc: exporting s.f: it has 1 parameters, and 0 names are given`, func() {
		one("s", "f", func(int) {})
	})
}

func TestExportTakes(t *testing.T) {
	srv := &server{"a"}
	for name, export := range map[string]func(s *rpc.Service){
		"a method":           func(s *rpc.Service) { s.Export("f", srv.Hello, "who") },
		"a context":          func(s *rpc.Service) { s.Export("f", func(context.Context) {}) },
		"an error":           func(s *rpc.Service) { s.Export("f", func() error { return nil }) },
		"what has itself":    func(s *rpc.Service) { s.Export("f", func(tree) *tree { return nil }, "a") },
		"any":                func(s *rpc.Service) { s.Export("f", func(any) any { return nil }, "a") },
		"a default with =":   func(s *rpc.Service) { s.Export("f", func(string) {}, "a=b=c") },
		"what reads text":    func(s *rpc.Service) { s.Export("f", func(colour) {}, "a") },
		"a name of numbers":  func(s *rpc.Service) { s.Export("5", func() {}) },
		"a hidden channel":   func(s *rpc.Service) { s.Export("f", func() struct{ c chan int } { return struct{ c chan int }{} }) },
		"named like a face":  func(s *rpc.Service) { s.Export("xmlrpc", func() {}) },
		"named plain":        func(s *rpc.Service) { s.Export("plain", func() {}) },
		"named like another": func(s *rpc.Service) { s.Export("F", func() {}); s.Export("f", func() {}) },
	} {
		t.Run(name, func(t *testing.T) {
			require.NotPanics(t, func() { export(&rpc.Service{Name: "s"}) })
		})
	}
}

// Nothing can be called but what is exported, by the name that it is exported by.
func TestNothingElseCanBeCalled(t *testing.T) {
	srv := &server{"a"}
	w := serving(one("s", "hello", srv.Hello, "who"))
	v, f := w.xml(t, "/rpc", "s.hello", "you")
	require.Nil(t, f)
	require.Equal(t, "a: hello you", v)
	for _, method := range []string{
		"s.Hello", "s.Secret", "s.HELLO", "hello", "Hello", "s", "s.", ".hello", "s..hello", "s.hello.", "s/hello", "S.hello", "s.s.hello",
		"s.system", "s.system.listMethods", "system", "system.", "system.system.listMethods", "s.String", "s.Export", "rpc.s.hello", "*", "s.*",
	} {
		t.Run(method, func(t *testing.T) {
			_, f := w.xml(t, "/rpc", method, "you")
			require.NotNil(t, f)
			require.EqualValues(t, 55, f.code)
			require.Contains(t, w.call(t, method, `["you"]`), `"code":-32601`)
		})
	}
}

func TestNamesOfServices(t *testing.T) {
	for _, name := range []string{"", ".", "a.", ".a", "a..b", "a/b", "a b", "ü", "<b>", "system", "system.a", "xmlrpc", "RPC2", "jsonrpc", "xmlrpc.a", "a-b", "a%2e"} {
		t.Run(name, func(t *testing.T) {
			require.Panics(t, func() { new(rpc.Registry).Add(one(name, "f", func() {})) })
		})
	}
	for _, name := range []string{"a", "a.b.c", "System", "rpc2", "a.system", "a.xmlrpc", "0", "_"} {
		t.Run(name, func(t *testing.T) {
			w := serving(one(name, "f", func() string { return "x" }))
			v, f := w.xml(t, "/rpc", name+".f")
			require.Nil(t, f)
			require.Equal(t, "x", v)
		})
	}
}
