package sqlstore

import "context"

var postgresSteps = []step{
	{
		`CREATE TABLE spindle_sessions (
			hash bytea PRIMARY KEY,
			due_at bigint NOT NULL,
			version bigint NOT NULL,
			attempt integer NOT NULL DEFAULT 0,
			owner text NOT NULL DEFAULT ''
		) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0)`,
		`CREATE INDEX spindle_sessions_due ON spindle_sessions (due_at)`,
		`CREATE TABLE spindle_sessions_values (
			hash bytea NOT NULL REFERENCES spindle_sessions ON DELETE CASCADE ON UPDATE CASCADE,
			name bytea NOT NULL,
			value bytea NOT NULL,
			version bigint NOT NULL,
			PRIMARY KEY (hash, name)
		) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0)`,
	},
	{
		`ALTER TABLE spindle_sessions
			ADD COLUMN limit_at bigint NOT NULL DEFAULT FAR,
			ADD COLUMN ends_at bigint,
			ADD COLUMN why smallint NOT NULL DEFAULT 1`,
		`UPDATE spindle_sessions SET ends_at = due_at WHERE attempt <> 0`,
	},
}

// migrate makes one transaction of it all. The lock is named after the table
// and ends with the transaction.
func (postgres) migrate(ctx context.Context, s *Store) error {
	return s.transaction(ctx, func(q querier) error {
		if _, err := q.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, s.table()+"_schema"); err != nil {
			return err
		}
		return s.migrateIn(ctx, q, nil)
	})
}
