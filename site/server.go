package site

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/valyala/fasthttp"
)

// NewServer returns a server with limits that suit a site in the open, where
// fasthttp's own have none, for those who want to change some of them:
//
//	s.Server = s.NewServer()
//	s.Server.MaxRequestBodySize = 100 << 20
//
// A request has 10 seconds to arrive and 30 to be answered; a connection is
// closed after 60 idle ones. The header may have 16 KiB (else 431), the body
// 1 MiB (else 413). Forms are parsed when they are asked for, never before.
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
		TCPKeepalive:                 true,
	}
}

// malformed returns the status for a request that fasthttp lets pass and no
// resource should see, or 0.
func malformed(ctx *fasthttp.RequestCtx) int {
	h := &ctx.Request.Header
	if !h.IsHTTP11() && string(h.Protocol()) != "HTTP/1.0" {
		return fasthttp.StatusHTTPVersionNotSupported
	}
	// Two lengths at once are how a request is smuggled in another (RFC 9112
	// 6.1). Without a body there is nothing to look for.
	if n := h.ContentLength(); n == -1 || n > 0 {
		raw := h.RawHeaders()
		if hasHeader(raw, "transfer-encoding") && hasHeader(raw, "content-length") {
			return fasthttp.StatusBadRequest
		}
	}
	return 0
}

// hasHeader looks for a header in the lines of a request, by its name in lower
// case.
func hasHeader(raw []byte, name string) bool {
	for len(raw) > 0 {
		line := raw
		if i := bytes.IndexByte(raw, '\n'); i >= 0 {
			line, raw = raw[:i], raw[i+1:]
		} else {
			raw = nil
		}
		if len(line) > len(name) && line[len(name)] == ':' && bytes.EqualFold(line[:len(name)], []byte(name)) {
			return true
		}
	}
	return false
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

// serverLog passes the server's own messages on, quoted as they are by slog.
type serverLog struct{ s *Site }

func (l serverLog) Printf(format string, args ...any) {
	l.s.report("site: the server says", "message", fmt.Sprintf(format, args...))
}

func (s *Site) report(msg string, args ...any) {
	defer func() { _ = recover() }() // the logger is the user's
	log := s.Log
	if log == nil {
		log = slog.Default()
	}
	log.Error(msg, args...)
}
