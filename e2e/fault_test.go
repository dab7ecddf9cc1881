package e2e_test

import (
	"strings"
	"testing"

	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/stretchr/testify/require"
)

// faults are calls that fail, with what OSE's clients are told, and the name and
// text that AstroGrid's are told. A text may be the beginning of what is said.
var faults = map[string]struct {
	call      xmlrpcCall
	code      int
	ose       string
	astroGrid string
}{
	"52: a result that cannot be sent": {
		xmlrpcCall{"echo.unsendable", []any{}},
		52, "rpc -- Response cannot be encoded\n\n", "ServiceException: Response cannot be encoded\n\n",
	},
	"54: a request that cannot be read": {
		xmlrpcCall{"echo.echo", []any{nil}},
		54, "rpc -- Request cannot be decoded\n\n", "InvalidArgumentException: Request cannot be decoded\n\n",
	},
	"55: no such function": {
		xmlrpcCall{"echo.missing", []any{}},
		55, "rpc -- No such method\n\nThere is no \"echo.missing\".", "NotFoundException: No such method\n\nThere is no \"echo.missing\".",
	},
	"55: no such service": {
		xmlrpcCall{"missing.echo", []any{1}},
		55, "rpc -- No such method\n\nThere is no \"missing.echo\".", "NotFoundException: No such method\n\nThere is no \"missing.echo\".",
	},
	"56: too few parameters": {
		xmlrpcCall{"echo.sum", []any{}},
		56, "rpc -- Invalid parameters\n\nExpected 1 to 2 arguments, received 0.", "InvalidArgumentException: Invalid parameters\n\nExpected 1 to 2 arguments, received 0.",
	},
	"56: too many parameters": {
		xmlrpcCall{"echo.sum", []any{1, 2, 3}},
		56, "rpc -- Invalid parameters\n\nExpected 1 to 2 arguments, received 3.", "InvalidArgumentException: Invalid parameters\n\nExpected 1 to 2 arguments, received 3.",
	},
	"56: a parameter of another type": {
		xmlrpcCall{"echo.sum", []any{1, []any{}}},
		56, "rpc -- Invalid parameters\n\nParameter 2 (b): expected int, received array.", "InvalidArgumentException: Invalid parameters\n\nParameter 2 (b): expected int, received array.",
	},
	"57: an error": {
		xmlrpcCall{"echo.fail", []any{}},
		57, "echo -- out of <order>", "ServiceException: out of <order>",
	},
	"57: a panic": {
		xmlrpcCall{"echo.panic", []any{}},
		57, "rpc -- Application error\n\nThe function failed.", "ServiceException: Application error\n\nThe function failed.",
	},
	"a number of its own, by Abort": {
		xmlrpcCall{"echo.abort", []any{}},
		7, "depot -- Not today\n\nCome back\ntomorrow.", "ServiceException: Not today\n\nCome back\ntomorrow.",
	},
	"a Fault with a name": {
		xmlrpcCall{"echo.refuse", []any{}},
		8, "depot -- not you", "SecurityException: not you",
	},
}

func TestFaults(t *testing.T) {
	t.Parallel()
	clients := map[string][]string{"Python": pythonScript(t, "call.py"), "Perl": perlScript(t, "call.pl")}
	for dialect, name := range map[rpc.Dialect]string{rpc.OSE: "OSE", rpc.AstroGrid: "AstroGrid"} {
		for language, script := range clients {
			t.Run(name+" "+language, func(t *testing.T) {
				t.Parallel()
				e := serveEcho(t, rpc.Gateway{Dialect: dialect}, nil)
				var calls []xmlrpcCall
				var names []string
				for name, f := range faults {
					names = append(names, name)
					calls = append(calls, f.call)
				}
				for i, a := range xmlrpcCalls(t, script, e.url+"xmlrpc", calls) {
					f := faults[names[i]]
					code, text := f.code, f.ose
					if dialect == rpc.AstroGrid {
						code, text = 0, f.astroGrid
					}
					require.NotNil(t, a.Code, "%s: %v", names[i], a.Result)
					require.Equal(t, code, *a.Code, "%s: %s", names[i], a.Text)
					if strings.HasSuffix(text, "\n\n") {
						require.Greater(t, len(a.Text), len(text), names[i])
						a.Text = a.Text[:len(text)]
					}
					require.Equal(t, text, a.Text, names[i])
					require.NotContains(t, a.Text, "a secret")
					require.NotContains(t, a.Text, "goroutine")
				}
				require.Contains(t, e.log.String(), "a secret")
				require.Equal(t, 1, strings.Count(e.log.String(), "\n"), "%s", &e.log)
			})
		}
	}
}
