package site_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/stretchr/testify/require"
)

func TestBadInput(t *testing.T) {
	big := strings.Repeat("a", 1<<20+1)
	s, _, access := newSite(branch(map[string]resource.Resource{
		"x": resource.Func(func(req *resource.Request) { _, _ = req.WriteString("reached") }), "get": say("reached"),
	}))
	h := serve(t, s)
	tests := map[string]struct {
		text string
		code int
	}{
		"ok":                  {"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200},
		"HTTP/1.0":            {"GET /x HTTP/1.0\r\n\r\n", 200},
		"HTTP/9.9":            {"GET /x HTTP/9.9\r\nHost: a\r\n\r\n", 505},
		"HTTP/2.0":            {"GET /x HTTP/2.0\r\nHost: a\r\n\r\n", 505},
		"HTTP/1.2":            {"GET /x HTTP/1.2\r\nHost: a\r\n\r\n", 505},
		"HEAD HTTP/9.9":       {"HEAD /x HTTP/9.9\r\nHost: a\r\n\r\n", 505},
		"lower-case":          {"get /get HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 501},
		"no version":          {"GET /x\r\n\r\n", 400},
		"garbage":             {"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400},
		"words":               {"hello\r\n\r\n", 400},
		"bad header":          {"GET /x HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400},
		"space before colon":  {"GET /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n", 400},
		"two hosts":           {"GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
		"two lengths":         {"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
		"signed length":       {"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na", 400},
		"negative length":     {"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\na", 400},
		"bad escape":          {"GET /%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 400},
		"huge header":         {"GET /x HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("a", 17<<10) + "\r\n\r\n", 431},
		"huge path":           {"GET /" + strings.Repeat("a", 17<<10) + " HTTP/1.1\r\nHost: a\r\n\r\n", 431},
		"huge cookie":         {"GET /x HTTP/1.1\r\nHost: a\r\nCookie: sid=" + strings.Repeat("a", 17<<10) + "\r\n\r\n", 431},
		"huge body":           {"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n" + big, 413},
		"body at the limit":   {"POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1048576\r\n\r\n" + big[1:], 200},
		"huge chunked body":   {"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n100001\r\n" + big + "\r\n0\r\n\r\n", 413},
		"many chunks":         {"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1000\r\n"+big[:4096]+"\r\n", 257) + "0\r\n\r\n", 413},
		"bad chunk":           {"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
		"unknown encoding":    {"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
		"huge content length": {"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			before := len(access.all())
			answer := h.raw(t, test.text)
			require.True(t, strings.HasPrefix(answer, fmt.Sprintf("HTTP/1.1 %d ", test.code)), "%.200q", answer)
			require.Equal(t, 1, strings.Count(answer, "HTTP/1.1 "))
			require.Equal(t, test.code == 200, strings.Contains(answer, "reached"))
			require.NotContains(t, answer, "Server:")
			require.NotContains(t, answer, "Set-Cookie")
			if test.code != 200 {
				require.Contains(t, answer, "X-Content-Type-Options: nosniff\r\n")
				require.Contains(t, answer, "Content-Type: text/plain; charset=utf-8\r\n")
			}
			require.Len(t, access.all(), before+1, "one line for each request")
			require.Equal(t, "reached", h.ask(t, get("/x")).body)
		})
	}
}

// A request in the body of another must never be answered, however the length
// of the other is told.
func TestSmuggling(t *testing.T) {
	const inner = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
	reached := make(chan string, 100)
	s, _, access := newSite(resource.Func(func(req *resource.Request) { reached <- string(req.Path()) }))
	h := serve(t, s)
	length := fmt.Sprint(len(inner))
	heads := map[string]string{
		"both":               "Content-Length: " + length + "\r\nTransfer-Encoding: chunked\r\n",
		"both, reversed":     "Transfer-Encoding: chunked\r\nContent-Length: " + length + "\r\n",
		"any case":           "tRANSFER-eNCODING: CHUNKED\r\nCONTENT-length: " + length + "\r\n",
		"length 0":           "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
		"others between":     "Transfer-Encoding: chunked\r\nX-A: b\r\nContent-Length: 4\r\nX-B: c\r\n",
		"no space":           "Transfer-Encoding:chunked\r\nContent-Length:" + length + "\r\n",
		"tab":                "Transfer-Encoding:\tchunked\r\nContent-Length:\t" + length + "\r\n",
		"line feeds only":    "Transfer-Encoding: chunked\nContent-Length: " + length + "\n",
		"folded":             "Transfer-Encoding:\r\n chunked\r\nContent-Length: " + length + "\r\n",
		"identity":           "Transfer-Encoding: identity\r\n",
		"Identity":           "transfer-encoding: IDENTITY\r\n",
		"identity, length":   "Transfer-Encoding: identity\r\nContent-Length: " + length + "\r\n",
		"identity, length 0": "Transfer-Encoding: identity\r\nContent-Length: 0\r\n",
		"length 0, identity": "Content-Length: 0\r\nTransfer-Encoding: identity\r\n",
		"empty encoding":     "Transfer-Encoding: \r\n",
		"twice":              "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
		"list":               "Transfer-Encoding: chunked, identity\r\n",
		"space in the name":  "Transfer-Encoding : chunked\r\nContent-Length: 0\r\n",
	}
	for name, head := range heads {
		for _, method := range []string{"POST", "GET", "HEAD", "PUT", "OPTIONS", "FOO"} {
			if strings.EqualFold(name, "identity") && (method == "GET" || method == "HEAD") {
				continue // no length and no body for anyone: what follows is a request
			}
			t.Run(name+" "+method, func(t *testing.T) {
				before := len(access.all())
				body := inner
				if strings.Contains(strings.ToLower(head), "chunked") {
					body = "0\r\n\r\n" + inner
				}
				// The last one makes the server close where it took the first for good.
				answer := h.raw(t, method+" /outer HTTP/1.1\r\nHost: a\r\n"+head+"\r\n"+body+get("/last", "Connection: close"))
				require.Equal(t, 1, strings.Count(answer, "HTTP/1.1 "), "%q", answer)
				require.True(t, strings.HasPrefix(answer, "HTTP/1.1 400 "), "%q", answer)
				require.Contains(t, answer, "Connection: close\r\n")
				require.Len(t, access.all(), before+1)
				require.Empty(t, reached)
			})
			for len(reached) > 0 {
				<-reached
			}
		}
	}
}

func TestCookiesOfAnyKind(t *testing.T) {
	s, _, _ := newSite(noter())
	other, _, _ := newSite(noter())
	h, foreign := serve(t, s), serve(t, other)
	mine := cookieOf(t, h.ask(t, get("/?note=mine")))
	stale := cookieOf(t, h.ask(t, get("/?note=stale")))
	known(s.Sessions().Get(context.Background(), stale[4:])).Expire()
	theirs := cookieOf(t, foreign.ask(t, get("/?note=theirs")))
	second := cookieOf(t, h.ask(t, get("/?note=second")))
	up := "sid=" + strings.Repeat("A", 22)
	for name, test := range map[string]struct {
		headers []string
		want    string
	}{
		"own":                 {[]string{"Cookie: " + mine}, "mine"},
		"stale":               {[]string{"Cookie: " + stale}, ""},
		"of another site":     {[]string{"Cookie: " + theirs}, ""},
		"made up":             {[]string{"Cookie: " + up}, ""},
		"doubled":             {[]string{"Cookie: " + mine + "; " + mine}, "mine"},
		"first that is alive": {[]string{"Cookie: " + stale + "; " + up + "; " + theirs + "; " + second + "; " + mine}, "second"},
		"two headers":         {[]string{"Cookie: " + up, "Cookie: " + mine}, "mine"},
		"quoted":              {[]string{`Cookie: sid="` + mine[4:] + `"`}, "mine"},
		"other name":          {[]string{"Cookie: xsid=" + mine[4:]}, ""},
		"in a value":          {[]string{"Cookie: a=b," + mine}, ""},
		"other case":          {[]string{"Cookie: SID=" + mine[4:]}, ""},
		"too long":            {[]string{"Cookie: " + mine + "A"}, ""},
		"too short":           {[]string{"Cookie: " + mine[:20]}, ""},
		"malformed":           {[]string{"Cookie: ;;;=; =sid; sid; sid=;"}, ""},
		"non-ASCII":           {[]string{"Cookie: sid=\xff\xfe; é=1"}, ""},
		"secure name":         {[]string{"Cookie: __Secure-" + mine}, ""},
		"hundreds":            {[]string{"Cookie: " + strings.Repeat(up+"; ", 400) + mine}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := h.ask(t, get("/", test.headers...))
			require.Equal(t, 200, r.StatusCode)
			require.Equal(t, test.want, r.body)
			if test.want != "" {
				require.Empty(t, r.Header["Set-Cookie"])
			} else {
				require.NotContains(t, []string{mine, stale, theirs, up}, cookieOf(t, r))
			}
		})
	}
	require.EqualValues(t, 1, other.Sessions().Stats().Made)
}

func TestSlowClientIsA408(t *testing.T) {
	for name, text := range map[string]string{
		"header": "GET / HTTP/1.1\r\nHost", "line": "GE",
		"body":  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc",
		"chunk": "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
	} {
		t.Run(name, func(t *testing.T) {
			s, _, access := newSite(say("x"))
			s.Server = s.NewServer()
			s.Server.ReadTimeout = time.Millisecond
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			done := make(chan error, 1)
			go func() { done <- s.Serve(ln) }()
			c, err := net.Dial("tcp", ln.Addr().String())
			require.NoError(t, err)
			defer c.Close()
			_, _ = io.WriteString(c, text)
			all, _ := io.ReadAll(c)
			require.NoError(t, ln.Close())
			require.NoError(t, <-done)
			require.True(t, strings.HasPrefix(string(all), "HTTP/1.1 408 "), "%q", all)
			require.Len(t, access.all(), 1)
		})
	}
}

func TestManyWithoutACookie(t *testing.T) {
	const many = 100_000
	s, log, _ := newSite(branch(map[string]resource.Resource{"a": say("a"), "s": noter()}))
	s.AccessLog = nil
	ctx := parse(t, get("/a"))
	for range many {
		ctx.Response.Reset()
		s.Handler(ctx)
	}
	require.Equal(t, "a", string(ctx.Response.Body()))
	require.Zero(t, s.Sessions().Stats().Made)

	ctx = parse(t, get("/s"))
	for range many {
		ctx.Response.Reset()
		s.Handler(ctx)
	}
	require.EqualValues(t, many, s.Sessions().Stats().Live)
	require.EqualValues(t, many, s.Sessions().Stats().Made)
	s.Clock.Advance(2 * session.DefaultTimeout)
	require.Equal(t, session.Stats{}.Live, s.Sessions().Stats().Live)
	require.EqualValues(t, many, s.Sessions().Stats().Ended[session.Idle])
	require.NoError(t, s.Shutdown(t.Context()))
	for range s.Sessions().All() {
		t.Fatal("a session is left")
	}
	require.Zero(t, s.Clock.Len())
	require.Empty(t, log.all())
}
