package endings

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spindleweb/spindle/bench/internal/peer"
	"github.com/spindleweb/spindle/bench/internal/usage"
)

// A load is requests of live sessions at a fixed rate over a few connections,
// one session each. What a request takes counts from the moment at which it was
// due to be sent, so those that wait behind a slow one are slow too.
//
// Every connection has a thread of its own that waits in the kernel, as the
// waits of Go's scheduler are a millisecond off.
type load struct {
	start time.Time
	conns []*conn
	over  atomic.Bool
	wg    sync.WaitGroup
	procs int // to be restored
}

const (
	rate        = 1000 // requests a second
	connections = 4
)

type conn struct {
	file    *os.File
	read    *bufio.Reader
	cookie  string // its name
	request []byte
	from    time.Duration // between the load's start and the first request
	took    []sample
	err     error
}

type sample struct{ due, took time.Duration }

// startLoad connects and begins to send.
func startLoad(ctx context.Context, s opened) (*load, error) {
	l := &load{procs: runtime.GOMAXPROCS(0)}
	for range connections {
		c, err := dial(ctx, s)
		if err != nil {
			for _, c := range l.conns {
				_ = c.file.Close()
			}
			return nil, err
		}
		l.conns = append(l.conns, c)
	}
	// A thread that comes back from the kernel should not have to wait until
	// one that is in there gives up its place.
	runtime.GOMAXPROCS(l.procs + connections)
	l.start = time.Now()
	for i, c := range l.conns {
		c.from = time.Duration(i) * time.Second / rate
		l.wg.Go(func() { c.err = c.run(l) })
	}
	return l, nil
}

// dial connects, and gets a session.
func dial(ctx context.Context, s opened) (*conn, error) {
	var d net.Dialer
	nc, err := d.DialContext(ctx, "tcp", s.Addr)
	if err != nil {
		return nil, err
	}
	defer nc.Close()
	c := &conn{cookie: s.Cookie}
	if c.file, err = nc.(*net.TCPConn).File(); err != nil {
		return nil, err
	}
	c.file.Fd() // makes it block
	c.read = bufio.NewReader(c.file)
	c.bring("")
	if err := c.do(); err != nil {
		_ = c.file.Close()
		return nil, err
	}
	return c, nil
}

// bring has requests bring a cookie.
func (c *conn) bring(cookie string) {
	head := "GET " + peer.Session + " HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n"
	if cookie != "" {
		head += "Cookie: " + cookie + "\r\n"
	}
	c.request = []byte(head + "\r\n")
}

func (c *conn) do() error {
	if _, err := c.file.Write(c.request); err != nil {
		return err
	}
	resp, err := http.ReadResponse(c.read, nil)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("a request got %d", resp.StatusCode)
	}
	for _, line := range resp.Header["Set-Cookie"] {
		if cookie, _, _ := strings.Cut(line, ";"); strings.HasPrefix(cookie, c.cookie+"=") {
			c.bring(cookie)
		}
	}
	return nil
}

func (c *conn) run(l *load) error {
	runtime.LockOSThread() // and never unlocked: the thread's precision ends with it
	precise()
	for n := 0; !l.over.Load(); n++ {
		due := c.from + time.Duration(n)*connections*time.Second/rate
		waitUntil(l.start.Add(due))
		if err := c.do(); err != nil {
			return err
		}
		c.took = append(c.took, sample{due: due, took: time.Since(l.start) - due})
	}
	return nil
}

// stop ends the load.
func (l *load) stop() error {
	l.over.Store(true)
	patience := time.AfterFunc(5*time.Second, func() {
		for _, c := range l.conns {
			_ = syscall.Shutdown(int(c.file.Fd()), syscall.SHUT_RDWR)
		}
	})
	l.wg.Wait()
	patience.Stop()
	runtime.GOMAXPROCS(l.procs)
	var errs []error
	for _, c := range l.conns {
		errs = append(errs, c.err)
		_ = c.file.Close()
	}
	return errors.Join(errs...)
}

// between sums up the requests that were due in a span of time. Call it after
// stop.
func (l *load) between(from, to time.Time) usage.Times {
	r := usage.NewRecorder()
	for _, c := range l.conns {
		for _, s := range c.took {
			if at := l.start.Add(s.due); !at.Before(from) && at.Before(to) {
				r.Record(s.took)
			}
		}
	}
	return r.Times()
}
