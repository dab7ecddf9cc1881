package loopback

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
)

const short = "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello"

func TestReader(t *testing.T) {
	for name, c := range map[string]struct {
		response string
		err      string
	}{
		"good":               {response: short},
		"lower case":         {response: "HTTP/1.1 204 \r\ncontent-length:0\r\n\r\n"},
		"bare line feeds":    {response: "HTTP/1.1 200 OK\nContent-Length: 1\n\nx"},
		"long body":          {response: "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + strings.Repeat("x", 9999)},
		"empty":              {err: "closed the connection"},
		"cut in the header":  {response: short[:20], err: "closed the connection"},
		"cut in the body":    {response: short[:len(short)-1], err: "closed the connection"},
		"not HTTP":           {response: "SSH-2.0-x\r\n", err: "it begins with"},
		"HTTP/1.0":           {response: "HTTP/1.0 200 OK\r\n", err: "it begins with"},
		"no status":          {response: "HTTP/1.1 \r\n", err: "it begins with"},
		"redirect":           {response: "HTTP/1.1 302 Found\r\n", err: `status "302 Found"`},
		"failure":            {response: "HTTP/1.1 500 Oh\r\n", err: `status "500 Oh"`},
		"no length":          {response: "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n", err: "no Content-Length"},
		"length not known":   {response: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", err: "no Content-Length"},
		"negative length":    {response: "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", err: "header line"},
		"length not number":  {response: "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n", err: "header line"},
		"header without ':'": {response: "HTTP/1.1 200 OK\r\nServer\r\n\r\n", err: "header line"},
		"endless line":       {response: "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<16), err: "buffer full"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, from := range []io.Reader{strings.NewReader(c.response), iotest.OneByteReader(strings.NewReader(c.response))} {
				r := newReader(from)
				err := r.skip()
				if c.err != "" {
					require.ErrorContains(t, err, c.err)
					continue
				}
				require.NoError(t, err)
				_, err = r.from.ReadByte()
				require.ErrorIs(t, err, io.EOF, "all of it is read")
			}
		})
	}
}

// A peculiar server does what answer does to each connection, until that
// returns false.
func peculiar(t *testing.T, answer func(*http.Request, net.Conn) bool) (addr string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var all sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
	})
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				from := bufio.NewReader(c)
				for {
					req, err := http.ReadRequest(from)
					if err != nil || !answer(req, c) {
						return
					}
				}
			})
		}
	})
	return l.Addr().String()
}

func TestGenerate(t *testing.T) {
	all := func(c net.Conn, s string) bool {
		_, err := io.WriteString(c, s)
		return err == nil
	}
	for name, c := range map[string]struct {
		answer func(*http.Request, net.Conn) bool
		wait   time.Duration
		err    string
	}{
		"answers": {answer: func(_ *http.Request, c net.Conn) bool { return all(c, short) }},
		"in pieces": {answer: func(_ *http.Request, c net.Conn) bool {
			for i := range short {
				if !all(c, short[i:i+1]) {
					return false
				}
			}
			return true
		}},
		"after the window": {answer: func(_ *http.Request, c net.Conn) bool {
			<-time.After(20 * time.Millisecond)
			return all(c, short)
		}},
		"never":          {answer: func(*http.Request, net.Conn) bool { return true }, wait: time.Millisecond, err: "i/o timeout"},
		"half":           {answer: func(_ *http.Request, c net.Conn) bool { return all(c, short[:30]) }, wait: time.Millisecond, err: "i/o timeout"},
		"closes at once": {answer: func(*http.Request, net.Conn) bool { return false }, err: "no good answer"},
		"closes after an answer": {answer: func(_ *http.Request, c net.Conn) bool {
			_ = all(c, short[:30])
			return false
		}, err: "closed the connection"},
		"fails": {answer: func(_ *http.Request, c net.Conn) bool {
			return all(c, "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n")
		}, err: `status "500 Oh"`},
	} {
		t.Run(name, func(t *testing.T) {
			if c.wait == 0 {
				c.wait = patience
			}
			addr := peculiar(t, c.answer)
			a, err := generate(load{Addr: addr, Path: "/", Cookies: []string{""}, Connections: 3, Each: 5 * time.Millisecond}, c.wait)
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			require.GreaterOrEqual(t, a.Requests, 3)
			require.Positive(t, a.Took)
			require.Positive(t, a.P50)
			require.LessOrEqual(t, a.P50, a.P99)
			require.LessOrEqual(t, a.P99, a.P999)
		})
	}
}

func TestGenerateRefused(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	_, err = generate(load{Addr: l.Addr().String(), Cookies: []string{""}, Connections: 1}, patience)
	require.ErrorContains(t, err, "refused")
}

// Each connection begins at another cookie and goes on from there, and all have
// the same path.
func TestGenerateRequests(t *testing.T) {
	var mu sync.Mutex
	first := make(map[string]bool)
	paths := make(map[string]bool)
	seen := make(map[net.Conn]bool)
	addr := peculiar(t, func(req *http.Request, c net.Conn) bool {
		mu.Lock()
		defer mu.Unlock()
		if !seen[c] {
			seen[c] = true
			first[req.Header.Get("Cookie")] = true
		}
		paths[req.URL.Path] = true
		_, err := io.WriteString(c, short)
		return err == nil
	})
	_, err := generate(load{Addr: addr, Path: "/session", Cookies: []string{"a=1", "a=2", "", "a=4"}, Connections: 4}, patience)
	require.NoError(t, err)
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, map[string]bool{"a=1": true, "a=2": true, "": true, "a=4": true}, first)
	require.Equal(t, map[string]bool{"/session": true}, paths)
}
