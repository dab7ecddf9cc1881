package storetest

import (
	"bytes"
	"context"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spindleweb/spindle/session"
)

// Defects of Create, Load and Exists, and of fields.

var recordMutants = []defect{
	{"Create overwrites", mutant{create: func(m *Memory, ctx context.Context, key session.StoreKey, r session.Record) error {
		m.mu.Lock()
		delete(m.records, key)
		m.mu.Unlock()
		return m.Create(ctx, key, r)
	}}},
	{"Create takes the place of what is due", mutant{create: func(m *Memory, ctx context.Context, key session.StoreKey, r session.Record) error {
		if ok, _ := m.Exists(ctx, key); !ok {
			m.mu.Lock()
			if old := m.records[key]; old != nil && old.attempt == 0 {
				delete(m.records, key)
			}
			m.mu.Unlock()
		}
		return m.Create(ctx, key, r)
	}}},
	{"Create looks first, then writes", mutant{create: func(m *Memory, ctx context.Context, key session.StoreKey, r session.Record) error {
		m.mu.Lock()
		taken := m.records[key] != nil
		m.mu.Unlock()
		if taken {
			return session.ErrExists
		}
		runtime.Gosched()
		m.mu.Lock()
		delete(m.records, key)
		m.mu.Unlock()
		return m.Create(ctx, key, r)
	}}},
	{"Create keeps the versions it is given", mutant{create: func(m *Memory, ctx context.Context, key session.StoreKey, r session.Record) error {
		err := m.Create(ctx, key, r)
		if err == nil {
			m.within(key, func(have *record) {
				for _, f := range r.Fields {
					have.fields[f.Name] = f
				}
			})
		}
		return err
	}}},
	{"Create ignores the limit", mutant{create: func(m *Memory, ctx context.Context, key session.StoreKey, r session.Record) error {
		r.Limit = session.Never
		return m.Create(ctx, key, r)
	}}},
	{"Create lets a session outlast its limit", mutant{create: func(m *Memory, ctx context.Context, key session.StoreKey, r session.Record) error {
		err := m.Create(ctx, key, r)
		m.within(key, func(have *record) {
			if err == nil && r.Remaining > 0 {
				have.due = session.Never
			}
		})
		return err
	}}},
	{"Create keeps the caller's bytes", mutant{create: func(m *Memory, ctx context.Context, key session.StoreKey, r session.Record) error {
		err := m.Create(ctx, key, r)
		if err == nil {
			m.within(key, func(have *record) {
				for _, f := range r.Fields {
					f.Version = 1
					have.fields[f.Name] = f
				}
			})
		}
		return err
	}}},
	{"Create takes no time for the default", mutant{create: func(m *Memory, ctx context.Context, key session.StoreKey, r session.Record) error {
		if r.Remaining == 0 {
			r.Remaining = hour
		}
		return m.Create(ctx, key, r)
	}}},
	{"spans in seconds, rounded up", mutant{create: func(m *Memory, ctx context.Context, key session.StoreKey, r session.Record) error {
		if r.Remaining > -time.Second && r.Remaining < session.Never/2 {
			r.Remaining = (r.Remaining + time.Second).Truncate(time.Second)
		}
		return m.Create(ctx, key, r)
	}}},
	{"names in lower case", naming(strings.ToLower)},
	{"names without trailing spaces", naming(func(s string) string { return strings.TrimRight(s, " ") })},
	{"names up to the NUL", naming(func(s string) string { name, _, _ := strings.Cut(s, "\x00"); return name })},
	{"names of 254 bytes", naming(func(s string) string { return s[:min(len(s), 254)] })},
	{"names composed", naming(func(s string) string { return strings.ReplaceAll(s, "e\u0301", "é") })},
	{"values up to 64 KiB", valued(func(v []byte) []byte { return v[:min(len(v), 1<<16-1)] })},
	{"values without trailing spaces", valued(func(v []byte) []byte { return bytes.TrimRight(v, " ") })},
	{"values as UTF-8", valued(func(v []byte) []byte { return bytes.ToValidUTF8(v, []byte("\ufffd")) })},
	{"empty values are dropped", mutant{save: func(m *Memory, ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
		c.Set = slices.DeleteFunc(slices.Clone(c.Set), func(f session.Field) bool { return len(f.Value) == 0 })
		return m.Save(ctx, key, c)
	}}},
	{"at most 128 fields", mutant{load: func(m *Memory, ctx context.Context, key session.StoreKey) (session.Record, error) {
		r, err := m.Load(ctx, key)
		r.Fields = r.Fields[:min(len(r.Fields), 128)]
		return r, err
	}}},
	{"Load finds what is due", mutant{load: func(m *Memory, ctx context.Context, key session.StoreKey) (session.Record, error) {
		now, err := m.begin(ctx, "Load")
		if err != nil {
			return session.Record{}, err
		}
		defer m.mu.Unlock()
		if r := m.unclaimed(key); r != nil {
			return r.whole(now), nil
		}
		return session.Record{}, session.ErrGone
	}}},
	{"Load finds what is claimed, when it is not due", mutant{load: func(m *Memory, ctx context.Context, key session.StoreKey) (session.Record, error) {
		now, err := m.begin(ctx, "Load")
		if err != nil {
			return session.Record{}, err
		}
		defer m.mu.Unlock()
		if r := m.find(key); r != nil && r.due > now {
			return r.whole(now), nil
		}
		return session.Record{}, session.ErrGone
	}}},
	{"Load touches", mutant{load: func(m *Memory, ctx context.Context, key session.StoreKey) (session.Record, error) {
		r, err := m.Load(ctx, key)
		if err == nil {
			m.within(key, func(r *record) { r.due = min(plus(r.due, 10*time.Millisecond), r.limit) })
		}
		return r, err
	}}},
	{"Load reads the fields apart from the record", mutant{load: func(m *Memory, ctx context.Context, key session.StoreKey) (session.Record, error) {
		r, err := m.Load(ctx, key)
		runtime.Gosched()
		m.within(key, func(now *record) {
			for i, f := range r.Fields {
				r.Fields[i] = now.fields[f.Name]
			}
		})
		return r, err
	}}},
	{"Load errs on what is gone", mutant{load: func(m *Memory, ctx context.Context, key session.StoreKey) (session.Record, error) {
		r, err := m.Load(ctx, key)
		if err != nil {
			return r, errLate
		}
		return r, nil
	}}},
	{"Exists finds what is due", mutant{exists: func(m *Memory, ctx context.Context, key session.StoreKey) (bool, error) {
		_, err := m.begin(ctx, "Exists")
		if err != nil {
			return false, err
		}
		defer m.mu.Unlock()
		return m.unclaimed(key) != nil, nil
	}}},
	{"Exists finds what is claimed, when it is not due", mutant{exists: func(m *Memory, ctx context.Context, key session.StoreKey) (bool, error) {
		now, err := m.begin(ctx, "Exists")
		if err != nil {
			return false, err
		}
		defer m.mu.Unlock()
		r := m.find(key)
		return r != nil && r.due > now, nil
	}}},
	{"Exists calls an error no", mutant{exists: func(m *Memory, ctx context.Context, key session.StoreKey) (bool, error) {
		ok, _ := m.Exists(ctx, key)
		return ok, nil
	}}},
	{"Load finds nothing without fields", mutant{load: func(m *Memory, ctx context.Context, key session.StoreKey) (session.Record, error) {
		r, err := m.Load(ctx, key)
		if err == nil && len(r.Fields) == 0 {
			return r, session.ErrGone
		}
		return r, err
	}}},
}

// naming has Create and Save take some names for the same.
func naming(f func(string) string) mutant {
	all := func(fields []session.Field) []session.Field {
		fields = slices.Clone(fields)
		for i := range fields {
			fields[i].Name = f(fields[i].Name)
		}
		return fields
	}
	return mutant{
		create: func(m *Memory, ctx context.Context, key session.StoreKey, r session.Record) error {
			r.Fields = all(r.Fields)
			return m.Create(ctx, key, r)
		},
		save: func(m *Memory, ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
			c.Set = all(c.Set)
			c.Delete = slices.Clone(c.Delete)
			for i := range c.Delete {
				c.Delete[i] = f(c.Delete[i])
			}
			return m.Save(ctx, key, c)
		},
	}
}

// valued has Save change values.
func valued(f func([]byte) []byte) mutant {
	return saving(func(c *session.Change) {
		for i := range c.Set {
			c.Set[i].Value = f(c.Set[i].Value)
		}
	})
}
