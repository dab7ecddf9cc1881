package sqlstore

import (
	"context"
	"database/sql"
)

var mysqlSteps = []step{
	{
		`CREATE TABLE IF NOT EXISTS spindle_sessions (
			hash BINARY(32) NOT NULL PRIMARY KEY,
			due_at BIGINT NOT NULL,
			version BIGINT NOT NULL,
			attempt INT NOT NULL DEFAULT 0,
			owner VARBINARY(255) NOT NULL DEFAULT '',
			INDEX spindle_sessions_due (due_at)
		) ENGINE = InnoDB`,
		`CREATE TABLE IF NOT EXISTS spindle_sessions_values (
			hash BINARY(32) NOT NULL,
			name VARBINARY(255) NOT NULL,
			value LONGBLOB NOT NULL,
			version BIGINT NOT NULL,
			PRIMARY KEY (hash, name),
			FOREIGN KEY (hash) REFERENCES spindle_sessions (hash) ON DELETE CASCADE ON UPDATE CASCADE
		) ENGINE = InnoDB`,
	},
	{
		`ALTER TABLE spindle_sessions
			ADD COLUMN limit_at BIGINT NOT NULL DEFAULT FAR,
			ADD COLUMN ends_at BIGINT,
			ADD COLUMN why SMALLINT NOT NULL DEFAULT 1`,
		`UPDATE spindle_sessions SET ends_at = due_at WHERE attempt <> 0 AND ends_at IS NULL`,
	},
}

// The name of a lock is one for all databases of a server, and at most 64 long.
const (
	mysqlGetLock = `SELECT GET_LOCK(SHA1(CONCAT(DATABASE(), '.spindle_sessions_schema')), 1)`
	mysqlRelease = `DO RELEASE_LOCK(SHA1(CONCAT(DATABASE(), '.spindle_sessions_schema')))`
)

// migrate holds a lock of the connection, as each statement that changes a table
// is a transaction of its own. If one ends before it has counted its step, the
// next does that once more, so what was there before is not an error.
func (mysql) migrate(ctx context.Context, s *Store) error {
	conn, err := s.DB.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	// For a second at a time: drivers give up a connection that is silent.
	for got := (sql.NullInt64{}); got.Int64 != 1; {
		if err := conn.QueryRowContext(ctx, s.text(mysqlGetLock)).Scan(&got); err != nil {
			return err
		}
	}
	defer func() {
		if _, err := conn.ExecContext(context.WithoutCancel(ctx), s.text(mysqlRelease)); err != nil {
			drop(conn)
		}
	}()
	return s.migrateIn(ctx, conn, func(err error) bool {
		code := mysqlCode(err)
		return code == mysqlDuplicateColumn || code == mysqlDuplicateName
	})
}
