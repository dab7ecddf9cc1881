package storetest

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// What Save does to fields and versions, and when it does nothing.

var saveChecks = []check{
	{"sets, and leaves the other fields", func(x *trial) {
		key := x.live(field("a", "1"), field("b", "1"))
		require.Equal(x, uint64(2), x.save(key, set(field("b", "2"), field("c", "2"))))
		require.Equal(x, map[string]string{"a": "1@1", "b": "2@2", "c": "2@2"}, x.fields(key))
	}},
	{"deletes, also what is not there", func(x *trial) {
		key := x.live(field("a", "1"), field("b", "1"))
		require.Equal(x, uint64(2), x.save(key, session.Change{Delete: []string{"a", "none"}}))
		require.Equal(x, map[string]string{"b": "1@1"}, x.fields(key))
	}},
	{"clears", func(x *trial) {
		key := x.live(field("a", "1"), field("b", "1"))
		require.Equal(x, uint64(2), x.save(key, session.Change{Clear: true}))
		require.Empty(x, x.fields(key))
	}},
	{"first Clear, then Delete, then Set", func(x *trial) {
		key := x.live(field("a", "1"), field("b", "1"))
		x.save(key, session.Change{Clear: true, Delete: []string{"a"}, Set: []session.Field{field("a", "2"), field("c", "2")}})
		require.Equal(x, map[string]string{"a": "2@2", "c": "2@2"}, x.fields(key))
		x.save(key, session.Change{Delete: []string{"a", "c"}, Set: []session.Field{field("a", "3")}})
		require.Equal(x, map[string]string{"a": "3@3"}, x.fields(key))
	}},
	{"what is gone is not changed and does not come back", func(x *trial) {
		for name, key := range x.missing() {
			_, err := x.Save(x.ctx, key, session.Change{
				Set: []session.Field{field("a", "1")}, Delete: []string{"b"}, Clear: true, Extend: hour, Exactly: true, Limit: session.Never,
			})
			require.ErrorIs(x, err, session.ErrGone, name)
			_, err = x.Save(x.ctx, key, session.Change{Rename: new(newKey())})
			require.ErrorIs(x, err, session.ErrGone, name)
			x.gone(key, name)
		}
	}},
	{"what is not there is free for Create afterwards", func(x *trial) {
		key := newKey()
		_, err := x.Save(x.ctx, key, session.Change{Set: []session.Field{field("a", "1")}, Extend: hour})
		require.ErrorIs(x, err, session.ErrGone)
		require.NoError(x, x.Create(x.ctx, key, session.Record{Remaining: hour, Limit: hour}))
		require.Empty(x, x.fields(key), "fields of a record that was not there")
	}},
	{"a claimed record keeps its fields", func(x *trial) {
		for _, lease := range []time.Duration{hour, -hour} {
			key := x.overdue(field("a", "1"))
			x.claim(idle("A", lease), key)
			_, err := x.Save(x.ctx, key, session.Change{Clear: true, Set: []session.Field{field("b", "2")}, Extend: hour})
			require.ErrorIs(x, err, session.ErrGone)
			c := x.claim(idle("A", hour), key)[0]
			require.Equal(x, uint64(1), c.Record.Version)
			require.Equal(x, map[string]string{"a": "1@1"}, shown(c.Record.Fields))
		}
	}},
	{"a due record takes changes and stays due", func(x *trial) {
		key := x.overdue(field("a", "1"))
		require.Equal(x, uint64(2), x.save(key, set(expecting(1, "a", "2"))))
		x.gone(key)
		c := x.claim(idle("A", hour), key)[0]
		require.Equal(x, session.Claimed, c.State)
		require.Equal(x, map[string]string{"a": "2@2"}, shown(c.Record.Fields))
	}},
}

