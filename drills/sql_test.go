package drills_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/sqlstore"
	"github.com/spindleweb/spindle/session/storetest"
	"github.com/spindleweb/spindle/session/storetest/server"
)

// A database is a place for the tables of many Stores.
type database struct {
	dialect       sqlstore.Dialect
	driver, dsn   string
	conns         int // of each process, 0 for any number
	goDown, getUp func() error
}

const (
	mysqlSettings  = "?interpolateParams=true&clientFoundRows=true&timeout=2s&readTimeout=5s&writeTimeout=5s"
	sqliteSettings = "?_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)&_txlock=immediate"
	noSync         = "&_pragma=synchronous(OFF)"
)

// databases starts one of each kind. They may lose what they have when the
// machine fails, which makes them fast.
var databases = map[string]func(t testing.TB) database{
	"SQLite": func(t testing.TB) database {
		dir := filepath.Join(t.TempDir(), "data")
		require.NoError(t, os.Mkdir(dir, 0o700))
		away := dir + " is away"
		return database{
			dialect: sqlstore.SQLite, driver: "sqlite", dsn: "file:" + filepath.Join(dir, "sessions.db") + sqliteSettings + noSync, conns: 1,
			goDown: func() error { return os.Rename(dir, away) }, getUp: func() error { return os.Rename(away, dir) },
		}
	},
	"PostgreSQL": func(t testing.TB) database {
		s := server.PostgreSQL()
		s.NoSync = true
		server.Run(t, s)
		return database{dialect: sqlstore.PostgreSQL, driver: "pgx", dsn: s.DSN(), goDown: s.Stop, getUp: s.Start}
	},
	"MariaDB": func(t testing.TB) database {
		s := server.MariaDB()
		s.NoSync = true
		server.Run(t, s)
		return database{dialect: sqlstore.MySQL, driver: "mysql", dsn: s.DSN() + mysqlSettings, goDown: s.Stop, getUp: s.Start}
	},
}

// open opens the database as a process of its own would.
func (d database) open(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open(d.driver, d.dsn)
	require.NoError(t, err)
	db.SetMaxOpenConns(d.conns)
	db.SetMaxIdleConns(16)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// store is one in a process of its own.
func (d database) store(t testing.TB, table string) *sqlstore.Store {
	t.Helper()
	return &sqlstore.Store{DB: d.open(t), Dialect: d.dialect, Table: table}
}

var tables atomic.Int64

// table is a name that no other test has.
func table() string { return fmt.Sprint("sessions_", tables.Add(1)) }

// limited ends what hangs.
func limited(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

var sqlTests = []struct {
	name string
	do   func(t *testing.T, d database)
}{
	{"conformance", func(t *testing.T, d database) { conforms(t, d) }},
	{"conformance without settings", conformsWithoutSettings},
	{"two processes", twoProcesses},
	{"two tables", twoTables},
	{"migration from version 1", fromVersion1},
	{"a later version is refused", laterVersion},
	{"many migrate at once", manyMigrate},
	{"what is not due costs nothing", plans},
	{"round trips", roundTrips},
	{"down at first", downAtFirst},
}

func TestSQL(t *testing.T) {
	for name, start := range databases {
		t.Run(name, func(t *testing.T) {
			d := start(t)
			for _, test := range sqlTests {
				t.Run(test.name, func(t *testing.T) { test.do(t, d) })
			}
		})
	}
}

func conforms(t *testing.T, d database) {
	s := d.store(t, table())
	storetest.Run(t, func(*testing.T) session.Store { return s })
}

// What MySQL's settings do is make it faster; it is right without.
func conformsWithoutSettings(t *testing.T, d database) {
	if d.dialect == sqlstore.MySQL {
		d.dsn, _, _ = strings.Cut(d.dsn, "?")
		conforms(t, d)
	}
}

func downAtFirst(t *testing.T, d database) {
	ctx := limited(t)
	require.NoError(t, d.goDown())
	s := d.store(t, table())
	_, err := s.Load(ctx, session.StoreKey{1})
	require.ErrorContains(t, err, "sqlstore: ")
	require.NotErrorIs(t, err, session.ErrGone)
	require.NoError(t, d.getUp())
	_, err = s.Load(ctx, session.StoreKey{1})
	require.ErrorIs(t, err, session.ErrGone)
	require.NoError(t, s.Create(ctx, session.StoreKey{1}, session.Record{Remaining: time.Hour, Limit: session.Never}))
}

func twoTables(t *testing.T, d database) {
	ctx := limited(t)
	name := table()
	one, two := d.store(t, name), d.store(t, name+"_more")
	record := session.Record{Limit: time.Hour, Fields: []session.Field{{Name: "a", Value: []byte("1")}}}
	require.NoError(t, one.Create(ctx, session.StoreKey{1}, record))
	claims, err := two.Due(ctx, 10, 0, session.Terms{Owner: "A", Lease: time.Hour, Why: session.Idle})
	require.NoError(t, err)
	require.Empty(t, claims)
	require.NoError(t, two.Create(ctx, session.StoreKey{1}, record))
	claims, err = one.Claim(ctx, []session.StoreKey{{1}}, session.Terms{Owner: "A", Lease: time.Hour, Why: session.Idle})
	require.NoError(t, err)
	require.Equal(t, session.Claimed, claims[0].State)
	require.NoError(t, one.Ack(ctx, []session.StoreKey{{1}}))
	claims, err = two.Due(ctx, 10, 0, session.Terms{Owner: "B", Lease: time.Hour, Why: session.Idle})
	require.NoError(t, err)
	require.Len(t, claims, 1)
	require.Len(t, claims[0].Record.Fields, 1)
}
