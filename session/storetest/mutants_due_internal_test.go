package storetest

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"time"

	"github.com/spindleweb/spindle/session"
)

// Defects of Due and Ack, and of the optional methods.

var dueMutants = []defect{
	{"Due ignores grace", dueing(func(_ *int, grace *time.Duration, _ *session.Terms) { *grace = 0 })},
	{"Due is late", dueing(func(_ *int, grace *time.Duration, _ *session.Terms) { *grace = max(*grace, time.Minute) })},
	{"Due ignores the limit", dueing(func(limit *int, _ *time.Duration, _ *session.Terms) { *limit = 1 << 30 })},
	{"Due rounds the limit up", dueing(func(limit *int, _ *time.Duration, _ *session.Terms) { *limit = max(*limit, 1) })},
	{"Due halves the limit", dueing(func(limit *int, _ *time.Duration, _ *session.Terms) { *limit /= 2 })},
	{"Due ignores the lease", dueing(func(_ *int, _ *time.Duration, t *session.Terms) { t.Lease = -1 })},
	{"Due claims for nobody", dueing(func(_ *int, _ *time.Duration, t *session.Terms) { t.Owner = "nobody" })},
	{"Due claims more than it tells", mutant{due: func(m *Memory, ctx context.Context, limit int, grace time.Duration, t session.Terms) ([]session.Claim, error) {
		claims, err := m.Due(ctx, 2*limit, grace, t)
		return claims[:min(limit, len(claims))], err
	}}},
	{"Due leaves lapsed leases", mutant{due: func(m *Memory, ctx context.Context, limit int, grace time.Duration, t session.Terms) ([]session.Claim, error) {
		m.mu.Lock()
		for _, r := range m.records {
			if r.attempt > 0 {
				r.lease = session.Never
			}
		}
		m.mu.Unlock()
		return m.Due(ctx, limit, grace, t)
	}}},
	{"Due leaves lapsed leases of what was not due", mutant{due: func(m *Memory, ctx context.Context, limit int, grace time.Duration, t session.Terms) ([]session.Claim, error) {
		m.mu.Lock()
		for _, r := range m.records {
			if r.attempt > 0 && r.due > plus(time.Since(m.start), m.ahead) {
				r.lease = session.Never
			}
		}
		m.mu.Unlock()
		return m.Due(ctx, limit, grace, t)
	}}},
	{"Due gives lapsed leases their grace", mutant{due: func(m *Memory, ctx context.Context, limit int, grace time.Duration, t session.Terms) ([]session.Claim, error) {
		m.mu.Lock()
		for _, r := range m.records {
			if r.attempt > 0 && plus(r.lease, grace) > plus(time.Since(m.start), m.ahead) {
				r.lease = hour
			}
		}
		m.mu.Unlock()
		return m.Due(ctx, limit, grace, t)
	}}},
	{"Due counts no attempts", mutant{due: func(m *Memory, ctx context.Context, limit int, grace time.Duration, t session.Terms) ([]session.Claim, error) {
		claims, err := m.Due(ctx, limit, grace, t)
		for i := range claims {
			claims[i].Attempt = 1
		}
		return claims, err
	}}},
	{"Due begins with the latest", mutant{due: func(m *Memory, ctx context.Context, limit int, grace time.Duration, t session.Terms) ([]session.Claim, error) {
		claims, err := m.Due(ctx, limit, grace, t)
		slices.Reverse(claims)
		return claims, err
	}}},
	{"Due answers without fields", mutant{due: func(m *Memory, ctx context.Context, limit int, grace time.Duration, t session.Terms) ([]session.Claim, error) {
		claims, err := m.Due(ctx, limit, grace, t)
		for i := range claims {
			claims[i].Record.Fields = nil
		}
		return claims, err
	}}},
	{"Due looks first, then writes", mutant{due: func(m *Memory, ctx context.Context, limit int, grace time.Duration, t session.Terms) ([]session.Claim, error) {
		var free []*record
		m.mu.Lock()
		for _, r := range m.records {
			if r.attempt == 0 {
				free = append(free, r)
			}
		}
		m.mu.Unlock()
		runtime.Gosched()
		m.mu.Lock()
		for _, r := range free {
			r.attempt = 0
		}
		m.mu.Unlock()
		return m.Due(ctx, limit, grace, t)
	}}},
	{"Ack removes nothing", mutant{ack: func(*Memory, context.Context, []session.StoreKey) error { return nil }}},
	{"Ack removes what nobody has claimed", mutant{ack: func(m *Memory, ctx context.Context, keys []session.StoreKey) error {
		for _, key := range keys {
			m.within(key, func(r *record) { r.attempt = max(r.attempt, 1) })
		}
		return m.Ack(ctx, keys)
	}}},
	{"Ack errs on what is not there", mutant{ack: func(m *Memory, ctx context.Context, keys []session.StoreKey) error {
		for _, key := range keys {
			m.mu.Lock()
			r := m.find(key)
			m.mu.Unlock()
			if r == nil {
				return session.ErrGone
			}
		}
		return m.Ack(ctx, keys)
	}}},
	{"Ack leaves what has no lease any more", mutant{ack: func(m *Memory, ctx context.Context, keys []session.StoreKey) error {
		return m.Ack(ctx, slices.DeleteFunc(slices.Clone(keys), func(key session.StoreKey) (lapsed bool) {
			m.within(key, func(r *record) { lapsed = r.lease <= 0 })
			return lapsed
		}))
	}}},
	{"Ack takes 999 at most", mutant{ack: func(m *Memory, ctx context.Context, keys []session.StoreKey) error {
		return m.Ack(ctx, keys[:min(len(keys), 999)])
	}}},
	{"Ack is carried out though nobody waits", mutant{ack: func(m *Memory, ctx context.Context, keys []session.StoreKey) error {
		_ = m.Ack(context.WithoutCancel(ctx), keys)
		return ctx.Err()
	}}},
	{"AdjustTime leaves the limits", mutant{adjust: func(m *Memory, ctx context.Context, delta time.Duration) error {
		err := m.AdjustTime(ctx, delta)
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, r := range m.records {
			r.limit = plus(r.limit, -delta)
		}
		return err
	}}},
	{"AdjustTime ends what has no end", mutant{adjust: func(m *Memory, ctx context.Context, delta time.Duration) error {
		err := m.AdjustTime(ctx, delta)
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, r := range m.records {
			if r.due == session.Never && delta < 0 {
				r.due += delta
			}
		}
		return err
	}}},
	{"AdjustTime moves leases", mutant{adjust: func(m *Memory, ctx context.Context, delta time.Duration) error {
		err := m.AdjustTime(ctx, delta)
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, r := range m.records {
			r.lease = plus(r.lease, delta)
		}
		return err
	}}},
	{"AdjustTime goes the other way", mutant{adjust: func(m *Memory, ctx context.Context, delta time.Duration) error {
		return m.AdjustTime(ctx, -delta)
	}}},
	{"SetAside does nothing", mutant{aside: func(*Memory, context.Context, session.StoreKey) error { return nil }}},
	{"SetAside only claims", mutant{aside: func(m *Memory, ctx context.Context, key session.StoreKey) error {
		m.within(key, func(r *record) { r.attempt, r.owner = 1, "aside" })
		return nil
	}}},
	{"SetAside leaves what is claimed", mutant{aside: func(m *Memory, ctx context.Context, key session.StoreKey) error {
		m.mu.Lock()
		r := m.unclaimed(key)
		m.mu.Unlock()
		if r == nil {
			return nil
		}
		return m.SetAside(ctx, key)
	}}},
	{"Due takes what is not due, for another reason", mutant{due: func(m *Memory, ctx context.Context, limit int, grace time.Duration, t session.Terms) ([]session.Claim, error) {
		if t.Why != session.Idle {
			return m.Claim(ctx, slices.Collect(maps.Keys(m.records)), t)
		}
		return m.Due(ctx, limit, grace, t)
	}}},
}

// dueing has Due asked for something else.
func dueing(f func(limit *int, grace *time.Duration, t *session.Terms)) mutant {
	return mutant{due: func(m *Memory, ctx context.Context, limit int, grace time.Duration, t session.Terms) ([]session.Claim, error) {
		f(&limit, &grace, &t)
		return m.Due(ctx, limit, grace, t)
	}}
}
