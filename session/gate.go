package session

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// ErrStore is wrapped by the errors for what could not be done since the Store
// fails or does not answer. It may have been done nevertheless.
var ErrStore = errors.New("session: the store does not answer")

// errShut is for calls that are not made.
var errShut = fmt.Errorf("%w: it has failed just now", ErrStore)

// errClosed is for calls that come when the Manager has been closed.
var errClosed = fmt.Errorf("%w: %w", ErrClosed, ErrStore)

// gate is what calls to the Store pass, but for AdjustTime. It gives each a limit of time, and
// when one has failed it is shut until the store answers again, so that nobody
// waits for a store that does not. It says so in the log, once.
type gate struct {
	m        *Manager
	ctx      context.Context
	patience time.Duration

	shut   atomic.Bool
	failed atomic.Int64 // calls
	opened func()       // called when it is about to open again

	mu     sync.Mutex
	since  time.Time     // of the outage
	probed chan struct{} // closed when the store has been asked once since
	claims time.Time     // from when on anybody may claim; see settling
	logged bool          // this outage
	said   time.Time     // when the last log entry was made
}

const (
	// probing is how often a store that fails is asked whether it is back.
	probing = 100 * time.Millisecond

	// settling is for how long after an outage, or the start, nobody claims. All
	// processes then first tell of the use of sessions that they could not tell of
	// meanwhile, and acknowledge what has been done; else sessions in use would
	// end, and calls be made twice. After a call that failed by itself it is as
	// long as what others could not do is put off.
	settling = 1500 * time.Millisecond
	hiccup   = 4 * pause

	// quietFor is how often the log hears of a store that fails again and again.
	quietFor = 10 * time.Second
)

// call makes one call to the store. The errors of the contract come back as
// they are, all others wrapped as ErrStore.
func (g *gate) call(ctx context.Context, f func(context.Context) error) error {
	if g.shut.Load() && !g.reopened(ctx) {
		return errShut
	}
	limited, cancel := context.WithTimeout(ctx, g.patience)
	defer cancel()
	err := guard(f)(limited)
	switch {
	case err == nil, errors.Is(err, ErrGone), errors.Is(err, ErrExists), errors.Is(err, ErrConflict), errors.Is(err, errors.ErrUnsupported):
		return err
	case g.ctx.Err() != nil:
		return errClosed
	case ctx.Err() == nil: // else the caller has given up, for whatever reason
		g.fail(err)
	}
	return fmt.Errorf("%w: %w", ErrStore, err)
}

// reopened waits until it is known whether the store fails or one call has failed by
// itself, which is no reason to refuse others.
func (g *gate) reopened(ctx context.Context) bool {
	g.mu.Lock()
	probed := g.probed
	g.mu.Unlock()
	select {
	case <-probed:
	case <-time.After(hiccup):
	case <-ctx.Done():
	}
	return !g.shut.Load()
}

// guard makes errors of the panics of a store.
func guard(f func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("the store panicked: %s\n%s", describe(p), debug.Stack())
			}
		}()
		return f(ctx)
	}
}

// fail shuts the gate.
func (g *gate) fail(err error) {
	g.failed.Add(1)
	if probed, say := g.shutNow(); probed != nil {
		first := sync.OnceFunc(func() { close(probed) })
		if errors.Is(err, context.DeadlineExceeded) {
			first() // it has been waited for long enough
		}
		go g.probe(first)
		if say {
			report(g.m.Log, "session: the store fails; sessions of this process go on, others are refused", "error", err)
		}
	}
}

func (g *gate) shutNow() (probed chan struct{}, say bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut.Load() {
		return nil, false
	}
	g.since, g.probed = time.Now(), make(chan struct{})
	g.shut.Store(true)
	if g.logged = g.said.IsZero() || g.since.Sub(g.said) >= quietFor; g.logged {
		g.said = g.since
	}
	return g.probed, g.logged
}

// probe opens the gate as soon as the store answers.
// It calls first when it has asked once.
func (g *gate) probe(first func()) {
	defer first()
	for quiet := hiccup; ; quiet = settling {
		ctx, cancel := context.WithTimeout(g.ctx, g.patience)
		err := guard(func(ctx context.Context) error {
			_, err := g.m.Store.Exists(ctx, StoreKey{})
			return err
		})(ctx)
		cancel()
		if err == nil {
			if after, say := g.open(quiet); say {
				inform(g.m.Log, "session: the store answers again", "after", after)
			}
			return
		}
		g.failed.Add(1)
		first()
		select {
		case <-time.After(probing):
		case <-g.ctx.Done():
			return
		}
	}
}

// open lets calls pass again, and claims in a while.
func (g *gate) open(quiet time.Duration) (after time.Duration, say bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if now.Sub(g.since) > hiccup {
		quiet = settling
	}
	// Calls that fail one after the other, each by itself, keep nobody from
	// claiming for ever.
	if at := now.Add(quiet); at.After(g.claims) && (quiet == settling || now.Sub(g.claims) > settling) {
		g.claims = at
	}
	g.opened()
	g.shut.Store(false)
	return now.Sub(g.since), g.logged
}

// settled reports whether the store has answered for long enough to claim.
func (g *gate) settled() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.shut.Load() && !time.Now().Before(g.claims)
}
