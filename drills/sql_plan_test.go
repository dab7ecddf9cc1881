package drills_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/sqlstore"
)

// many sessions, none of which is due, are written with a statement of the
// database itself.
const many = 10_000

var fill = map[sqlstore.Dialect]string{
	sqlstore.PostgreSQL: `INSERT INTO {table} (hash, due_at, version) SELECT sha256(i::text::bytea), 99999999999999 + i, 1 FROM generate_series(1, {many}) AS i`,
	sqlstore.MySQL:      `INSERT INTO {table} (hash, due_at, version) SELECT unhex(sha2(seq, 256)), 99999999999999 + seq, 1 FROM seq_1_to_{many}`,
	sqlstore.SQLite: `INSERT INTO {table} (hash, due_at, version) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {many})
		SELECT randomblob(32), 99999999999999 + i, 1 FROM n`,
}

var analyze = map[sqlstore.Dialect]string{
	sqlstore.PostgreSQL: `ANALYZE {table}`, sqlstore.MySQL: `ANALYZE TABLE {table}`, sqlstore.SQLite: `ANALYZE {table}`,
}

// plans has Due looked at by the database's own planner: the index is entered
// for what is due by now and for nothing else. That has to hold whatever the
// statistics say of the table, so they are also taken when all were due.
func plans(t *testing.T, d database) {
	ctx := limited(t)
	db, y := d.spyOn(t)
	s := &sqlstore.Store{DB: db, Dialect: d.dialect, Table: table()}
	require.NoError(t, s.Migrate(ctx))
	exec := func(text string) {
		t.Helper()
		rows, err := db.QueryContext(ctx, strings.NewReplacer("{many}", fmt.Sprint(many), "{table}", s.Table).Replace(text))
		require.NoError(t, err)
		require.NoError(t, rows.Close())
		require.NoError(t, rows.Err())
	}
	check := func(t *testing.T) {
		require.NoError(t, s.Create(ctx, filled(0), session.Record{Limit: session.Never}))
		y.take()
		claims, err := s.Due(ctx, 100, 0, session.Terms{Owner: "A", Lease: time.Hour, Why: session.Idle})
		require.NoError(t, err)
		require.Len(t, claims, 1, "the one that is due")
		looked := 0
		for _, sent := range y.take() {
			if strings.Contains(sent.text, "due_at <= ") {
				looked++
				byRange(ctx, t, d.dialect, db, s.Table, sent)
			}
		}
		require.Positive(t, looked)
		require.NoError(t, s.Ack(ctx, []session.StoreKey{filled(0)}))
	}
	exec(fill[d.dialect])
	t.Run("statistics of none", check)
	exec(analyze[d.dialect])
	t.Run("statistics of now", check)
	exec(`UPDATE {table} SET due_at = due_at - 99999999999999`)
	exec(analyze[d.dialect])
	exec(`UPDATE {table} SET due_at = due_at + 99999999999999`)
	t.Run("statistics of when all were due", check)
}

// byRange requires that a statement enters the index with a range.
func byRange(ctx context.Context, t *testing.T, dialect sqlstore.Dialect, db *sql.DB, table string, sent *statement) {
	t.Helper()
	text, args := sent.text, sent.args
	conn, err := db.Conn(ctx)
	require.NoError(t, err)
	defer conn.Close()
	switch dialect {
	case sqlstore.PostgreSQL: // the plan that it keeps, for any parameters
		for _, text := range []string{`SET plan_cache_mode = force_generic_plan`, `PREPARE looked AS ` + text} {
			_, err := conn.ExecContext(ctx, text)
			require.NoError(t, err)
		}
		literals := make([]string, len(args))
		for i, a := range args {
			literals[i] = fmt.Sprintf("'%v'", a)
		}
		text, args = `EXPLAIN EXECUTE looked (`+strings.Join(literals, ", ")+`)`, nil
		defer func() {
			_, err := conn.ExecContext(ctx, `DEALLOCATE looked`)
			require.NoError(t, err)
		}()
	case sqlstore.MySQL:
		text = "EXPLAIN FORMAT=JSON " + text
	case sqlstore.SQLite:
		text = "EXPLAIN QUERY PLAN " + text
	}
	plan := ""
	rows, err := conn.QueryContext(ctx, text, args...)
	require.NoError(t, err)
	columns, err := rows.Columns()
	require.NoError(t, err)
	for rows.Next() {
		line := make([]any, len(columns))
		for i := range line {
			line[i] = new(sql.RawBytes)
		}
		require.NoError(t, rows.Scan(line...))
		plan += string(*line[len(line)-1].(*sql.RawBytes)) + "\n"
	}
	require.NoError(t, rows.Err())
	require.NoError(t, rows.Close())
	want := map[sqlstore.Dialect]string{
		sqlstore.PostgreSQL: `Index Scan using ` + table + `_due on ` + table + ` .*\n +Index Cond: \(due_at <= `,
		sqlstore.MySQL:      `"access_type": "range",\s+"possible_keys": \["` + table + `_due"\],\s+"key": "` + table + `_due"`,
		sqlstore.SQLite:     `SEARCH ` + table + ` USING (COVERING )?INDEX ` + table + `_due \(due_at<\?\)`,
	}
	require.Regexp(t, want[dialect], plan)
	require.NotRegexp(t, `Seq Scan on `+table+` |SCAN `+table+`|"access_type": "ALL"`, plan)
}

