package sqlstore

import "context"

var sqliteSteps = []step{
	{
		`CREATE TABLE spindle_sessions (
			hash BLOB NOT NULL PRIMARY KEY,
			due_at INTEGER NOT NULL,
			version INTEGER NOT NULL,
			attempt INTEGER NOT NULL DEFAULT 0,
			owner TEXT NOT NULL DEFAULT ''
		) WITHOUT ROWID`,
		`CREATE INDEX spindle_sessions_due ON spindle_sessions (due_at)`,
		`CREATE TABLE spindle_sessions_values (
			hash BLOB NOT NULL,
			name BLOB NOT NULL,
			value BLOB NOT NULL,
			version INTEGER NOT NULL,
			PRIMARY KEY (hash, name)
		) WITHOUT ROWID`,
	},
	{
		`ALTER TABLE spindle_sessions ADD COLUMN limit_at INTEGER NOT NULL DEFAULT FAR`,
		`ALTER TABLE spindle_sessions ADD COLUMN ends_at INTEGER`,
		`ALTER TABLE spindle_sessions ADD COLUMN why INTEGER NOT NULL DEFAULT 1`,
		`UPDATE spindle_sessions SET ends_at = due_at WHERE attempt <> 0`,
	},
}

// migrate makes one transaction of it all.
func (sqlite) migrate(ctx context.Context, s *Store) error {
	return immediately(ctx, s, func(q querier) error { return s.migrateIn(ctx, q, nil) })
}
