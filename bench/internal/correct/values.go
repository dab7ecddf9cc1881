package correct

import (
	"sync"
	"sync/atomic"

	"github.com/spindleweb/spindle/bench/internal/peer"
)

// The numbers of the checks of values. What differs from them has been lost.
const (
	increments = 20_000
	windows    = 64
	onlookers  = 8
	steps      = 2_000
)

// atOnce is a visitor with many windows.
var atOnce = check{
	name: "20,000 increments of a number in one session, 64 requests at a time",
	see: func(p *peer.Peer) (verdict, error) {
		v, err := visit(p, peer.Options{})
		if err != nil {
			return verdict{}, err
		}
		if _, err := v.value(); err != nil { // 1, and the cookie
			return verdict{}, err
		}
		var (
			wg   sync.WaitGroup
			left atomic.Int64
			once firstError
		)
		left.Store(increments)
		for range windows {
			wg.Go(func() {
				w := v.window(peer.Value)
				for left.Add(-1) >= 0 {
					if _, err := w.value(); once.is(err) {
						return
					}
				}
			})
		}
		wg.Wait()
		return kept(p, v, increments+1, once.err)
	},
}

// beside is a visitor one of whose windows counts, while the others only load
// pages that have nothing to do with it.
var beside = check{
	name: "2,000 increments one after the other, while 8 other requests at a time only read",
	see: func(p *peer.Peer) (verdict, error) {
		v, err := visit(p, peer.Options{})
		if err != nil {
			return verdict{}, err
		}
		if _, err := v.value(); err != nil {
			return verdict{}, err
		}
		var (
			wg    sync.WaitGroup
			ready sync.WaitGroup
			over  atomic.Bool
			once  firstError
		)
		for range onlookers {
			ready.Add(1)
			wg.Go(func() {
				w := v.window(peer.Session)
				err := w.get()
				ready.Done()
				for !once.is(err) && !over.Load() {
					err = w.get()
				}
			})
		}
		ready.Wait()
		w := v.window(peer.Value)
		for range steps {
			if _, err := w.value(); once.is(err) {
				break
			}
		}
		over.Store(true)
		wg.Wait()
		return kept(p, v, steps+1, once.err)
	},
}

// kept compares what a visitor's number is with what it should be.
func kept(p *peer.Peer, v *visitor, want int, err error) (verdict, error) {
	if err != nil {
		return verdict{}, err
	}
	last, err := v.value()
	if err != nil {
		return verdict{}, err
	}
	if had := last - 1; had != want {
		says := "%d of %d kept"
		if p.Name == "icza/session" {
			says += "; its sessions have a mutex that a handler could take"
		}
		// The first of them was made before.
		return bad(says, max(0, had-1), want-1)
	}
	return good("all kept")
}

// firstError keeps the first of the errors of several goroutines.
type firstError struct {
	mu  sync.Mutex
	err error
}

// is reports whether err is an error.
func (f *firstError) is(err error) bool {
	if err == nil {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
	}
	return true
}
