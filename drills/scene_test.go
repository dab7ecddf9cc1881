package drills_test

import (
	"strings"
	"testing"
	"time"

	"github.com/spindleweb/spindle/session/sqlstore"
	"github.com/spindleweb/spindle/session/storetest/server"
)

// scene is a database with the processes of one drill around it.
type scene struct {
	database
	server *server.Server // nil with SQLite
	table  string
	orders orders // what its processes have in common
}

// stage starts a server, or for SQLite nothing. What it commits survives its
// processes, but not the machine.
func stage(t testing.TB, name string, disk int64) scene {
	t.Helper()
	var s *server.Server
	switch name {
	case "SQLite":
		return scene{database: databases[name](t)}
	case "PostgreSQL":
		s = server.PostgreSQL()
	default:
		s = server.MariaDB()
	}
	s.NoSync, s.Disk = true, disk
	server.Run(t, s)
	return scene{server: s}.via(s.Addr())
}

// via is the same by way of another address, that of a proxy.
func (sc scene) via(address string) scene {
	dsn := sc.server.DSNVia(address)
	if strings.HasPrefix(dsn, "postgres") {
		sc.database = database{dialect: sqlstore.PostgreSQL, driver: "pgx", dsn: dsn, conns: 8}
	} else {
		sc.database = database{dialect: sqlstore.MySQL, driver: "mysql", dsn: dsn + mysqlSettings, conns: 8}
	}
	return sc
}

// fresh is the scene with tables of its own, for sessions of that timeout.
func (sc scene) fresh(timeout time.Duration) scene {
	sc.table = table()
	sc.orders.Timeout = timeout
	sc.orders.Lease = 5 * time.Second
	sc.orders.Patience = 10 * time.Second
	return sc
}

// launch starts the i-th process.
func (sc scene) launch(t testing.TB, i int, change ...func(*orders)) *process {
	t.Helper()
	o := sc.orders
	o.Driver, o.DSN, o.Dialect, o.Table, o.Conns = sc.driver, sc.dsn, sc.dialect, sc.table, sc.conns
	o.First = i * 1_000_000
	for _, f := range change {
		f(&o)
	}
	return launch(t, o)
}

// left counts the sessions in the database.
func (sc scene) left(t testing.TB) func() (n int) {
	db := sc.open(t)
	return func() (n int) {
		if db.QueryRow(`SELECT count(*) FROM `+sc.table).Scan(&n) != nil {
			return -1 // it is down
		}
		return n
	}
}

// onEach runs a test on some databases, at the same time and together with other
// tests.
func onEach(t *testing.T, f func(t *testing.T, name string), names ...string) {
	t.Parallel()
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, name)
		})
	}
}

// rebind writes parameters as the driver wants them.
func (sc scene) rebind(text string) string {
	if sc.dialect != sqlstore.PostgreSQL {
		return text
	}
	for _, n := range []string{"$1", "$2", "$3"} {
		text = strings.Replace(text, "?", n, 1)
	}
	return text
}
