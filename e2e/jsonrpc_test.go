package e2e_test

import (
	"encoding/json"
	"syscall"
	"testing"

	"github.com/creachadair/jrpc2"
	"github.com/creachadair/jrpc2/jhttp"
	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/stretchr/testify/require"
)

// A jsonClient speaks JSON-RPC.
type jsonClient struct {
	t *testing.T
	*jrpc2.Client
}

func newJSONClient(t *testing.T, url string) jsonClient {
	t.Helper()
	c := jrpc2.NewClient(jhttp.NewChannel(url, nil), nil)
	t.Cleanup(func() { c.Close() })
	return jsonClient{t, c}
}

// call returns the result of a call, as JSON.
func (c jsonClient) call(method string, params any) string {
	c.t.Helper()
	r, err := c.Call(c.t.Context(), method, params)
	require.NoError(c.t, err)
	return r.ResultString()
}

// text returns that of one whose result is a string.
func (c jsonClient) text(method string, params any) (text string) {
	c.t.Helper()
	require.NoError(c.t, c.CallResult(c.t.Context(), method, params, &text))
	return text
}

// fails returns the error of a call that must have one.
func (c jsonClient) fails(method string, params any) *jrpc2.Error {
	c.t.Helper()
	_, err := c.Call(c.t.Context(), method, params)
	var e *jrpc2.Error
	require.ErrorAs(c.t, err, &e)
	return e
}

type (
	list  = []any
	named = map[string]any
)

func TestJSONRPC(t *testing.T) {
	t.Parallel()
	for name, dialect := range map[string]rpc.Dialect{"OSE": rpc.OSE, "AstroGrid": rpc.AstroGrid} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := serveEcho(t, rpc.Gateway{Dialect: dialect}, nil)
			for _, at := range []string{"", "jsonrpc"} {
				c := newJSONClient(t, e.url+at)
				for _, text := range []string{
					`null`, `true`, `0`, `-9223372036854775808`, `9223372036854775807`, `1.5`, `""`, `"a\r\n\u0000<ü🧵"`,
					`[]`, `[[null]]`, `{}`, `{"":{"a":[1,{}]}}`,
				} {
					require.JSONEq(t, text, c.call("echo.echo", list{json.RawMessage(text)}))
					require.JSONEq(t, text, c.call("echo.echo", named{"value": json.RawMessage(text)}))
				}
				require.Equal(t, "5", c.call("echo.sum", list{2, 3}))
				require.Equal(t, "5", c.call("echo.sum", named{"b": 3, "a": 2}))
				require.Equal(t, "3", c.call("echo.sum", named{"a": 2}))
				require.Equal(t, "null", c.call("echo.nothing", nil))
				require.Equal(t, "null", c.call("echo.none", list{}))
			}
			require.Equal(t, "3", newJSONClient(t, e.url+"echo").call("sum", list{2}), "at the service itself")
		})
	}
}

func TestErrorsOfJSONRPC(t *testing.T) {
	t.Parallel()
	e := serveEcho(t, rpc.Gateway{}, nil)
	c := newJSONClient(t, e.url)
	for name, want := range map[string]struct {
		method  string
		params  any
		code    jrpc2.Code
		message string
		data    string
	}{
		"no such function": {"echo.missing", nil, jrpc2.MethodNotFound, "No such method",
			`{"name": "NotFoundException", "origin": "rpc", "details": "There is no \"echo.missing\"."}`},
		"too few parameters": {"echo.sum", nil, jrpc2.InvalidParams, "Invalid parameters",
			`{"name": "InvalidArgumentException", "origin": "rpc", "details": "Expected 1 to 2 arguments, received 0."}`},
		"another type": {"echo.sum", list{"1"}, jrpc2.InvalidParams, "Invalid parameters",
			`{"name": "InvalidArgumentException", "origin": "rpc", "details": "Parameter 1 (a): expected int, received string."}`},
		"an unknown name": {"echo.sum", named{"a": 1, "c": 1}, jrpc2.InvalidParams, "Invalid parameters",
			`{"name": "InvalidArgumentException", "origin": "rpc", "details": "There is a parameter \"c\", which is not known."}`},
		"a missing name": {"echo.sum", named{"b": 1}, jrpc2.InvalidParams, "Invalid parameters",
			`{"name": "InvalidArgumentException", "origin": "rpc", "details": "There is no parameter \"a\"."}`},
		"an error":            {"echo.fail", nil, -32000, "out of <order>", `{"name": "ServiceException", "origin": "echo"}`},
		"a number of its own": {"echo.abort", nil, 7, "Not today", `{"name": "ServiceException", "origin": "depot", "details": "Come back\ntomorrow."}`},
		"a panic": {"echo.panic", nil, jrpc2.InternalError, "Application error",
			`{"name": "ServiceException", "origin": "rpc", "details": "The function failed."}`},
	} {
		err := c.fails(want.method, want.params)
		require.Equal(t, want.code, err.Code, name)
		require.Equal(t, want.message, err.Message, name)
		require.JSONEq(t, want.data, string(err.Data), name)
	}
}

