package drills_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/sqlstore"
)

// version1 are the tables as version 1 of the schema had them, with sessions in
// them: 01 is live, 02 due for long, 03 claimed by A as 1st with a lease that is
// over, and 04 claimed by A as 2nd for a long time to come.
var version1 = map[sqlstore.Dialect][]string{
	sqlstore.PostgreSQL: {
		`CREATE TABLE T (hash bytea PRIMARY KEY, due_at bigint NOT NULL, version bigint NOT NULL,
			attempt integer NOT NULL DEFAULT 0, owner text NOT NULL DEFAULT '')`,
		`CREATE INDEX T_due ON T (due_at)`,
		`CREATE TABLE T_values (hash bytea NOT NULL REFERENCES T ON DELETE CASCADE ON UPDATE CASCADE,
			name bytea NOT NULL, value bytea NOT NULL, version bigint NOT NULL, PRIMARY KEY (hash, name))`,
		`CREATE TABLE T_schema (version integer NOT NULL)`,
		`INSERT INTO T_schema VALUES (1)`,
		`INSERT INTO T VALUES (decode(repeat('01', 32), 'hex'), 99999999999999, 7, 0, ''), (decode(repeat('02', 32), 'hex'), 1000, 1, 0, ''),
			(decode(repeat('03', 32), 'hex'), 2000, 1, 1, 'A'), (decode(repeat('04', 32), 'hex'), 99999999999999, 1, 2, 'A')`,
		`INSERT INTO T_values SELECT hash, 'name', 'value', version FROM T`,
	},
	sqlstore.MySQL: {
		`CREATE TABLE T (hash BINARY(32) NOT NULL PRIMARY KEY, due_at BIGINT NOT NULL, version BIGINT NOT NULL,
			attempt INT NOT NULL DEFAULT 0, owner VARBINARY(255) NOT NULL DEFAULT '', INDEX T_due (due_at)) ENGINE = InnoDB`,
		`CREATE TABLE T_values (hash BINARY(32) NOT NULL, name VARBINARY(255) NOT NULL, value LONGBLOB NOT NULL, version BIGINT NOT NULL,
			PRIMARY KEY (hash, name), FOREIGN KEY (hash) REFERENCES T (hash) ON DELETE CASCADE ON UPDATE CASCADE) ENGINE = InnoDB`,
		`CREATE TABLE T_schema (version integer NOT NULL)`,
		`INSERT INTO T_schema VALUES (1)`,
		`INSERT INTO T VALUES (unhex(repeat('01', 32)), 99999999999999, 7, 0, ''), (unhex(repeat('02', 32)), 1000, 1, 0, ''),
			(unhex(repeat('03', 32)), 2000, 1, 1, 'A'), (unhex(repeat('04', 32)), 99999999999999, 1, 2, 'A')`,
		`INSERT INTO T_values SELECT hash, 'name', 'value', version FROM T`,
	},
	sqlstore.SQLite: {
		`CREATE TABLE T (hash BLOB NOT NULL PRIMARY KEY, due_at INTEGER NOT NULL, version INTEGER NOT NULL,
			attempt INTEGER NOT NULL DEFAULT 0, owner TEXT NOT NULL DEFAULT '') WITHOUT ROWID`,
		`CREATE INDEX T_due ON T (due_at)`,
		`CREATE TABLE T_values (hash BLOB NOT NULL, name BLOB NOT NULL, value BLOB NOT NULL, version INTEGER NOT NULL,
			PRIMARY KEY (hash, name)) WITHOUT ROWID`,
		`CREATE TABLE T_schema (version integer NOT NULL)`,
		`INSERT INTO T_schema VALUES (1)`,
		`INSERT INTO T VALUES (unhex('` + strings.Repeat("01", 32) + `'), 99999999999999, 7, 0, ''), (unhex('` + strings.Repeat("02", 32) + `'), 1000, 1, 0, ''),
			(unhex('` + strings.Repeat("03", 32) + `'), 2000, 1, 1, 'A'), (unhex('` + strings.Repeat("04", 32) + `'), 99999999999999, 1, 2, 'A')`,
		`INSERT INTO T_values SELECT hash, CAST('name' AS BLOB), CAST('value' AS BLOB), version FROM T`,
	},
}

