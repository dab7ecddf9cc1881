package site_test

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/site"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

const quoted = `"((?:[ !#-\[\]-~]|\\["\\]|\\x[0-9a-f]{2})*)"`

var combined = regexp.MustCompile(`^(\S+) - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] ` +
	quoted + ` (\d{3}) (-|[1-9]\d*) ` + quoted + ` ` + quoted + `\n$`)

// stamp is the part of a line that differs from run to run.
var stamp = regexp.MustCompile(`\[[^\]]*\]`)

func TestAccessLogLines(t *testing.T) {
	root := branch(map[string]resource.Resource{
		"a": resource.Func(func(req *resource.Request) { _, _ = req.WriteString("12345") }),
		"stream": resource.GET(func(req *resource.Request) {
			req.SetBodyStreamWriter(func(w *bufio.Writer) { _, _ = w.WriteString("12345") })
		}),
		"sized":   resource.GET(func(req *resource.Request) { req.SetBodyStream(strings.NewReader("12345"), 5) }),
		"error":   resource.GET(func(req *resource.Request) { req.Error("12345", 418) }),
		"none":    resource.Status(204),
		"same":    resource.Status(304),
		"timeout": resource.GET(func(req *resource.Request) { req.TimeoutError("12345") }),
	})
	one := "HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
	for name, test := range map[string]struct{ text, want string }{
		"plain":        {"GET /a?b=c " + one + "\r\n", `"GET /a?b=c HTTP/1.1" 200 5 "-" "-"`},
		"1.0":          {"GET /a HTTP/1.0\r\n\r\n", `"GET /a HTTP/1.0" 200 5 "-" "-"`},
		"fields":       {"GET /a " + one + "Referer: http://r/\r\nUser-Agent: ua 1\r\n\r\n", `"GET /a HTTP/1.1" 200 5 "http://r/" "ua 1"`},
		"quotes":       {"GET /a?\"\\ " + one + "User-Agent: a\" \"\\\r\n\r\n", `"GET /a?\"\\ HTTP/1.1" 200 5 "-" "a\" \"\\"`},
		"non-ASCII":    {"GET /a?\xc3\xa9 " + one + "Referer: \xff\t\x80\r\n\r\n", `"GET /a?\xc3\xa9 HTTP/1.1" 200 5 "\xff\x09\x80" "-"`},
		"HEAD":         {"HEAD /a " + one + "\r\n", `"HEAD /a HTTP/1.1" 200 - "-" "-"`},
		"HEAD error":   {"HEAD /error " + one + "\r\n", `"HEAD /error HTTP/1.1" 418 - "-" "-"`},
		"HEAD 9.9":     {"HEAD /a HTTP/9.9\r\nHost: a\r\n\r\n", `"HEAD /a HTTP/9.9" 505 - "-" "-"`},
		"HEAD timeout": {"HEAD /timeout " + one + "\r\n", `"HEAD /timeout HTTP/1.1" 408 - "-" "-"`},
		"timeout":      {"GET /timeout " + one + "\r\n", `"GET /timeout HTTP/1.1" 408 5 "-" "-"`},
		"204":          {"GET /none " + one + "\r\n", `"GET /none HTTP/1.1" 204 - "-" "-"`},
		"304":          {"GET /same " + one + "\r\n", `"GET /same HTTP/1.1" 304 - "-" "-"`},
		"stream":       {"GET /stream " + one + "\r\n", `"GET /stream HTTP/1.1" 200 - "-" "-"`},
		"sized":        {"GET /sized " + one + "\r\n", `"GET /sized HTTP/1.1" 200 5 "-" "-"`},
		"404":          {"GET /x " + one + "\r\n", `"GET /x HTTP/1.1" 404 14 "-" "-"`},
		"9.9":          {"GET /a HTTP/9.9\r\nHost: a\r\n\r\n", `"GET /a HTTP/9.9" 505 31 "-" "-"`},
		"unreadable":   {"GET /a\"\r\nReferer: x\r\n\r\n", `"-" 400 16 "-" "-"`},
		"control":      {"GET /\x01 " + one + "\r\n", `"-" 400 16 "-" "-"`},
		"method":       {"F!O /a " + one + "\r\n", `"F!O /a HTTP/1.1" 200 5 "-" "-"`},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, access := newSite(root)
			serve(t, s).raw(t, test.text)
			all := access.all()
			require.Len(t, all, 1)
			require.Regexp(t, combined, all[0])
			require.Equal(t, "- - - [] "+test.want+"\n", stamp.ReplaceAllString(all[0], "[]"))
		})
	}
}

