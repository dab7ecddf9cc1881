package server

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"
)

// A Proxy is a bad network: it listens on a loopback port, passes everything on
// to another address and back, and disturbs that as it is told. Its methods may
// be called from several goroutines, at any time.
type Proxy struct {
	listener net.Listener
	target   string
	ctx      context.Context // done when the proxy is closed
	cancel   context.CancelFunc
	running  sync.WaitGroup

	mu     sync.Mutex
	links  map[*link]struct{}
	delay  time.Duration
	refuse bool
	flows  chan struct{} // closed unless stalled

	watching sync.Mutex // one call of watch at a time
	watch    Watch
}

// Watch sees all that comes through a Proxy before it is passed on, in pieces as
// they come from the network: toServer is the direction. It returns -1 for a
// piece to be passed on, or how many bytes of it still are before the
// connection is cut.
type Watch func(toServer bool, piece []byte) (cut int)

// NewProxy makes a proxy in front of a host and port. Nothing needs to listen
// there: without an answer from it a client's connection is reset.
func NewProxy(addr string) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("server: starting a proxy: %w", err)
	}
	p := &Proxy{listener: listener, target: addr, links: map[*link]struct{}{}, flows: make(chan struct{})}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	close(p.flows)
	p.running.Go(p.accept)
	return p, nil
}

// StartProxy makes a proxy that ends with the test.
func StartProxy(t testing.TB, addr string) *Proxy {
	t.Helper()
	p, err := NewProxy(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// Addr returns the host and port that clients connect to.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Close cuts all connections and takes no more.
func (p *Proxy) Close() error {
	p.cancel()
	err := p.listener.Close()
	p.Cut()
	p.running.Wait()
	return err
}

// Delay has all that comes from now on passed on so much later, in either
// direction and in order. 0 ends it.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// Stall keeps back what comes, in either direction, until Stall(false). The
// connections stay, and new ones are taken.
func (p *Proxy) Stall(stall bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.flows:
		if stall {
			p.flows = make(chan struct{})
		}
	default:
		if !stall {
			close(p.flows)
		}
	}
}

// Refuse resets new connections at once, until Refuse(false). Those that there
// are go on.
func (p *Proxy) Refuse(refuse bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = refuse
}

// Cut resets all connections, on both sides; what was on its way is lost. New
// ones are taken.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.reset()
	}
}

// CutAfter cuts in the middle of a request: n bytes, of whatever connections,
// still reach the server, and the connection that has brought the last of them
// is gone. The server sees it end, the client sees it reset. The channel is
// closed when that has happened. It takes the place of another Watch.
func (p *Proxy) CutAfter(n int) <-chan struct{} {
	return p.cutWhen(func(toServer bool, piece []byte) int {
		if !toServer {
			return -1
		}
		if n <= len(piece) {
			return n
		}
		n -= len(piece)
		return -1
	})
}

// CutAnswer loses an answer: the next piece that comes from the server does not
// reach the client, whose connection is reset instead. The server has done what
// it was asked, and sees the connection end. The channel is closed when that has
// happened. It takes the place of another Watch.
func (p *Proxy) CutAnswer() <-chan struct{} {
	return p.cutWhen(func(toServer bool, _ []byte) int {
		if toServer {
			return -1
		}
		return 0
	})
}

// cutWhen watches until f cuts, once.
func (p *Proxy) cutWhen(f Watch) <-chan struct{} {
	done := make(chan struct{})
	over := false
	p.Watch(func(toServer bool, piece []byte) int {
		if over {
			return -1
		}
		cut := f(toServer, piece)
		if over = cut >= 0; over {
			close(done)
		}
		return cut
	})
	return done
}

// Watch has f see, and cut, all that comes from now on; nil ends it. It takes
// the place of another one, and of CutAfter and CutAnswer, and waits for a call
// that is under way: f must not call it.
func (p *Proxy) Watch(f Watch) {
	p.watching.Lock()
	defer p.watching.Unlock()
	p.watch = f
}

// look asks the Watch.
func (p *Proxy) look(toServer bool, piece []byte) (cut int) {
	p.watching.Lock()
	defer p.watching.Unlock()
	if p.watch == nil {
		return -1
	}
	return p.watch(toServer, piece)
}

func (p *Proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		client := c.(*net.TCPConn)
		if p.refuses() {
			hangUp(client)
			continue
		}
		p.running.Go(func() { p.connect(client) })
	}
}

func (p *Proxy) refuses() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refuse
}

// connect makes the connection to the server and passes on what comes.
func (p *Proxy) connect(client *net.TCPConn) {
	var d net.Dialer
	c, err := d.DialContext(p.ctx, "tcp", p.target)
	if err != nil {
		hangUp(client)
		return
	}
	l := &link{proxy: p, client: client, server: c.(*net.TCPConn), gone: make(chan struct{})}
	if !p.add(l) {
		l.reset()
		return
	}
	l.run()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
}

// add lists a connection for Cut, unless the proxy is closed.
func (p *Proxy) add(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return false
	}
	p.links[l] = struct{}{}
	return true
}

// due is when what comes now is to be passed on.
func (p *Proxy) due() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Now().Add(p.delay)
}

// flow returns the channel that is closed when pieces may pass.
func (p *Proxy) flow() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.flows
}
