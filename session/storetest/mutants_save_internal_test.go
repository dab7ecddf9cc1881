package storetest

import (
	"context"
	"errors"
	"maps"
	"runtime"
	"slices"
	"time"

	"github.com/spindleweb/spindle/session"
)

// Defects of Save, but for Rename.

var saveMutants = []defect{
	{"Save re-creates", mutant{save: func(m *Memory, ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
		version, err := m.Save(ctx, key, c)
		if errors.Is(err, session.ErrGone) && c.Rename == nil {
			_ = m.Create(ctx, key, session.Record{Remaining: c.Extend, Limit: session.Never, Fields: c.Set})
		}
		return version, err
	}}},
	{"Save changes what is claimed when the lease is over", mutant{save: func(m *Memory, ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
		m.mu.Lock()
		if r := m.records[key]; r != nil && r.attempt > 0 && r.lease <= plus(time.Since(m.start), m.ahead) {
			r.attempt = 0
		}
		m.mu.Unlock()
		return m.Save(ctx, key, c)
	}}},
	{"Save refuses what is due", mutant{save: func(m *Memory, ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
		if ok, err := m.Exists(ctx, key); err == nil && !ok {
			return 0, session.ErrGone
		}
		return m.Save(ctx, key, c)
	}}},
	{"Save ignores conflicts", saving(func(c *session.Change) {
		for i := range c.Set {
			c.Set[i].Version = session.AnyVersion
		}
	})},
	{"Save ignores a field that should not be there", saving(func(c *session.Change) {
		for i := range c.Set {
			if c.Set[i].Version == 0 {
				c.Set[i].Version = session.AnyVersion
			}
		}
	})},
	{"Save keeps what came before the conflict", mutant{save: func(m *Memory, ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
		version, err := m.Save(ctx, key, c)
		if errors.Is(err, session.ErrConflict) {
			m.within(key, func(r *record) {
				for _, f := range c.Set {
					if f.Version != session.AnyVersion && f.Version != r.fields[f.Name].Version {
						break
					}
					f.Version = r.version
					r.fields[f.Name] = f
				}
			})
		}
		return version, err
	}}},
	{"Save extends in spite of a conflict", mutant{save: func(m *Memory, ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
		version, err := m.Save(ctx, key, c)
		if errors.Is(err, session.ErrConflict) {
			_, _ = m.Touch(ctx, []session.Touch{{Key: key, Extend: c.Extend}})
		}
		return version, err
	}}},
	{"Save counts a conflict", mutant{save: func(m *Memory, ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
		version, err := m.Save(ctx, key, c)
		if errors.Is(err, session.ErrConflict) {
			m.within(key, func(r *record) { r.version++ })
		}
		return version, err
	}}},
	{"Save compares, then writes", mutant{save: func(m *Memory, ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
		conflict := false
		m.within(key, func(r *record) {
			for _, f := range c.Set {
				conflict = conflict || r.attempt == 0 && f.Version != session.AnyVersion && f.Version != r.fields[f.Name].Version
			}
		})
		if conflict {
			return 0, session.ErrConflict
		}
		runtime.Gosched()
		c.Set = slices.Clone(c.Set)
		for i := range c.Set {
			c.Set[i].Version = session.AnyVersion
		}
		return m.Save(ctx, key, c)
	}}},
	{"Save writes all fields as it has read them", mutant{save: func(m *Memory, ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
		var read map[string]session.Field
		m.within(key, func(r *record) { read = maps.Clone(r.fields) })
		runtime.Gosched()
		m.within(key, func(r *record) {
			if r.attempt == 0 {
				r.fields = read
			}
		})
		return m.Save(ctx, key, c)
	}}},
	{"Save gives every field the new version", mutant{save: func(m *Memory, ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
		version, err := m.Save(ctx, key, c)
		if err == nil && c.Rename == nil {
			m.within(key, func(r *record) {
				for name, f := range r.fields {
					f.Version = version
					r.fields[name] = f
				}
			})
		}
		return version, err
	}}},
	{"Save of nothing leaves the version", mutant{save: func(m *Memory, ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
		version, err := m.Save(ctx, key, c)
		if err == nil && len(c.Set)+len(c.Delete) == 0 && !c.Clear && c.Rename == nil {
			m.within(key, func(r *record) { r.version-- })
			version--
		}
		return version, err
	}}},
	{"Save clears last", mutant{save: func(m *Memory, ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
		if c.Clear {
			c.Set = nil
		}
		return m.Save(ctx, key, c)
	}}},
	{"Save deletes last", mutant{save: func(m *Memory, ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
		c.Set = slices.DeleteFunc(slices.Clone(c.Set), func(f session.Field) bool { return slices.Contains(c.Delete, f.Name) })
		return m.Save(ctx, key, c)
	}}},
	{"Save compares with what Clear and Delete have left", saving(func(c *session.Change) {
		for i, f := range c.Set {
			if f.Version == 0 && (c.Clear || slices.Contains(c.Delete, f.Name)) {
				c.Set[i].Version = session.AnyVersion
			}
		}
	})},
	{"Save ignores Delete", saving(func(c *session.Change) { c.Delete = nil })},
	{"Save ignores Clear", saving(func(c *session.Change) { c.Clear = false })},
	{"Save ignores Extend", saving(func(c *session.Change) { c.Extend = 0 })},
	{"Save ignores Exactly", saving(func(c *session.Change) { c.Exactly = false })},
	{"Save takes every Extend for exact", saving(func(c *session.Change) { c.Exactly = true })},
	{"Save takes no Extend for an exact one", saving(func(c *session.Change) {
		if c.Extend == 0 && c.Exactly {
			c.Extend = -1
		}
	})},
	{"Save ignores Limit", saving(func(c *session.Change) { c.Limit = 0 })},
	{"Save ignores a Limit that has passed", saving(func(c *session.Change) { c.Limit = max(c.Limit, 0) })},
	{"Save extends by the old Limit", mutant{save: func(m *Memory, ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
		limit := c.Limit
		c.Limit = 0
		version, err := m.Save(ctx, key, c)
		if err == nil && limit != 0 {
			if c.Rename != nil {
				key = *c.Rename
			}
			_, err = m.Save(ctx, key, session.Change{Limit: limit})
			m.within(key, func(r *record) { r.version-- })
		}
		return version, err
	}}},
	{"Save does not rename", saving(func(c *session.Change) { c.Rename = nil })},
	{"Save takes a context's end for ErrGone", mutant{save: func(m *Memory, ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
		if ctx.Err() != nil {
			return 0, session.ErrGone
		}
		return m.Save(ctx, key, c)
	}}},
}

// saving has Save do another change.
func saving(f func(c *session.Change)) mutant {
	return mutant{save: func(m *Memory, ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
		c.Set = slices.Clone(c.Set)
		f(&c)
		return m.Save(ctx, key, c)
	}}
}