func TestBatchesAndNotificationsOfJSONRPC(t *testing.T) {
	t.Parallel()
	e := serveEcho(t, rpc.Gateway{}, nil)
	c := newJSONClient(t, e.url)

	require.NoError(t, c.Notify(t.Context(), "echo.notice", list{"one,"}))
	eventually(t, "the notification is there", func() bool { return e.noticed.String() == "one," })
	require.NoError(t, c.Notify(t.Context(), "echo.missing", nil), "nobody is told")

	answers, err := c.Batch(t.Context(), []jrpc2.Spec{
		{Method: "echo.sum", Params: list{1, 2}},
		{Method: "echo.notice", Params: named{"text": "two"}, Notify: true},
		{Method: "echo.missing"},
		{Method: "echo.abort"},
		{Method: "echo.echo", Params: list{"last"}},
	})
	require.NoError(t, err)
	require.Len(t, answers, 4, "to all but the notification")
	require.Equal(t, "3", answers[0].ResultString())
	require.Equal(t, jrpc2.MethodNotFound, answers[1].Error().Code)
	require.Equal(t, jrpc2.Code(7), answers[2].Error().Code)
	require.Equal(t, `"last"`, answers[3].ResultString())
	require.Equal(t, "one,two", e.noticed.String())
}

func TestJSONRPCWithTheRuntime(t *testing.T) {
	t.Parallel()
	p := startRuntime(t)
	all := newJSONClient(t, p.url(0))
	id := all.text("builtin.sessionManager.createNewSession", named{"inactivityTimeout": 10})
	mine := newJSONClient(t, all.text("builtin.sessionManager.findHttpSession", list{id}))
	answers, err := mine.Batch(t.Context(), []jrpc2.Spec{
		{Method: "astrogrid.community.login", Params: named{"username": "username", "password": "password", "community": "community"}},
		{Method: "astrogrid.community.isLoggedIn"},
		{Method: "builtin.configuration.setKey", Params: list{"a", "b"}, Notify: true},
		{Method: "builtin.configuration.getKey", Params: list{"a"}},
	})
	require.NoError(t, err)
	var got []string
	for _, a := range answers {
		got = append(got, a.ResultString())
	}
	require.Equal(t, []string{`null`, `true`, `"b"`}, got)
	require.Equal(t, "false", all.call("astrogrid.community.isLoggedIn", nil))
	require.Equal(t, `["a"]`, all.call("builtin.configuration.listKeys", nil))
	require.Equal(t, "null", all.call("builtin.configuration.getKey", list{"c"}))
	e := all.fails("builtin.sessionManager.findHttpSession", list{"nobody"})
	require.Equal(t, jrpc2.Code(-32000), e.Code)
	require.JSONEq(t, `{"name": "InvalidArgumentException", "origin": "sessionManager"}`, string(e.Data))
	require.Equal(t, "null", all.call("builtin.sessionManager.dispose", list{id}))
	require.Equal(t, "false", all.call("builtin.sessionManager.exists", list{id}))
	p.end(syscall.SIGTERM)
	p.showsNone(id)
}
