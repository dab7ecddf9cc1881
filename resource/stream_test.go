package resource_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/stretchr/testify/require"
)

// pieces is a body of several reads that ends in a panic, in Close or in Read.
type pieces struct {
	n         int
	panicRead bool
	panicEnd  bool
	closed    chan struct{}
}

func (p *pieces) Read(b []byte) (int, error) {
	if p.n == 0 {
		if p.panicRead {
			panic(worse{})
		}
		return 0, io.EOF
	}
	p.n--
	return copy(b, "0123456789"), nil
}

func (p *pieces) Close() error {
	if p.closed != nil {
		close(p.closed)
	}
	if p.panicEnd {
		panic(worse{})
	}
	return nil
}

func TestStreams(t *testing.T) {
	closed := make(chan struct{})
	file := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(file, []byte("from a file"), 0o600))
	set := func(body io.Reader, size int) resource.Resource {
		return resource.GET(func(req *resource.Request) { req.SetBodyStream(body, size) })
	}
	root := branch(map[string]resource.Resource{
		"writer": resource.GET(func(req *resource.Request) {
			req.SetBodyStreamWriter(func(w *bufio.Writer) {
				for range 3 {
					_, _ = w.WriteString("0123456789")
					_ = w.Flush()
				}
			})
		}),
		"reader":   set(&pieces{n: 3, closed: closed}, -1),
		"sized":    set(strings.NewReader("0123456789"), 10),
		"unclosed": set(io.MultiReader(strings.NewReader("a"), strings.NewReader("b")), -1),
		"file": resource.GET(func(req *resource.Request) {
			f, err := os.Open(file)
			if err != nil {
				panic(err)
			}
			req.SetBodyStream(f, -1)
		}),
		"empty": resource.GET(func(req *resource.Request) { req.SetBodyStreamWriter(func(*bufio.Writer) {}) }),
	})
	tree, log := newTree(root)
	srv := serve(t, tree.Handler)
	for name, want := range map[string]string{
		"writer": strings.Repeat("0123456789", 3), "reader": strings.Repeat("0123456789", 3), "sized": "0123456789",
		"unclosed": "ab", "file": "from a file", "empty": "",
	} {
		r := srv.ask(t, raw("GET", "/"+name))
		require.NoError(t, r.err, name)
		require.Equal(t, want, r.body, name)
	}
	<-closed
	require.Empty(t, log.heard())
}

func TestPanicsOfStreamsBreakTheConnectionOff(t *testing.T) {
	set := func(body func() io.Reader, size int) resource.Resource {
		return resource.GET(func(req *resource.Request) { req.SetBodyStream(body(), size) })
	}
	root := branch(map[string]resource.Resource{
		"writer": resource.GET(func(req *resource.Request) {
			req.SetBodyStreamWriter(func(w *bufio.Writer) {
				_, _ = w.WriteString("0123456789")
				panic(worse{})
			})
		}),
		"flushed writer": resource.GET(func(req *resource.Request) {
			req.SetBodyStreamWriter(func(w *bufio.Writer) {
				_, _ = w.WriteString("0123456789")
				_ = w.Flush()
				panic(worse{})
			})
		}),
		"silent writer":  resource.GET(func(req *resource.Request) { req.SetBodyStreamWriter(func(*bufio.Writer) { panic(worse{}) }) }),
		"nil writer":     resource.GET(func(req *resource.Request) { req.SetBodyStreamWriter(nil) }),
		"reader":         set(func() io.Reader { return &pieces{n: 3, panicRead: true} }, -1),
		"first read":     set(func() io.Reader { return &pieces{panicRead: true} }, -1),
		"sized reader":   set(func() io.Reader { return &pieces{n: 3, panicRead: true} }, 100),
		"unsized closer": set(func() io.Reader { return &pieces{n: 1, panicEnd: true} }, -1),
		"ok":             say("ok"),
	})
	for _, name := range []string{"writer", "flushed writer", "silent writer", "nil writer", "reader", "first read", "sized reader"} {
		t.Run(name, func(t *testing.T) {
			tree, log := newTree(root)
			srv := serve(t, tree.Handler)
			c := srv.dial(t)
			br := bufio.NewReader(c)
			r := exchange(t, c, br, raw("GET", "/"+strings.ReplaceAll(name, " ", "%20")))
			require.ErrorIs(t, r.err, io.ErrUnexpectedEOF, "the client takes %q for the whole", r.body)
			_, err := br.ReadByte()
			require.Error(t, err, "the connection is still open")
			require.Len(t, log.heard(), 1)
			require.Equal(t, "ok", srv.ask(t, raw("GET", "/ok")).body)
		})
	}
	t.Run("closer", func(t *testing.T) {
		// All of the body was there before: what the client sees is right.
		tree, log := newTree(root)
		srv := serve(t, tree.Handler)
		c := srv.dial(t)
		br := bufio.NewReader(c)
		exchange(t, c, br, raw("GET", "/unsized%20closer", "Connection: close"))
		_, err := br.ReadByte()
		require.Error(t, err)
		require.Len(t, log.heard(), 1)
		require.Equal(t, "ok", srv.ask(t, raw("GET", "/ok")).body)
	})
	t.Run("dropped", func(t *testing.T) {
		tree, log := newTree(branch(map[string]resource.Resource{
			"abort": resource.GET(func(req *resource.Request) {
				req.SetBodyStream(&pieces{panicEnd: true}, -1)
				req.Abort(404)
			}),
			"panic": resource.GET(func(req *resource.Request) {
				req.SetBodyStream(&pieces{panicEnd: true}, -1)
				panic("render")
			}),
		}))
		srv := serve(t, tree.Handler)
		require.Equal(t, 404, srv.ask(t, raw("GET", "/abort")).StatusCode)
		require.Len(t, log.heard(), 1)
		require.Equal(t, 500, srv.ask(t, raw("GET", "/panic")).StatusCode)
		require.Len(t, log.heard(), 3)
		require.Equal(t, 404, srv.ask(t, raw("HEAD", "/abort")).StatusCode)
	})
}

