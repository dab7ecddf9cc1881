package site

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// NewServer returns a server with limits that suit a site in the open, where
// fasthttp's own have none, for those who want to change some of them:
//
//	s.Server = s.NewServer()
//	s.Server.MaxRequestBodySize = 100 << 20
//
// A request has 10 seconds to arrive. Its answer has 30 to be taken, from when
// the resource has returned; a stream that goes on for longer calls
// Request.SetWriteDeadline. A connection is closed after 60 idle seconds. The
// header may have 16 KiB (else 431), the body 1 MiB (else 413). Forms are parsed
// when they are asked for, never before.
func (s *Site) NewServer() *fasthttp.Server {
	return &fasthttp.Server{
		Handler:                      s.Handler,
		ErrorHandler:                 s.serverError,
		Logger:                       serverLog{s},
		ReadTimeout:                  10 * time.Second,
		WriteTimeout:                 30 * time.Second,
		IdleTimeout:                  60 * time.Second,
		ReadBufferSize:               16 << 10,
		MaxRequestBodySize:           1 << 20,
		DisablePreParseMultipartForm: true,
		SecureErrorLogMessage:        true,
		NoDefaultServerHeader:        true,
		CloseOnShutdown:              true,
	}
}

// malformed returns the status for a request that fasthttp lets pass and no
// resource should see, or 0.
func malformed(ctx *fasthttp.RequestCtx) int {
	h := &ctx.Request.Header
	if !h.IsHTTP11() && string(h.Protocol()) != "HTTP/1.0" {
		return fasthttp.StatusHTTPVersionNotSupported
	}
	// Reading all lines of a header is too dear to do it each time. fasthttp
	// closes the connection after a request that tells its length twice; one
	// that tells it not at all has a body for nobody if it is a GET or HEAD.
	if (h.ConnectionClose() || !h.IsGet() && !h.IsHead()) && !framed(h.RawHeaders()) {
		return fasthttp.StatusBadRequest
	}
	return 0
}

// framed reports whether the lines of a header leave no doubt about where the
// body ends: with a Transfer-Encoding there is no Content-Length, and it is
// chunked and nothing else (RFC 9112 6.1). fasthttp takes identity for nothing
// and lets both come together; either is how a request is smuggled in another.
func framed(lines []byte) bool {
	encoding, found := header(lines, "transfer-encoding")
	if !found {
		return true
	}
	_, both := header(lines, "content-length")
	return !both && bytes.EqualFold(encoding, []byte("chunked"))
}

// header returns the first value of a header, by its name in lower case.
func header(lines []byte, name string) (value []byte, ok bool) {
	for len(lines) > 0 {
		line := lines
		if i := bytes.IndexByte(lines, '\n'); i >= 0 {
			line, lines = lines[:i], lines[i+1:]
		} else {
			lines = nil
		}
		if len(line) > len(name) && line[0]|0x20 == name[0] && line[len(name)] == ':' &&
			bytes.EqualFold(line[:len(name)], []byte(name)) {
			return bytes.TrimSpace(line[len(name)+1:]), true
		}
	}
	return nil, false
}

// refuse answers a request that cannot be trusted, nor what follows it.
func refuse(ctx *fasthttp.RequestCtx, code int) {
	ctx.Response.Reset()
	ctx.Response.Header.Set(fasthttp.HeaderXContentTypeOptions, "nosniff")
	ctx.SetStatusCode(code)
	ctx.SetConnectionClose()
	ctx.SetContentType("text/plain; charset=utf-8")
	fmt.Fprintf(ctx, "%d %s\n", code, fasthttp.StatusMessage(code))
}

// serverError answers what could not be read as a request. It runs outside of
// all that recovers, so nothing of the user's but the guarded logs is called.
func (s *Site) serverError(ctx *fasthttp.RequestCtx, err error) {
	code := fasthttp.StatusBadRequest
	var small *fasthttp.ErrSmallBuffer
	var timeout net.Error
	switch {
	case errors.As(err, &small):
		code = fasthttp.StatusRequestHeaderFieldsTooLarge
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		code = fasthttp.StatusRequestEntityTooLarge
	case errors.As(err, &timeout) && timeout.Timeout():
		code = fasthttp.StatusRequestTimeout
	}
	refuse(ctx, code)
	if s.access.w != nil {
		s.log(ctx, false)
	}
}

// serverLog passes the server's own messages on. Its errors quote what they
// could not read, which may be a cookie, so each is cut before its first quote.
type serverLog struct{ s *Site }

func (l serverLog) Printf(format string, args ...any) {
	for i, arg := range args {
		if err, ok := arg.(error); ok {
			args[i], _, _ = strings.Cut(err.Error(), `"`)
		}
	}
	level := slog.LevelError
	if strings.HasPrefix(format, "error when serving connection") {
		level = slog.LevelDebug // any stranger can bring that about
	}
	l.s.reportAt(level, "site: the server says", "message", fmt.Sprintf(format, args...))
}

func (s *Site) report(msg string, args ...any) { s.reportAt(slog.LevelError, msg, args...) }

func (s *Site) reportAt(level slog.Level, msg string, args ...any) {
	defer func() { _ = recover() }() // the logger is the user's
	log := s.Log
	if log == nil {
		log = slog.Default()
	}
	log.Log(context.Background(), level, msg, args...)
}
