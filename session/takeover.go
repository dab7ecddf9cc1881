package session

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// A session that is due is left to the process that has it for as long as it takes
// to tell the Store of a use and to claim; what takes longer than StoreTimeout
// counts as failed. Some StoreTimeouts are no limit at all.
const (
	leastGrace = 2 * time.Second
	mostGrace  = time.Minute
)

// sweeping is how often what nobody asks for is looked for. The moments are
// random, lest all processes come together.
const sweeping = time.Second

// sweep keeps what has been claimed and takes over what nobody asks for, until
// the link is closed.
func (l *link) sweep() {
	for {
		wait := min(sweeping, l.lease/3)
		select {
		case <-time.After(wait/2 + rand.N(wait)):
		case <-l.ctx.Done():
			return
		}
		for {
			l.keepClaims()
			if n, err := l.takeOver(l.ctx); err != nil || n < batchSize {
				break
			}
		}
	}
}

// keepClaims has the leases begin anew of what takes long to finish.
func (l *link) keepClaims() {
	c := &l.claimed
	c.mu.Lock()
	var keys []StoreKey
	if time.Since(c.kept) >= l.lease/3 {
		c.kept = time.Now()
		keys = slices.Collect(maps.Keys(c.keys))
	}
	c.mu.Unlock()
	for part := range slices.Chunk(keys, batchSize) {
		_, _ = l.storeClaim(l.ctx, part, Terms{Why: Idle}) // who fails to has lost no more than that
	}
}

// takeOver claims sessions that have been due for the time of grace, ends them,
// and returns how many there were.
func (l *link) takeOver(ctx context.Context) (n int, err error) {
	if err := l.taking.LockFor(ctx); err != nil {
		return 0, err
	}
	defer l.taking.Unlock()
	if l.m.closed.Load() || !l.settled() {
		return 0, nil
	}
	if l.tells.len() > mostTold {
		return 0, nil // what is due may be ours, and in use
	}
	q := l.claimed.ask()
	defer l.claimed.answered(q)
	var claims []Claim
	err = l.gate.call(ctx, func(ctx context.Context) (err error) {
		claims, err = l.m.Store.Due(ctx, batchSize, l.grace, Terms{Owner: l.owner, Lease: l.lease, Why: Idle})
		return err
	})
	if err != nil {
		return 0, err
	}
	var all []*Session
	for _, c := range claims {
		if !l.claimed.add(q, c.Key) {
			continue // its calls are being made, or the acknowledgement is on its way
		}
		if s := l.stranger(c); s != nil {
			all = append(all, s)
		}
	}
	l.m.endings.begin(len(all))
	l.m.endings.later(all)
	return len(claims), nil
}

// stranger makes a session of a record whose process is gone, or has it no more,
// for its calls. Its uid is not known, nor is it needed.
func (l *link) stranger(c Claim) *Session {
	h, fields, err := unpack(c.Record)
	if err != nil {
		l.setAside(l.ctx, c.Key, err)
		l.claimed.remove(c.Key) // if it could not be, it comes again when the lease is over
		return nil
	}
	why := c.Why
	if why == Alive || why >= reasons {
		why = Idle // of some other program's
	}
	if why == Idle && c.Record.Limit <= 0 {
		why = Lifetime
	}
	s := New("")
	l.attach(s, c.Key, c.Record, h, fields)
	s.stored().mine.Store(true)
	s.activity.word.Store(over | uint64(why))
	s.filed.Store(int64(l.m.clock.Now())) // it is no wheel of ours that is late
	l.m.ends[why].Add(1)
	return s
}