// Over HTTP/1.0 there are no chunks; only a length tells that a body is whole.
func TestPanicOfAStreamOverHTTP10(t *testing.T) {
	tree, log := newTree(resource.GET(func(req *resource.Request) {
		req.SetBodyStreamWriter(func(w *bufio.Writer) {
			_, _ = w.WriteString("0123456789")
			_ = w.Flush()
			panic(worse{})
		})
	}))
	c := serve(t, tree.Handler).dial(t)
	_, err := io.WriteString(c, "GET / HTTP/1.0\r\nHost: a\r\n\r\n")
	require.NoError(t, err)
	all, err := io.ReadAll(c)
	if err == nil && strings.HasPrefix(string(all), "HTTP/1.1 200") {
		require.Regexp(t, "Content-Length|chunked", string(all), "the client takes it for the whole")
		require.NotContains(t, string(all), "Content-Length: 10\r\n", "the client takes it for the whole")
		require.NotContains(t, string(all), "\r\n0\r\n", "the client takes it for the whole")
	}
	require.Len(t, log.heard(), 1)
}

func TestHijack(t *testing.T) {
	hijacked := make(chan string, 1)
	root := branch(map[string]resource.Resource{
		"echo": resource.GET(func(req *resource.Request) {
			req.Response.Header.Set("X-Mode", "raw")
			req.Hijack(func(c net.Conn) {
				line, _ := bufio.NewReader(c).ReadString('\n')
				_, _ = io.WriteString(c, "you said "+line)
				hijacked <- "done"
			})
		}),
		"back":  resource.GET(func(req *resource.Request) { req.Hijack(func(net.Conn) { panic("not called") }); req.Hijack(nil) }),
		"panic": resource.GET(func(req *resource.Request) { req.Hijack(func(net.Conn) { panic(worse{}) }) }),
		"nil":   resource.GET(func(req *resource.Request) { req.Hijack(nil) }),
		"ok":    say("ok"),
	})
	tree, log := newTree(root)
	srv := serve(t, tree.Handler)
	c := srv.dial(t)
	br := bufio.NewReader(c)
	r := exchange(t, c, br, raw("GET", "/echo", "Content-Length: 0")+"hello\n")
	require.Equal(t, "raw", r.Header.Get("X-Mode"))
	line, err := br.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "you said hello\n", line)
	require.Equal(t, "done", <-hijacked)

	for _, path := range []string{"/back", "/nil"} {
		c = srv.dial(t)
		br = bufio.NewReader(c)
		require.Equal(t, 200, exchange(t, c, br, raw("GET", path)).StatusCode)
		require.Equal(t, "ok", exchange(t, c, br, raw("GET", "/ok")).body)
	}
	require.Empty(t, log.heard())

	c = srv.dial(t)
	br = bufio.NewReader(c)
	require.Equal(t, 200, exchange(t, c, br, raw("GET", "/panic")).StatusCode)
	_, err = br.ReadByte()
	require.True(t, errors.Is(err, io.EOF), "%v", err)
	require.Len(t, log.heard(), 1)
	require.Equal(t, "ok", srv.ask(t, raw("GET", "/ok")).body)
}