// roundTrips counts what is sent for each call.
func roundTrips(t *testing.T, d database) {
	ctx := limited(t)
	db, y := d.spyOn(t)
	s := &sqlstore.Store{DB: db, Dialect: d.dialect, Table: table()}
	require.NoError(t, s.Migrate(ctx))
	terms := session.Terms{Owner: "A", Lease: time.Hour, Why: session.Expired}
	fields := []session.Field{{Name: "a", Value: []byte("1"), Version: session.AnyVersion}, {Name: "b", Version: session.AnyVersion}}
	var touches []session.Touch
	var keys []session.StoreKey
	for i := range 128 {
		require.NoError(t, s.Create(ctx, keyOf(i), session.Record{Remaining: time.Hour, Limit: session.Never, Fields: fields}))
		touches = append(touches, session.Touch{Key: keyOf(i), Extend: 2 * time.Hour})
		keys = append(keys, keyOf(i))
	}
	for _, e := range []struct {
		name string
		do   func() error
		want map[sqlstore.Dialect]int // statements, COMMIT left out where it is the driver's
	}{
		{"Create", func() error {
			return s.Create(ctx, keyOf(-1), session.Record{Remaining: time.Hour, Limit: session.Never, Fields: fields})
		},
			map[sqlstore.Dialect]int{sqlstore.PostgreSQL: 1, sqlstore.MySQL: 3, sqlstore.SQLite: 4}},
		{"Load", func() error { _, err := s.Load(ctx, keyOf(1)); return err },
			map[sqlstore.Dialect]int{sqlstore.PostgreSQL: 1, sqlstore.MySQL: 1, sqlstore.SQLite: 1}},
		{"Exists", func() error { _, err := s.Exists(ctx, keyOf(1)); return err },
			map[sqlstore.Dialect]int{sqlstore.PostgreSQL: 1, sqlstore.MySQL: 1, sqlstore.SQLite: 1}},
		{"Save", func() error {
			_, err := s.Save(ctx, keyOf(1), session.Change{Set: fields, Extend: time.Hour})
			return err
		},
			map[sqlstore.Dialect]int{sqlstore.PostgreSQL: 1, sqlstore.MySQL: 3, sqlstore.SQLite: 4}},
		{"Touch of 128", func() error { _, err := s.Touch(ctx, touches); return err },
			map[sqlstore.Dialect]int{sqlstore.PostgreSQL: 1, sqlstore.MySQL: 3, sqlstore.SQLite: 3}},
		{"Due of none", func() error { _, err := s.Due(ctx, 100, 0, terms); return err },
			map[sqlstore.Dialect]int{sqlstore.PostgreSQL: 1, sqlstore.MySQL: 1, sqlstore.SQLite: 1}},
		{"Claim of 128", func() error { _, err := s.Claim(ctx, keys, terms); return err },
			map[sqlstore.Dialect]int{sqlstore.PostgreSQL: 2, sqlstore.MySQL: 4, sqlstore.SQLite: 5}},
		{"Ack of 128", func() error { return s.Ack(ctx, keys) },
			map[sqlstore.Dialect]int{sqlstore.PostgreSQL: 1, sqlstore.MySQL: 1, sqlstore.SQLite: 4}},
	} {
		y.take()
		require.NoError(t, e.do(), e.name)
		sent := y.take()
		require.Len(t, sent, e.want[d.dialect], e.name)
	}
}
