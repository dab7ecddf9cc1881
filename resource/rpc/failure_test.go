package rpc_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/spindleweb/spindle/session"
	"github.com/stretchr/testify/require"
)

// rude is an error, and a value, whose methods panic.
type rude struct{}

func (rude) Error() string  { panic("rude") }
func (rude) String() string { panic("rude") }

func abort() { rpc.Abort(4711, "no cursor", "database", "select *\nfrom x") }

func TestFailures(t *testing.T) {
	fault := &rpc.Fault{Code: 8, Name: "NotFoundException", Origin: "cellar", Description: "it is gone"}
	var none *rpc.Fault
	const failed = "rpc -- Application error\n\nThe function failed."
	for name, c := range map[string]struct {
		f         func(string) error
		code      int64
		text      string
		astroGrid string
		json      int // 0 is any
		logged    bool
	}{
		"error":                      {func(string) error { return errors.New("broken <b>") }, 57, "s -- broken <b>", "ServiceException: broken <b>", 0, false},
		"empty error":                {func(string) error { return errors.New("") }, 57, "s -- ", "ServiceException: ", 0, false},
		"fault":                      {func(string) error { return fault }, 8, "cellar -- it is gone", "NotFoundException: it is gone", 8, false},
		"wrapped fault":              {func(string) error { return fmt.Errorf("a: %w", fmt.Errorf("b: %w", fault)) }, 8, "cellar -- it is gone", "NotFoundException: it is gone", 8, false},
		"joined fault":               {func(string) error { return errors.Join(errors.New("x"), fault) }, 8, "cellar -- it is gone", "NotFoundException: it is gone", 8, false},
		"abort":                      {func(string) error { abort(); return nil }, 4711, "database -- no cursor\n\nselect *\nfrom x", "ServiceException: no cursor\n\nselect *\nfrom x", 4711, false},
		"abort in a deferred call":   {func(string) error { defer abort(); panic("secret") }, 4711, "database -- no cursor\n\nselect *\nfrom x", "ServiceException: no cursor\n\nselect *\nfrom x", 4711, false},
		"panic with a wrapped fault": {func(string) error { panic(fmt.Errorf("a: %w", fault)) }, 57, failed, "ServiceException: Application error\n\nThe function failed.", -32603, true},
		"fault without an origin":    {func(string) error { return &rpc.Fault{Code: 1, Description: "d"} }, 1, "d", "ServiceException: d", 1, false},
		"code 0":                     {func(string) error { return &rpc.Fault{Description: "d"} }, 57, "d", "ServiceException: d", -32000, false},
		"panic with text":            {func(string) error { panic("secret") }, 57, failed, "ServiceException: Application error\n\nThe function failed.", -32603, true},
		"panic with an error":        {func(string) error { panic(errors.New("secret")) }, 57, failed, "ServiceException: Application error\n\nThe function failed.", -32603, true},
		"panic with nil":             {func(string) error { panic(any(nil)) }, 57, failed, "ServiceException: Application error\n\nThe function failed.", -32603, true},
		"panic with what panics":     {func(string) error { panic(rude{}) }, 57, failed, "ServiceException: Application error\n\nThe function failed.", -32603, true},
		"error that panics":          {func(string) error { return rude{} }, 57, failed, "ServiceException: Application error\n\nThe function failed.", -32603, true},
		"nil pointer":                {func(string) error { return errors.New((*server)(nil).name) }, 57, failed, "ServiceException: Application error\n\nThe function failed.", -32603, true},
		"out of range":               {func(v string) error { return errors.New(v[1000:]) }, 57, failed, "ServiceException: Application error\n\nThe function failed.", -32603, true},
		"fault that is nil":          {func(string) error { return none }, 57, "", "", 0, false},
		"panic with a nil fault":     {func(string) error { panic(none) }, 57, "", "", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, dialect := range []rpc.Dialect{rpc.OSE, rpc.AstroGrid} {
				for _, inSession := range []bool{false, true} {
					g := gateway(one("s", "f", c.f, "v"))
					g.Dialect = dialect
					if inSession {
						g.Session = open(t)
					}
					w := around(g)
					_, f := w.xml(t, "/rpc", "s.f", "the parameter")
					said := w.call(t, "s.f", `["the parameter"]`)
					code, plain := w.get(t, "/rpc/s/f/plain?v=the+parameter")
					htmlCode, page := w.get(t, "/rpc/s/f/html?v=the+parameter")
					require.NotNil(t, f)
					require.Contains(t, said, `"error"`)
					require.GreaterOrEqual(t, code, 400)
					require.Equal(t, code, htmlCode)
					for _, text := range []string{f.text, said, plain, page} {
						require.NotContains(t, text, "goroutine")
						require.NotContains(t, text, ".go:")
						require.NotContains(t, text, "secret")
						require.NotContains(t, text, "runtime error")
					}
					if c.text == "" {
						continue
					}
					if dialect == rpc.AstroGrid {
						require.Equal(t, &xmlFault{0, c.astroGrid}, f)
						require.Equal(t, c.astroGrid, plain)
					} else {
						require.Equal(t, &xmlFault{c.code, c.text}, f)
						require.Equal(t, c.text, plain)
					}
					if c.json != 0 {
						require.Contains(t, said, fmt.Sprintf(`"code":%d,`, c.json))
					}
					if !c.logged {
						w.quiet(t)
						continue
					}
					require.Len(t, w.log.heard(), 4, "one each")
					for _, entry := range w.log.heard() {
						require.Contains(t, entry, "service=s")
						require.Contains(t, entry, "method=f")
						require.Contains(t, entry, "goroutine")
						require.NotContains(t, entry, "the parameter")
					}
				}
			}
		})
	}
}