var versionChecks = []check{
	{"one more with each Save, whatever it does", func(x *trial) {
		key := x.live()
		for i, c := range []session.Change{
			{}, set(field("a", "1")), set(field("a", "1")), {Delete: []string{"a"}}, {Delete: []string{"a"}}, {Clear: true},
			{Extend: 2 * hour}, {Extend: 2 * hour}, {Limit: 9 * hour}, {Limit: session.Never}, {},
		} {
			require.Equal(x, uint64(i)+2, x.save(key, c), "%+v", c)
			require.Equal(x, uint64(i)+2, x.load(key).Version)
		}
	}},
	{"what a field must have", func(x *trial) {
		// The record is at Version 3, "a" at 1 and "b" at 3; "c" was there once.
		for _, e := range []struct {
			f  session.Field
			ok bool
		}{
			{expecting(1, "a", "new"), true},
			{expecting(3, "b", "new"), true},
			{expecting(0, "c", "new"), true},
			{expecting(0, "d", "new"), true},
			{field("a", "new"), true},
			{field("c", "new"), true},
			{field("d", "new"), true},
			{expecting(0, "a", "new"), false},
			{expecting(2, "a", "new"), false},
			{expecting(3, "a", "new"), false},
			{expecting(1, "b", "new"), false},
			{expecting(2, "b", "new"), false},
			{expecting(4, "b", "new"), false},
			{expecting(1, "c", "new"), false},
			{expecting(2, "c", "new"), false},
			{expecting(1, "d", "new"), false},
			{expecting(3, "d", "new"), false},
			{expecting(1<<63, "a", "new"), false},
			{expecting(session.AnyVersion-1, "a", "new"), false},
		} {
			key := x.live(field("a", "1"), field("b", "1"))
			x.save(key, set(field("c", "2")))
			x.save(key, session.Change{Delete: []string{"c"}, Set: []session.Field{field("b", "3")}})
			want := map[string]string{"a": "1@1", "b": "3@3"}
			_, err := x.Save(x.ctx, key, set(e.f))
			if e.ok {
				require.NoError(x, err, "%+v", e)
				want[e.f.Name] = "new@4"
			} else {
				require.ErrorIs(x, err, session.ErrConflict, "%+v", e)
			}
			require.Equal(x, want, x.fields(key), "%+v", e)
		}
	}},
	{"what a field must have, it must have before Clear and Delete", func(x *trial) {
		for _, c := range []session.Change{{Clear: true}, {Delete: []string{"a"}}} {
			key := x.live(field("a", "1"))
			c.Set = []session.Field{expecting(0, "a", "2")}
			_, err := x.Save(x.ctx, key, c)
			require.ErrorIs(x, err, session.ErrConflict)
			require.Equal(x, map[string]string{"a": "1@1"}, x.fields(key))
			c.Set = []session.Field{expecting(1, "a", "2")}
			x.save(key, c)
			require.Equal(x, map[string]string{"a": "2@2"}, x.fields(key))
		}
	}},
	{"a conflict leaves everything as it was", func(x *trial) {
		key := x.record(hour, 9*hour, field("a", "1"), field("b", "1"), field("c", "1"))
		was := x.load(key)
		wrong := expecting(7, "b", "new")
		to := newKey()
		for i, c := range []session.Change{
			set(field("a", "new"), field("n", "new"), wrong),
			set(wrong, field("a", "new"), field("n", "new")),
			{Set: []session.Field{wrong}, Delete: []string{"a"}},
			{Set: []session.Field{wrong}, Extend: 4 * hour},
			{Set: []session.Field{wrong}, Extend: time.Minute, Exactly: true},
			{Set: []session.Field{wrong}, Limit: time.Minute},
			{Set: []session.Field{wrong}, Limit: session.Never, Extend: session.Never},
			{Set: []session.Field{wrong}, Rename: &to},
			{Set: []session.Field{expecting(7, "c", "new")}, Clear: true},
		} {
			_, err := x.Save(x.ctx, key, c)
			require.ErrorIs(x, err, session.ErrConflict, "%d", i)
			x.unchanged(key, was, "%d", i)
			x.gone(to)
		}
	}},
	{"many fields with one conflict among them", func(x *trial) {
		key := x.live(field("last", "1"))
		was := x.load(key)
		var fields []session.Field
		for i := range 100 {
			fields = append(fields, expecting(0, fmt.Sprint(i), "new"))
		}
		_, err := x.Save(x.ctx, key, set(append(fields, expecting(0, "last", "new"))...))
		require.ErrorIs(x, err, session.ErrConflict)
		x.unchanged(key, was)
		require.Equal(x, uint64(2), x.save(key, set(append(fields, expecting(1, "last", "new"))...)))
		require.Len(x, x.fields(key), 101)
	}},
	{"a due record is extended only without a conflict", func(x *trial) {
		key := x.overdue(field("a", "1"))
		_, err := x.Save(x.ctx, key, session.Change{Set: []session.Field{expecting(0, "a", "2")}, Extend: hour})
		require.ErrorIs(x, err, session.ErrConflict)
		x.gone(key)
	}},
}
