package site

import (
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/valyala/fasthttp"
)

// accessLog writes lines in Combined Log Format, as Apache and nginx do, each
// in one Write and one after the other.
type accessLog struct {
	w    io.Writer
	mu   sync.Mutex
	line []byte
}

// log writes the line of a request that has been answered, or of something
// that could not be read as one.
func (s *Site) log(ctx *fasthttp.RequestCtx, readable bool) {
	defer func() {
		if v := recover(); v != nil { // of the writer, which is the user's
			s.report("site: the access log panicked", "panic", v)
		}
	}()
	a := &s.access
	a.mu.Lock()
	defer a.mu.Unlock()
	a.line = appendLine(a.line[:0], ctx, readable)
	_, _ = a.w.Write(a.line) // whether the disk is full is not the visitor's trouble
}

func appendLine(b []byte, ctx *fasthttp.RequestCtx, readable bool) []byte {
	h := &ctx.Request.Header
	b = appendHost(b, ctx.RemoteAddr())
	b = append(b, " - - ["...)
	t := ctx.Time()
	if t.IsZero() || !readable {
		t = time.Now()
	}
	b = t.AppendFormat(b, "02/Jan/2006:15:04:05 -0700")
	b = append(b, `] "`...)
	if readable {
		b = appendQuoted(b, h.Method())
		b = append(b, ' ')
		b = appendQuoted(b, resource.Redacted(ctx, h.RequestURI()))
		b = append(b, ' ')
		b = appendQuoted(b, h.Protocol())
	} else {
		b = append(b, '-')
	}
	b = append(b, `" `...)
	r := &ctx.Response
	if late := ctx.LastTimeoutErrorResponse(); late != nil {
		r = late
	}
	b = strconv.AppendInt(b, int64(r.StatusCode()), 10)
	b = append(b, ' ')
	if n := bodySize(r); n > 0 && !ctx.IsHead() {
		b = strconv.AppendInt(b, int64(n), 10)
	} else {
		b = append(b, '-')
	}
	b = appendField(b, resource.Redacted(ctx, h.Referer()), readable)
	b = appendField(b, h.UserAgent(), readable)
	return append(b, '\n')
}

// bodySize returns how many bytes the body has, or less than 1 if there are
// none or it is not known.
func bodySize(r *fasthttp.Response) int {
	switch code := r.StatusCode(); {
	case r.SkipBody || code < 200 || code == fasthttp.StatusNoContent || code == fasthttp.StatusNotModified:
		return 0
	case r.IsBodyStream():
		return r.Header.ContentLength()
	}
	return len(r.Body())
}

func appendHost(b []byte, addr net.Addr) []byte {
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP != nil {
		return tcp.AddrPort().Addr().Unmap().AppendTo(b)
	}
	return append(b, '-')
}

func appendField(b, v []byte, readable bool) []byte {
	b = append(b, ` "`...)
	if len(v) == 0 || !readable {
		b = append(b, '-')
	}
	if readable {
		b = appendQuoted(b, v)
	}
	return append(b, '"')
}

// appendQuoted writes text of a client's so that it stays within its quotes and
// its line: what is not plain ASCII becomes \xhh, as Apache writes it.
func appendQuoted(b, v []byte) []byte {
	const hex = "0123456789abcdef"
	for _, c := range v {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ' || c > '~':
			b = append(b, '\\', 'x', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return b
}
