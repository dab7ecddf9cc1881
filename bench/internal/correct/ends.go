package correct

import (
	"sync/atomic"
	"time"

	"github.com/spindleweb/spindle/bench/internal/peer"
)

// The times of the checks of ends.
const (
	timeout  = time.Second
	passed   = 2*timeout + timeout/2 // enough for those that go by whole seconds
	patience = 20 * time.Second      // with a call that does not come
)

func telling(p *peer.Peer) string {
	if !p.Tells {
		return "tells nobody of ends"
	}
	return ""
}

// overdue is a session whose time has passed, while the library has not yet
// looked for such sessions.
var overdue = check{
	name: "a visitor comes back after the timeout, before the library has swept",
	see: func(p *peer.Peer) (verdict, error) {
		v, err := visit(p, peer.Options{Timeout: timeout, Sweep: time.Hour})
		if err != nil {
			return verdict{}, err
		}
		if _, err := v.value(); err != nil {
			return verdict{}, err
		}
		<-time.After(passed)
		n, err := v.value()
		switch {
		case err != nil:
			return verdict{}, err
		case n != 1:
			return bad("still has the session %v after the last use, with a timeout of %v", passed, timeout)
		}
		return good("has a new session")
	},
}

// tells is whether there is a call at a session's end, in time.
var tells = check{
	name:  "a call when a session ends",
	needs: telling,
	see: func(p *peer.Peer) (verdict, error) {
		ended := make(chan time.Time, 1)
		v, err := visit(p, peer.Options{Timeout: timeout, Ended: func() {
			select {
			case ended <- time.Now():
			default:
			}
		}})
		if err != nil {
			return verdict{}, err
		}
		w := v.window(peer.Value)
		start := time.Now()
		if _, err := w.value(); err != nil {
			return verdict{}, err
		}
		select {
		case at := <-ended:
			after := at.Sub(start)
			if after < timeout {
				return bad("%v after the last use, with a timeout of %v", after.Round(time.Millisecond), timeout)
			}
			return good("yes")
		case <-time.After(patience):
			return bad("none within %v of the last use, with a timeout of %v", patience, timeout)
		}
	},
}

// panics is a call that fails at the end of a session, before those of others.
var panics = check{
	name:  "a call at a session's end panics",
	needs: telling,
	see: func(p *peer.Peer) (verdict, error) {
		const sessions = 3
		var first atomic.Bool
		others := make(chan struct{}, sessions)
		o := peer.Options{Timeout: timeout, Ended: func() {
			if first.CompareAndSwap(false, true) {
				panic("a call that fails")
			}
			others <- struct{}{}
		}}
		v, err := visit(p, o)
		if err != nil {
			return verdict{}, err
		}
		for range sessions {
			if _, err := newVisitor(v.app, "").value(); err != nil {
				return verdict{}, err
			}
		}
		late := time.After(patience)
		for called := range sessions - 1 {
			select {
			case <-others:
			case <-late:
				return bad("%d of the %d other sessions' calls are made", called, sessions-1)
			}
		}
		if n, err := v.value(); err != nil || n != 1 {
			return bad("no new session afterwards")
		}
		return good("the other calls are made")
	},
}

// shutdown is a program that stops with sessions alive.
var shutdown = check{
	name:  "the program is shut down while sessions are alive",
	needs: telling,
	see: func(p *peer.Peer) (verdict, error) {
		const sessions = 100
		var told atomic.Int64
		v, err := visit(p, peer.Options{Ended: func() { told.Add(1) }})
		if err != nil {
			return verdict{}, err
		}
		if v.app.Close == nil {
			return none("has no shutdown")
		}
		for range sessions {
			if _, err := newVisitor(v.app, "").value(); err != nil {
				return verdict{}, err
			}
		}
		v.app.Close()
		if n := told.Load(); n != sessions {
			return bad("%d of %d ends are told of", n, sessions)
		}
		return good("all %d ends are told of", sessions)
	},
}
