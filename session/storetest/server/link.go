package server

import (
	"io"
	"net"
	"sync"
	"time"
)

// A link is one connection through a Proxy. In each direction one goroutine
// reads and another writes, so that a delay does not become a lower throughput.
type link struct {
	proxy          *Proxy
	client, server *net.TCPConn
	once           sync.Once
	gone           chan struct{}
}

// A piece is what one Read returned; without bytes, the end.
type piece struct {
	bytes []byte
	due   time.Time
}

// run passes on until both sides have ended, or the link is cut.
func (l *link) run() {
	var all sync.WaitGroup
	up, down := make(chan piece, 64), make(chan piece, 64)
	all.Go(func() { l.read(l.client, up) })
	all.Go(func() { l.read(l.server, down) })
	all.Go(func() { l.write(l.server, up) })
	all.Go(func() { l.write(l.client, down) })
	all.Wait()
	l.end(hangUpInOrder, hangUpInOrder)
}

// read queues what comes from one side.
func (l *link) read(from *net.TCPConn, queue chan<- piece) {
	for {
		b := make([]byte, 32<<10)
		n, err := from.Read(b)
		if n > 0 && !l.enqueue(queue, b[:n]) {
			return
		}
		if err == io.EOF {
			l.enqueue(queue, nil)
			return
		}
		if err != nil {
			l.reset()
			return
		}
	}
}

func (l *link) enqueue(queue chan<- piece, b []byte) bool {
	select {
	case queue <- piece{b, l.proxy.due()}:
		return true
	case <-l.gone:
		return false
	}
}

// write passes on what is queued for one side when its time has come.
func (l *link) write(to *net.TCPConn, queue <-chan piece) {
	for {
		p, ok := l.next(queue)
		if !ok {
			return
		}
		if p.bytes == nil {
			_ = to.CloseWrite()
			return
		}
		cut := l.proxy.look(to == l.server, p.bytes)
		if cut >= 0 {
			p.bytes = p.bytes[:cut]
		}
		if _, err := to.Write(p.bytes); err != nil {
			l.reset()
			return
		}
		if cut >= 0 {
			l.cut()
			return
		}
	}
}

// next waits for the next piece, for its time, and until nothing stalls.
func (l *link) next(queue <-chan piece) (p piece, ok bool) {
	select {
	case p = <-queue:
	case <-l.gone:
		return p, false
	}
	late := time.NewTimer(time.Until(p.due))
	defer late.Stop()
	select {
	case <-late.C:
	case <-l.gone:
		return p, false
	}
	select {
	case <-l.proxy.flow():
		return p, true
	case <-l.gone:
		return p, false
	}
}

// reset ends the link at once, as an error for both sides.
func (l *link) reset() { l.end(hangUp, hangUp) }

// cut ends it as an error for the client alone: a reset could overtake what was
// written to the server just before.
func (l *link) cut() { l.end(hangUp, hangUpInOrder) }

// end ends the link, once.
func (l *link) end(client, server func(*net.TCPConn)) {
	l.once.Do(func() {
		close(l.gone)
		client(l.client)
		server(l.server)
	})
}

// hangUp closes a connection as an error for the other side.
func hangUp(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}

func hangUpInOrder(c *net.TCPConn) { _ = c.Close() }
