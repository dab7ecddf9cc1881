package storetest

import (
	"context"
	"runtime"
	"slices"
	"time"

	"github.com/spindleweb/spindle/session"
)

// Defects of Rename and of Touch.

var renameMutants = []defect{
	{"Rename overwrites", mutant{save: func(m *Memory, ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
		if c.Rename != nil {
			m.mu.Lock()
			delete(m.records, *c.Rename)
			m.mu.Unlock()
		}
		return m.Save(ctx, key, c)
	}}},
	{"Rename overwrites what is due", mutant{save: func(m *Memory, ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
		if c.Rename != nil {
			m.mu.Lock()
			if r := m.unclaimed(*c.Rename); r != nil && r.due <= 0 {
				delete(m.records, *c.Rename)
			}
			m.mu.Unlock()
		}
		return m.Save(ctx, key, c)
	}}},
	{"Rename fails after the rest was done", mutant{save: func(m *Memory, ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
		to := c.Rename
		c.Rename = nil
		version, err := m.Save(ctx, key, c)
		if err == nil && to != nil {
			if _, err = m.Save(ctx, key, session.Change{Rename: to}); err != nil {
				return 0, err
			}
			m.within(*to, func(r *record) { r.version-- })
		}
		return version, err
	}}},
	{"Rename leaves the old key", renaming(func(m *Memory, from, to session.StoreKey) {
		old := *m.records[to]
		m.records[from] = &old
	})},
	{"Rename begins a new record", renaming(func(m *Memory, _, to session.StoreKey) {
		m.records[to].version = 1
	})},
	{"Rename loses the limit", renaming(func(m *Memory, _, to session.StoreKey) {
		m.records[to].limit = session.Never
	})},
	{"Rename leaves the fields", renaming(func(m *Memory, _, to session.StoreKey) {
		clear(m.records[to].fields)
	})},
	{"Rename touches", renaming(func(m *Memory, _, to session.StoreKey) {
		r := m.records[to]
		r.due = min(max(r.due, hour), r.limit)
	})},
	{"Rename removes first, then writes", mutant{save: func(m *Memory, ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
		to := c.Rename
		version, err := m.Save(ctx, key, c)
		if err == nil && to != nil {
			m.mu.Lock()
			r := m.records[*to]
			delete(m.records, *to)
			m.mu.Unlock()
			for range 1000 {
				runtime.Gosched()
			}
			m.mu.Lock()
			m.records[*to] = r
			m.mu.Unlock()
		}
		return version, err
	}}},
	{"Touch re-creates", mutant{touch: func(m *Memory, ctx context.Context, all []session.Touch) ([]uint64, error) {
		versions, err := m.Touch(ctx, all)
		for i, v := range versions {
			if v == 0 {
				_ = m.Create(ctx, all[i].Key, session.Record{Remaining: all[i].Extend, Limit: session.Never})
			}
		}
		return versions, err
	}}},
	{"Touch revives what is claimed", mutant{touch: func(m *Memory, ctx context.Context, all []session.Touch) ([]uint64, error) {
		for _, t := range all {
			m.within(t.Key, func(r *record) { r.attempt = 0 })
		}
		return m.Touch(ctx, all)
	}}},
	{"Touch leaves what is due", mutant{touch: func(m *Memory, ctx context.Context, all []session.Touch) ([]uint64, error) {
		return each(all, func(one []session.Touch) ([]uint64, error) {
			if ok, err := m.Exists(ctx, one[0].Key); err != nil || !ok {
				return []uint64{0}, err
			}
			return m.Touch(ctx, one)
		})
	}}},
	{"Touch counts", mutant{touch: func(m *Memory, ctx context.Context, all []session.Touch) ([]uint64, error) {
		versions, err := m.Touch(ctx, all)
		for _, t := range all {
			m.within(t.Key, func(r *record) { r.version++ })
		}
		return versions, err
	}}},
	{"Touch with one span for all", mutant{touch: func(m *Memory, ctx context.Context, all []session.Touch) ([]uint64, error) {
		all = slices.Clone(all)
		for i := range all {
			all[i].Extend = all[0].Extend
		}
		return m.Touch(ctx, all)
	}}},
	{"Touch shortens", mutant{touch: func(m *Memory, ctx context.Context, all []session.Touch) ([]uint64, error) {
		for _, t := range all {
			m.within(t.Key, func(r *record) {
				if t.Extend != 0 && r.attempt == 0 {
					r.due = 0
				}
			})
		}
		return m.Touch(ctx, all)
	}}},
	{"Touch goes beyond the limit", mutant{touch: func(m *Memory, ctx context.Context, all []session.Touch) ([]uint64, error) {
		versions, err := m.Touch(ctx, all)
		for _, t := range all {
			m.within(t.Key, func(r *record) { r.due = max(r.due, plus(time.Since(m.start), plus(m.ahead, t.Extend))) })
		}
		return versions, err
	}}},
	{"Touch leaves out the gone", mutant{touch: func(m *Memory, ctx context.Context, all []session.Touch) ([]uint64, error) {
		versions, err := m.Touch(ctx, all)
		return slices.DeleteFunc(versions, func(v uint64) bool { return v == 0 }), err
	}}},
	{"Touch stops at the first that is gone", mutant{touch: func(m *Memory, ctx context.Context, all []session.Touch) ([]uint64, error) {
		gone := false
		return each(all, func(one []session.Touch) ([]uint64, error) {
			if gone {
				return []uint64{0}, nil
			}
			versions, err := m.Touch(ctx, one)
			gone = err == nil && versions[0] == 0
			return versions, err
		})
	}}},
	{"Touch takes 1,000 at most", mutant{touch: func(m *Memory, ctx context.Context, all []session.Touch) ([]uint64, error) {
		if len(all) > 1000 {
			return nil, errLate
		}
		return m.Touch(ctx, all)
	}}},
	{"Touch takes the last of one key", mutant{touch: func(m *Memory, ctx context.Context, all []session.Touch) ([]uint64, error) {
		last := make(map[session.StoreKey]time.Duration)
		for _, t := range all {
			last[t.Key] = t.Extend
		}
		all = slices.Clone(all)
		for i := range all {
			all[i].Extend = last[all[i].Key]
		}
		return m.Touch(ctx, all)
	}}},
	{"Touch refuses none", mutant{touch: func(m *Memory, ctx context.Context, all []session.Touch) ([]uint64, error) {
		if len(all) == 0 {
			return nil, errLate
		}
		return m.Touch(ctx, all)
	}}},
}

// renaming does something more after a Rename, under the lock.
func renaming(f func(m *Memory, from, to session.StoreKey)) mutant {
	return mutant{save: func(m *Memory, ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
		version, err := m.Save(ctx, key, c)
		if err == nil && c.Rename != nil {
			m.within(*c.Rename, func(*record) { f(m, key, *c.Rename) })
		}
		return version, err
	}}
}
