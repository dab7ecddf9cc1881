package site_test

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// full is a listener that has no file descriptor left for a while.
type full struct {
	net.Listener
	times  int
	closed chan struct{}
}

func (f *full) Accept() (net.Conn, error) {
	if f.times--; f.times >= 0 {
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return f.Listener.Accept()
}

func (f *full) Close() error {
	select {
	case <-f.closed:
	default:
		close(f.closed)
	}
	return f.Listener.Close()
}

// A site outlives a lack of file descriptors, as net/http does.
func TestAcceptGoesOnWhenFilesRunOut(t *testing.T) {
	s, log, _ := newSite(say("hello"))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f := &full{Listener: ln, times: 3, closed: make(chan struct{})}
	served := make(chan error)
	go func() { served <- s.Serve(f) }()
	conn, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	_, err = conn.Write([]byte(get("/", "Connection: close")))
	require.NoError(t, err)
	answer := make([]byte, len("HTTP/1.1 200"))
	_, err = conn.Read(answer)
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 200", string(answer))
	require.Len(t, log.all(), 3)
	require.NoError(t, s.Shutdown(t.Context()))
	require.NoError(t, <-served)
	<-f.closed
}

// Whoever closes the listener first, a Shutdown in the midst of new connections
// is none that failed.
func TestShutdownAmongNewConnections(t *testing.T) {
	for range 50 {
		s, _, _ := newSite(say("hello"))
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		served := make(chan error)
		go func() { served <- s.Serve(ln) }()
		var dialers sync.WaitGroup
		for range 4 {
			dialers.Go(func() {
				for {
					c, err := net.Dial("tcp", ln.Addr().String())
					if err != nil {
						return // the site is gone
					}
					_ = c.Close()
				}
			})
		}
		require.NoError(t, s.Shutdown(t.Context()))
		require.NoError(t, <-served)
		dialers.Wait()
	}
}

// broken is a listener that fails for good.
type broken struct{ net.Listener }

func (broken) Accept() (net.Conn, error) { return nil, errors.New("broken") }

func TestShutdownAfterServeFailed(t *testing.T) {
	s, _, _ := newSite(say("hello"))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.ErrorContains(t, s.Serve(broken{ln}), "broken")
	require.NoError(t, s.Shutdown(t.Context()))
}