// Whatever is in a request, its line stays one and in its quotes.
func FuzzAccessLog(f *testing.F) {
	f.Add("GET", "/a", "r", "u", "HTTP/1.1")
	f.Add("G\"ET", "/\n\"\\\x00é\xff", "\r\n", "\x7f\\", "HTTP/\n")
	f.Fuzz(func(t *testing.T, method, uri, referer, agent, proto string) {
		s, _, access := newSite(say("x"))
		ctx := new(fasthttp.RequestCtx)
		ctx.Init(new(fasthttp.Request), nil, nil)
		h := &ctx.Request.Header
		h.SetMethod(method)
		h.SetRequestURI(uri)
		h.SetReferer(referer)
		h.SetUserAgent(agent)
		h.SetProtocol(proto)
		s.Handler(ctx)
		all := access.all()
		require.Len(t, all, 1)
		require.Equal(t, 1, strings.Count(all[0], "\n"))
		require.Regexp(t, combined, all[0])
	})
}

type badWriter struct{ fail bool }

func (w badWriter) Write([]byte) (int, error) {
	if w.fail {
		return 0, errors.New("disk full")
	}
	panic("the writer is broken")
}

func TestAccessLogThatFails(t *testing.T) {
	for _, fail := range []bool{true, false} {
		s, log, _ := newSite(say("x"))
		s.AccessLog = badWriter{fail}
		h := serve(t, s)
		for range 3 {
			require.Equal(t, "x", h.ask(t, get("/")).body)
			require.Contains(t, h.raw(t, "garbage\r\n\r\n"), "HTTP/1.1 400 ")
		}
		if !fail {
			require.GreaterOrEqual(t, len(log.all()), 6)
		}
	}
}

// Whoever reads a log could act as the visitor.
func TestNoUidInAnyLog(t *testing.T) {
	root := branch(map[string]resource.Resource{
		"s": noter(), "p": resource.Func(func(req *resource.Request) { req.GetSession(); panic("x") }),
	})
	const mark = "COOKIE"
	c := mark
	line := "Cookie: " + c + "\r\n"
	for name, text := range map[string]string{
		"ok":            "GET /s HTTP/1.0\r\n" + line + "\r\n",
		"panic":         "GET /p HTTP/1.0\r\n" + line + "\r\n",
		"no version":    "GET /s\r\n" + line + "\r\n",
		"HTTP/x":        "GET /s HTTP/x\r\n" + line + "\r\n",
		"bad value":     "GET /s HTTP/1.1\r\nHost: a\r\nCookie: " + c + "; a=\x01\r\n\r\n",
		"bad key":       "GET /s HTTP/1.1\r\nHost: a\r\nCookie : " + c + "\r\n\r\n",
		"no colon":      "GET /s HTTP/1.1\r\nHost: a\r\nCookie " + c + "\r\n\r\n",
		"no host":       "GET /s HTTP/1.1\r\n" + line + "\r\n",
		"bad target":    "GET s HTTP/1.1\r\nHost: a\r\n" + line + "\r\n",
		"huge":          "GET /s HTTP/1.1\r\nHost: a\r\n" + line + "X: " + strings.Repeat("a", 17<<10) + "\r\n\r\n",
		"bad length":    "POST /s HTTP/1.1\r\nHost: a\r\n" + line + "Content-Length: x\r\n\r\n",
		"two encodings": "POST /s HTTP/1.1\r\nHost: a\r\n" + line + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s, log, access := newSite(root)
			h := serve(t, s)
			c := cookieOf(t, h.ask(t, get("/s", "Connection: close")))
			answer := h.raw(t, strings.ReplaceAll(text, mark, c))
			require.NoError(t, s.Shutdown(t.Context())) // all that the server says is said
			require.NotContains(t, answer, c[4:])
			for _, l := range append(log.all(), access.all()...) {
				require.NotContains(t, l, c[4:])
			}
		})
	}
}

// A panic is one entry, and the end of its connection is not another.
func TestPanicOfAStreamIsOneEntry(t *testing.T) {
	s, log, _ := newSite(resource.GET(func(req *resource.Request) {
		req.SetBodyStreamWriter(func(w *bufio.Writer) { _, _ = w.WriteString("x"); panic("stream") })
	}))
	h := serve(t, s)
	c, br := h.dial(t)
	_, _ = io.WriteString(c, get("/"))
	_, _ = io.ReadAll(br)
	require.NoError(t, s.Shutdown(t.Context())) // all that the server says is said
	require.Len(t, log.all(), 1)
}

func TestLoggerThatPanicsEndsNothing(t *testing.T) {
	s := site.New(branch(map[string]resource.Resource{"p": resource.Func(func(*resource.Request) { panic("x") }), "ok": say("ok")}))
	s.Log = slog.New(slog.NewTextHandler(badWriter{}, nil))
	h := serve(t, s)
	require.Equal(t, 500, h.ask(t, get("/p")).StatusCode)
	require.Contains(t, h.raw(t, "garbage\r\n\r\n"), " 400 ")
	require.Equal(t, "ok", h.ask(t, get("/ok")).body)
	require.NoError(t, s.Shutdown(t.Context()))
}