func filled(b byte) (key session.StoreKey) {
	for i := range key {
		key[i] = b
	}
	return key
}

func fromVersion1(t *testing.T, d database) {
	ctx := limited(t)
	s := d.store(t, table())
	for _, statement := range version1[d.dialect] {
		_, err := s.DB.ExecContext(ctx, strings.NewReplacer("T_", s.Table+"_", " T ", " "+s.Table+" ").Replace(statement+" "))
		require.NoError(t, err, statement)
	}
	fields := func(version uint64) []session.Field {
		return []session.Field{{Name: "name", Value: []byte("value"), Version: version}}
	}

	r, err := s.Load(ctx, filled(1))
	require.NoError(t, err)
	require.Equal(t, uint64(7), r.Version)
	require.Equal(t, fields(7), r.Fields)
	require.Equal(t, session.Never, r.Limit)
	require.Greater(t, r.Remaining, 1000*24*time.Hour)
	version, err := s.Save(ctx, filled(1), session.Change{Limit: time.Hour})
	require.NoError(t, err)
	require.Equal(t, uint64(8), version)

	claims, err := s.Due(ctx, 10, 0, session.Terms{Owner: "B", Lease: time.Hour, Why: session.Idle})
	require.NoError(t, err)
	require.Len(t, claims, 2)
	for i, c := range claims {
		require.Equal(t, filled(byte(i)+2), c.Key)
		require.Equal(t, i+1, c.Attempt)
		require.Equal(t, session.Idle, c.Why)
		require.Equal(t, session.Never, c.Record.Limit)
		require.Equal(t, fields(1), c.Record.Fields)
		require.Negative(t, c.Record.Remaining)
	}
	claims, err = s.Claim(ctx, []session.StoreKey{filled(4)}, session.Terms{Owner: "A", Lease: time.Hour, Why: session.Idle})
	require.NoError(t, err)
	require.Equal(t, session.Claimed, claims[0].State)
	require.Equal(t, 2, claims[0].Attempt)
	require.Equal(t, fields(1), claims[0].Record.Fields)
}

func laterVersion(t *testing.T, d database) {
	ctx := limited(t)
	s := d.store(t, table())
	require.NoError(t, s.Create(ctx, session.StoreKey{1}, session.Record{Remaining: time.Hour, Limit: session.Never}))
	_, err := s.DB.ExecContext(ctx, `UPDATE `+s.Table+`_schema SET version = 99`)
	require.NoError(t, err)
	_, err = s.Load(ctx, session.StoreKey{1})
	require.NoError(t, err, "who has begun goes on")
	later := d.store(t, s.Table)
	for range 2 {
		_, err = later.Load(ctx, session.StoreKey{1})
		require.ErrorContains(t, err, "of version 99, later than 2")
		require.ErrorContains(t, later.Migrate(ctx), "of version 99, later than 2")
	}
}

func manyMigrate(t *testing.T, d database) {
	ctx := limited(t)
	name := table()
	errs := make([]error, 8)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range errs {
		s := d.store(t, name)
		wg.Go(func() {
			<-start
			errs[i] = s.Migrate(ctx)
			if errs[i] == nil {
				errs[i] = s.Create(ctx, keyOf(i), session.Record{Remaining: time.Hour, Limit: session.Never})
			}
		})
	}
	close(start)
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	db := d.open(t)
	var n, rows int
	require.NoError(t, db.QueryRowContext(ctx, `SELECT sum(version), count(*) FROM `+name+`_schema`).Scan(&n, &rows))
	require.Equal(t, 2, n)
	require.Equal(t, 1, rows)
}
