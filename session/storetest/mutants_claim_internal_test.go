package storetest

import (
	"bytes"
	"context"
	"runtime"
	"slices"
	"time"

	"github.com/spindleweb/spindle/session"
)

// Defects of Claim.

var claimMutants = []defect{
	{"Claim takes what is not due", mutant{claim: func(m *Memory, ctx context.Context, keys []session.StoreKey, t session.Terms) ([]session.Claim, error) {
		t.Why = session.Expired
		return m.Claim(ctx, keys, t)
	}}},
	{"Claim never forces", mutant{claim: func(m *Memory, ctx context.Context, keys []session.StoreKey, t session.Terms) ([]session.Claim, error) {
		why := t.Why
		t.Why = session.Idle
		claims, err := m.Claim(ctx, keys, t)
		for i, c := range claims {
			if c.State == session.Claimed {
				m.within(c.Key, func(r *record) { r.why = why })
				claims[i].Why = why
			}
		}
		return claims, err
	}}},
	{"Claim gives one record twice", mutant{claim: func(m *Memory, ctx context.Context, keys []session.StoreKey, t session.Terms) ([]session.Claim, error) {
		for _, key := range keys {
			m.within(key, func(r *record) {
				if r.attempt > 0 {
					r.owner = t.Owner
				}
			})
		}
		return m.Claim(ctx, keys, t)
	}}},
	{"Claim gives away what has no lease any more", mutant{claim: func(m *Memory, ctx context.Context, keys []session.StoreKey, t session.Terms) ([]session.Claim, error) {
		for _, key := range keys {
			m.within(key, func(r *record) {
				if r.attempt > 0 && r.lease <= 0 {
					r.owner = t.Owner
				}
			})
		}
		return m.Claim(ctx, keys, t)
	}}},
	{"Claim refuses the same owner", mutant{claim: func(m *Memory, ctx context.Context, keys []session.StoreKey, t session.Terms) ([]session.Claim, error) {
		return each(keys, func(one []session.StoreKey) ([]session.Claim, error) {
			owner := t.Owner
			m.within(one[0], func(r *record) {
				if r.attempt > 0 {
					t.Owner += "'"
				}
			})
			claims, err := m.Claim(ctx, one, t)
			t.Owner = owner
			return claims, err
		})
	}}},
	{"Claim counts its own claims", mutant{claim: func(m *Memory, ctx context.Context, keys []session.StoreKey, t session.Terms) ([]session.Claim, error) {
		for _, key := range keys {
			m.within(key, func(r *record) {
				if r.attempt > 0 && r.owner == t.Owner {
					r.attempt++
				}
			})
		}
		return m.Claim(ctx, keys, t)
	}}},
	{"Claim keeps the old lease", mutant{claim: func(m *Memory, ctx context.Context, keys []session.StoreKey, t session.Terms) ([]session.Claim, error) {
		leases := make(map[session.StoreKey]time.Duration)
		for _, key := range keys {
			m.within(key, func(r *record) {
				if r.attempt > 0 {
					leases[key] = r.lease
				}
			})
		}
		claims, err := m.Claim(ctx, keys, t)
		for key, lease := range leases {
			m.within(key, func(r *record) { r.lease = lease })
		}
		return claims, err
	}}},
	{"Claim takes the last reason", mutant{claim: func(m *Memory, ctx context.Context, keys []session.StoreKey, t session.Terms) ([]session.Claim, error) {
		for _, key := range keys {
			m.within(key, func(r *record) {
				if r.owner == t.Owner {
					r.why = t.Why
				}
			})
		}
		return m.Claim(ctx, keys, t)
	}}},
	{"Claim ignores the lease", mutant{claim: func(m *Memory, ctx context.Context, keys []session.StoreKey, t session.Terms) ([]session.Claim, error) {
		t.Lease = hour
		return m.Claim(ctx, keys, t)
	}}},
	{"Claim takes no lease for an endless one", mutant{claim: func(m *Memory, ctx context.Context, keys []session.StoreKey, t session.Terms) ([]session.Claim, error) {
		if t.Lease == 0 {
			t.Lease = session.Never
		}
		return m.Claim(ctx, keys, t)
	}}},
	{"Claim answers without fields", claiming(func(c *session.Claim) { c.Record.Fields = nil })},
	{"Claim answers with fields of what goes on", mutant{claim: func(m *Memory, ctx context.Context, keys []session.StoreKey, t session.Terms) ([]session.Claim, error) {
		claims, err := m.Claim(ctx, keys, t)
		for i, c := range claims {
			if c.State == session.NotDue {
				r, _ := m.Load(ctx, c.Key)
				claims[i].Record.Fields = r.Fields
			}
		}
		return claims, err
	}}},
	{"Claim does not say for how long it goes on", claiming(func(c *session.Claim) {
		if c.State == session.NotDue {
			c.Record.Remaining = 0
		}
	})},
	{"Claim leaves out the gone", mutant{claim: func(m *Memory, ctx context.Context, keys []session.StoreKey, t session.Terms) ([]session.Claim, error) {
		claims, err := m.Claim(ctx, keys, t)
		return slices.DeleteFunc(claims, func(c session.Claim) bool { return c.State == session.Gone }), err
	}}},
	{"Claim answers in another order", mutant{claim: func(m *Memory, ctx context.Context, keys []session.StoreKey, t session.Terms) ([]session.Claim, error) {
		claims, err := m.Claim(ctx, keys, t)
		slices.SortStableFunc(claims, func(a, b session.Claim) int { return bytes.Compare(a.Key[:], b.Key[:]) })
		return claims, err
	}}},
	{"Claim looks first, then writes", mutant{claim: func(m *Memory, ctx context.Context, keys []session.StoreKey, t session.Terms) ([]session.Claim, error) {
		free := make(map[session.StoreKey]bool)
		for _, key := range keys {
			m.within(key, func(r *record) { free[key] = r.attempt == 0 })
		}
		runtime.Gosched()
		for key := range free {
			m.within(key, func(r *record) {
				if free[key] {
					r.attempt = 0
				}
			})
		}
		return m.Claim(ctx, keys, t)
	}}},
	{"Claim takes an endless lease for one that is over", mutant{claim: func(m *Memory, ctx context.Context, keys []session.StoreKey, t session.Terms) ([]session.Claim, error) {
		if t.Lease == session.Never {
			t.Lease = -1
		}
		return m.Claim(ctx, keys, t)
	}}},
}

// claiming changes what Claim answers.
func claiming(f func(c *session.Claim)) mutant {
	return mutant{claim: func(m *Memory, ctx context.Context, keys []session.StoreKey, t session.Terms) ([]session.Claim, error) {
		claims, err := m.Claim(ctx, keys, t)
		for i := range claims {
			f(&claims[i])
		}
		return claims, err
	}}
}
