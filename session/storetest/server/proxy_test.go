package server_test

import (
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session/storetest/server"
)

// echo is a server that sends back what it gets; what each connection has
// brought is sent to the channel when it ends.
func echo(t *testing.T) (addr string, got <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	all := make(chan string, 100)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				var seen []byte
				b := make([]byte, 1000)
				for {
					n, err := c.Read(b)
					seen = append(seen, b[:n]...)
					if err != nil {
						all <- string(seen)
						return
					}
					_, _ = c.Write(b[:n])
				}
			}()
		}
	}()
	return l.Addr().String(), all
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func send(t *testing.T, c net.Conn, s string) {
	t.Helper()
	_, err := c.Write([]byte(s))
	require.NoError(t, err)
}

func receive(t *testing.T, c net.Conn, want string) {
	t.Helper()
	b := make([]byte, len(want))
	_, err := io.ReadFull(c, b)
	require.NoError(t, err)
	require.Equal(t, want, string(b))
}

func requireReset(t *testing.T, c net.Conn) {
	t.Helper()
	_, err := c.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
}

// requireRefused wants a new connection to be reset, be it before Dial has
// returned or after.
func requireRefused(t *testing.T, addr string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err == nil {
		defer c.Close()
		_, err = c.Read(make([]byte, 1))
	}
	require.ErrorIs(t, err, syscall.ECONNRESET)
}

func TestProxyPassesOn(t *testing.T) {
	addr, got := echo(t)
	p := server.StartProxy(t, addr)
	c := dial(t, p.Addr())
	send(t, c, "hello")
	receive(t, c, "hello")
	require.NoError(t, c.(*net.TCPConn).CloseWrite())
	_, err := c.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, "hello", <-got)
}

func TestProxyDelaysInOrder(t *testing.T) {
	addr, _ := echo(t)
	p := server.StartProxy(t, addr)
	c := dial(t, p.Addr())
	const d = 30 * time.Millisecond
	p.Delay(d)
	begin := time.Now()
	send(t, c, "one ")
	send(t, c, "two")
	receive(t, c, "one two")
	require.GreaterOrEqual(t, time.Since(begin), 2*d)
}

func TestProxyStalls(t *testing.T) {
	addr, _ := echo(t)
	p := server.StartProxy(t, addr)
	c := dial(t, p.Addr())
	p.Stall(true)
	p.Stall(true)
	send(t, c, "hello")
	require.NoError(t, c.SetReadDeadline(time.Now().Add(30*time.Millisecond)))
	_, err := c.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, c.SetReadDeadline(time.Time{}))
	p.Stall(false)
	p.Stall(false)
	receive(t, c, "hello")
}

func TestProxyCuts(t *testing.T) {
	addr, got := echo(t)
	p := server.StartProxy(t, addr)
	c := dial(t, p.Addr())
	send(t, c, "hello")
	receive(t, c, "hello")
	p.Cut()
	requireReset(t, c)
	require.Equal(t, "hello", <-got)
	c = dial(t, p.Addr())
	send(t, c, "again")
	receive(t, c, "again")
}

func TestProxyCutsWithinARequest(t *testing.T) {
	for _, n := range []int{0, 1, 4, 5} {
		addr, got := echo(t)
		p := server.StartProxy(t, addr)
		c := dial(t, p.Addr())
		cut := p.CutAfter(n)
		send(t, c, "hello")
		<-cut
		require.Equal(t, "hello"[:n], <-got)
		_, err := io.ReadAll(c) // what was answered before the cut may come or not
		require.ErrorIs(t, err, syscall.ECONNRESET)
		c = dial(t, p.Addr())
		send(t, c, "again")
		receive(t, c, "again")
	}
}

func TestProxyLosesAnAnswer(t *testing.T) {
	addr, got := echo(t)
	p := server.StartProxy(t, addr)
	c := dial(t, p.Addr())
	send(t, c, "hello")
	receive(t, c, "hello")
	cut := p.CutAnswer()
	send(t, c, " again")
	<-cut
	requireReset(t, c)
	require.Equal(t, "hello again", <-got)
}

func TestProxyRefuses(t *testing.T) {
	addr, _ := echo(t)
	p := server.StartProxy(t, addr)
	old := dial(t, p.Addr())
	send(t, old, "hello")
	receive(t, old, "hello")
	p.Refuse(true)
	requireRefused(t, p.Addr())
	send(t, old, "still")
	receive(t, old, "still")
	p.Refuse(false)
	c := dial(t, p.Addr())
	send(t, c, "again")
	receive(t, c, "again")
}

func TestProxyWithNobodyBehind(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	p := server.StartProxy(t, l.Addr().String())
	requireRefused(t, p.Addr())
}