func open(t testing.TB) *session.Session {
	t.Helper()
	s, err := new(session.Manager).Create(nil)
	require.NoError(t, err)
	return s
}

func TestABrokenLogHarmsNobody(t *testing.T) {
	w := serving(one("s", "f", func() { panic("x") }))
	w.log.bad = true
	_, f := w.xml(t, "/rpc", "s.f")
	require.EqualValues(t, 57, f.code)
	code, _ := w.get(t, "/rpc/s/f/plain")
	require.Equal(t, 500, code)
}

// A Fault is an error whose text is that of OSE.
func TestTextOfAFault(t *testing.T) {
	for want, f := range map[string]rpc.Fault{
		"":                {},
		"d":               {Description: "d"},
		"o -- d":          {Origin: "o", Description: "d"},
		"o -- d\n\nmore":  {Origin: "o", Description: "d", Details: "more", Name: "N", Code: 5},
		"d\n\nmore\nmore": {Description: "d", Details: "more\nmore"},
	} {
		require.EqualError(t, &f, want)
	}
	require.PanicsWithError(t, "o -- d\n\nx", func() { rpc.Abort(1, "d", "o", "x") })
}

func TestFaultsThatXMLCannotHave(t *testing.T) {
	w := serving(one("s", "f", func(v string) error { return &rpc.Fault{Code: 1 << 40, Description: "\x00\xff" + v} }, "v"))
	_, f := w.xml(t, "/rpc", "s.f", "a")
	require.NotNil(t, f)
	require.EqualValues(t, 1<<31-1, f.code)
	require.True(t, strings.HasSuffix(f.text, "a"))
	require.Contains(t, w.call(t, "s.f", `["a"]`), `"error"`)
}

// Where there is no room for a session now, programs are told to come again.
func TestNoRoom(t *testing.T) {
	for _, err := range []error{session.ErrFull, session.ErrClosed, session.ErrStore} {
		w := serving(one("s", "f", func() error { return fmt.Errorf("cursors: %w", err) }))
		r := w.ask(t, "GET", "/rpc/s/f/plain", "")
		require.Equal(t, 503, r.StatusCode())
		require.NotEmpty(t, r.Header.Peek("Retry-After"))
		_, f := w.xml(t, "/rpc", "s.f")
		require.Equal(t, &xmlFault{57, "s -- cursors: " + err.Error()}, f)
	}
}

// A call that ends its goroutine is answered all the same.
func TestGoexit(t *testing.T) {
	g := gateway(one("s", "f", func() { runtime.Goexit() }))
	g.Session = open(t)
	w := around(g)
	_, f := w.xml(t, "/rpc", "s.f")
	require.NotNil(t, f)
	require.EqualValues(t, 57, f.code)
	require.Contains(t, w.call(t, "s.f", "[]"), `"code":-32603`)
	code, _ := w.get(t, "/rpc/s/f/plain")
	require.Equal(t, 500, code)
	v, f := w.xml(t, "/rpc", "system.multicall", xmlArray(call("s.f"), call("system.methodHelp", "s.f")))
	require.Nil(t, f)
	require.Contains(t, v.([]any)[0], "faultCode")
	require.Equal(t, []any{""}, v.([]any)[1])
}
