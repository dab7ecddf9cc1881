package sqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/sqlstore"
)

// A broken database fails each statement.
type broken struct {
	err  error
	sent []string
}

func (b *broken) Connect(context.Context) (driver.Conn, error) { return brokenConn{b}, nil }
func (b *broken) Driver() driver.Driver                        { return nil }

type brokenConn struct{ b *broken }

func (c brokenConn) Prepare(text string) (driver.Stmt, error) {
	c.b.sent = append(c.b.sent, text)
	return nil, c.b.err
}
func (c brokenConn) Close() error              { return nil }
func (c brokenConn) Begin() (driver.Tx, error) { return c, nil }
func (c brokenConn) Commit() error             { return nil }
func (c brokenConn) Rollback() error           { return nil }

func (c brokenConn) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) { return c, nil }

func (b *broken) open(t *testing.T) *sql.DB {
	db := sql.OpenDB(b)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func TestFieldsThatAreWrong(t *testing.T) {
	b := &broken{err: errors.New("the database was asked")}
	db := b.open(t)
	for name, e := range map[string]struct {
		store *sqlstore.Store
		want  string
	}{
		"no database":     {&sqlstore.Store{Dialect: sqlstore.MySQL}, "Store.DB"},
		"no dialect":      {&sqlstore.Store{DB: db}, "Store.Dialect"},
		"unknown dialect": {&sqlstore.Store{DB: db, Dialect: 4}, "Store.Dialect"},
		"a semicolon":     {&sqlstore.Store{DB: db, Dialect: sqlstore.MySQL, Table: "a;b"}, `Store.Table is "a;b"`},
		"a quote":         {&sqlstore.Store{DB: db, Dialect: sqlstore.MySQL, Table: `a"`}, "Store.Table"},
		"a schema":        {&sqlstore.Store{DB: db, Dialect: sqlstore.MySQL, Table: "a.b"}, "Store.Table"},
		"a space":         {&sqlstore.Store{DB: db, Dialect: sqlstore.MySQL, Table: "a b"}, "Store.Table"},
		"a line":          {&sqlstore.Store{DB: db, Dialect: sqlstore.MySQL, Table: "a\n"}, "Store.Table"},
		"capitals":        {&sqlstore.Store{DB: db, Dialect: sqlstore.MySQL, Table: "Sessions"}, "Store.Table"},
		"a digit first":   {&sqlstore.Store{DB: db, Dialect: sqlstore.MySQL, Table: "1a"}, "Store.Table"},
		"_ first":         {&sqlstore.Store{DB: db, Dialect: sqlstore.MySQL, Table: "_held"}, "Store.Table"},
		"letters":         {&sqlstore.Store{DB: db, Dialect: sqlstore.MySQL, Table: "é"}, "Store.Table"},
		"too long":        {&sqlstore.Store{DB: db, Dialect: sqlstore.MySQL, Table: strings.Repeat("a", 49)}, "Store.Table"},
		"just long":       {&sqlstore.Store{DB: db, Dialect: sqlstore.MySQL, Table: strings.Repeat("a", 48)}, b.err.Error()},
	} {
		_, err := e.store.Load(t.Context(), session.StoreKey{})
		require.ErrorContains(t, err, "sqlstore: ", name)
		require.ErrorContains(t, err, e.want, name)
		require.ErrorContains(t, e.store.Migrate(t.Context()), e.want, name)
	}
}

func TestTooLong(t *testing.T) {
	b := &broken{}
	s := &sqlstore.Store{DB: b.open(t), Dialect: sqlstore.PostgreSQL}
	fields := []session.Field{{Name: strings.Repeat("x", 256)}}
	require.ErrorContains(t, s.Create(t.Context(), session.StoreKey{}, session.Record{Fields: fields}), "256 bytes")
	_, err := s.Save(t.Context(), session.StoreKey{}, session.Change{Set: fields})
	require.ErrorContains(t, err, "256 bytes")
	terms := session.Terms{Owner: strings.Repeat("x", 256)}
	_, err = s.Claim(t.Context(), []session.StoreKey{{}}, terms)
	require.ErrorContains(t, err, "256 bytes")
	_, err = s.Due(t.Context(), 1, 0, terms)
	require.ErrorContains(t, err, "256 bytes")
	require.Empty(t, b.sent)
}

func TestTheNameIsInEveryStatement(t *testing.T) {
	for _, dialect := range []sqlstore.Dialect{sqlstore.PostgreSQL, sqlstore.MySQL, sqlstore.SQLite} {
		b := &broken{err: errors.New("down")}
		s := &sqlstore.Store{DB: b.open(t), Dialect: dialect, Table: "mine"}
		require.ErrorIs(t, s.Migrate(t.Context()), b.err)
		require.NotEmpty(t, b.sent)
		for _, text := range b.sent {
			require.NotContains(t, text, "spindle_sessions")
		}
	}
}

type sqlState string

func (s sqlState) Error() string    { return "ERROR" }
func (s sqlState) SQLState() string { return string(s) }

type sqliteCode int

func (c sqliteCode) Error() string { return "database" }
func (c sqliteCode) Code() int     { return int(c) }

func TestWhatIsTriedAgain(t *testing.T) {
	text := func(s string) error { return errors.New(s) }
	for _, e := range []struct {
		name    string
		dialect sqlstore.Dialect
		err     error
		again   bool
	}{
		{"serialization", sqlstore.PostgreSQL, sqlState("40001"), true},
		{"deadlock", sqlstore.PostgreSQL, sqlState("40P01"), true},
		{"syntax", sqlstore.PostgreSQL, sqlState("42601"), false},
		{"another's text", sqlstore.PostgreSQL, text("Error 1213 (40001): Deadlock"), false},
		{"deadlock", sqlstore.MySQL, text("Error 1213 (40001): Deadlock found when trying to get lock"), true},
		{"lock wait", sqlstore.MySQL, text("Error 1205 (HY000): Lock wait timeout exceeded"), true},
		{"no state", sqlstore.MySQL, text("Error 1213: Deadlock found"), true},
		{"syntax", sqlstore.MySQL, text("Error 1064 (42000): You have an error"), false},
		{"number elsewhere", sqlstore.MySQL, text("Error 1064 (42000): near 'Error 1213: '"), false},
		{"longer number", sqlstore.MySQL, text("Error 12130: "), false},
		{"no number", sqlstore.MySQL, text("Error : "), false},
		{"busy", sqlstore.SQLite, sqliteCode(5), true},
		{"busy, snapshot", sqlstore.SQLite, sqliteCode(517), true},
		{"locked", sqlstore.SQLite, sqliteCode(6), true},
		{"constraint", sqlstore.SQLite, sqliteCode(1555), false},
		{"busy, in words", sqlstore.SQLite, text("database is locked"), true},
		{"locked, in words", sqlstore.SQLite, text("database table is locked: a"), true},
		{"syntax, in words", sqlstore.SQLite, text("near \"a\": syntax error"), false},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := &broken{err: e.err}
			s := &sqlstore.Store{DB: b.open(t), Dialect: e.dialect}
			require.ErrorIs(t, s.Migrate(t.Context()), e.err, e.name)
			if e.again {
				require.Greater(t, len(b.sent), 5, e.name)
			} else {
				require.LessOrEqual(t, len(b.sent), 3, e.name)
			}
		})
	}
}

func TestNothingIsTriedWhenTheContextHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &broken{err: sqlState("40001")}
		s := &sqlstore.Store{DB: b.open(t), Dialect: sqlstore.PostgreSQL}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		start := time.Now()
		require.Error(t, s.Migrate(ctx))
		require.LessOrEqual(t, time.Since(start), time.Millisecond)
	})
}
