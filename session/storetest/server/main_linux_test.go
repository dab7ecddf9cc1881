package server_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session/storetest/server"
)

// A database is a sort of server, and how to talk to it.
type database struct {
	name  string
	make  func() *server.Server
	query func(s *server.Server, sql string) *exec.Cmd
	hello []byte // has the server answer; nil if it speaks first

	much        string // writes 30 MB into the table "much"
	forever     string // does not end
	sleepers    string // how many are at that
	durability  string // a setting,
	safe        string // and what it has to be
	connections string // how many there may be
	few         []string

	// Most tests share these two, which run from the first test that needs them
	// until the last has ended. One has the defaults, one has them all changed.
	plain, special *server.Server
}

var databases = []*database{
	{
		name: "PostgreSQL", make: server.PostgreSQL, query: psql,
		hello:       []byte{0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f}, // "do you speak TLS?"
		much:        "INSERT INTO much SELECT i, repeat(md5(i::text), 32) FROM generate_series(2, 30000) i",
		forever:     "SELECT pg_sleep(3600)",
		sleepers:    "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
		durability:  "SHOW fsync",
		safe:        "on",
		connections: "SHOW max_connections",
		few:         []string{"-c", "max_connections=33"},
	},
	{
		name: "MariaDB", make: server.MariaDB, query: mariadb,
		much:        "INSERT INTO much SELECT seq, repeat(md5(seq), 32) FROM seq_2_to_30000",
		forever:     "SELECT sleep(3600)",
		sleepers:    "SELECT count(*) FROM information_schema.processlist WHERE state = 'User sleep'",
		durability:  "SELECT @@innodb_flush_log_at_trx_commit",
		safe:        "1",
		connections: "SELECT @@max_connections",
		few:         []string{"--max-connections=33"},
	},
}

func TestMain(m *testing.M) {
	if os.Getenv(parent) != "" {
		beParent()
	}
	for _, d := range databases {
		d.plain, d.special = d.make(), d.make()
		d.special.NoSync, d.special.Disk, d.special.Args = true, 256<<20, d.few
	}
	code := m.Run()
	for _, d := range databases {
		if err := errors.Join(d.plain.Close(), d.special.Close()); err != nil {
			fmt.Println(err)
			code = 1
		}
	}
	os.Exit(code)
}

// eachDatabase runs a test on each sort of server.
func eachDatabase(t *testing.T, test func(t *testing.T, d *database)) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) { test(t, d) })
	}
}

func psql(s *server.Server, sql string) *exec.Cmd {
	return exec.Command("psql", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-qtA", "-c", sql, s.DSN())
}

func mariadb(s *server.Server, sql string) *exec.Cmd {
	login, _, _ := strings.Cut(s.DSN(), "@")
	user, password, _ := strings.Cut(login, ":")
	host, port, _ := net.SplitHostPort(s.Addr())
	return exec.Command("mariadb", "--no-defaults", "-h", host, "-P", port, "-u", user, "-p"+password,
		"-nBNe", sql, "spindle")
}

// try runs SQL and returns what it prints.
func (d *database) try(s *server.Server, sql string) (string, error) {
	out, err := d.query(s, sql).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (d *database) ask(t *testing.T, s *server.Server, sql string) string {
	t.Helper()
	out, err := d.try(s, sql)
	require.NoError(t, err, out)
	return out
}

// empty makes the table "much" anew.
func (d *database) empty(t *testing.T, s *server.Server) {
	t.Helper()
	d.ask(t, s, "DROP TABLE IF EXISTS much")
	d.ask(t, s, "CREATE TABLE much (i int, x text)")
}
