package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// The tables, named as by default:
//
// spindle_sessions has a row for each session.
//
//	hash      the session.StoreKey
//	due_at    when somebody has to see to it: when it is due, or once it has
//	          been claimed when the lease is over. Nothing else is indexed.
//	limit_at  when it is due whoever touches it; due_at is never later
//	version   that of the record
//	attempt   0: not claimed, -1: set aside, which leaves it due never
//	owner     who has claimed it, for
//	why       which reason at first, and
//	ends_at   what due_at was until then
//
// spindle_sessions_values has one for each field.
//
// spindle_sessions_schema has one, with the version of the tables: the number of
// steps that have been done.
//
// All times are in milliseconds since 1970 by the database's clock.

// A step brings the tables from one version to the next. What has been released
// stays as it is: further changes are further steps.
type step []string

const (
	createVersion = `CREATE TABLE IF NOT EXISTS spindle_sessions_schema (version integer NOT NULL)`
	firstVersion  = `INSERT INTO spindle_sessions_schema (version) VALUES (0)`
	readVersion   = `SELECT version FROM spindle_sessions_schema`
	nextVersion   = `UPDATE spindle_sessions_schema SET version = version + 1`
)

// Migrate makes the tables, or brings those of an earlier version up to date
// with all that is in them; if they are, it only looks. Every call of a Store
// does this first until it has succeeded once, so Migrate is for those who want
// to do it at a time of their own, or as another user of the database. It may
// run in many processes at once. What was written by a later version of this
// package is refused.
func (s *Store) Migrate(ctx context.Context) error {
	e, err := s.engine()
	if err != nil {
		return err
	}
	err = s.patiently(ctx, e, func() error {
		// A table that is not there is an error, and whatever else this one
		// may be, migrate meets it too.
		if v, err := s.version(ctx, s.DB); err == nil && v >= len(e.words().steps) {
			return s.known(v)
		}
		return e.migrate(ctx, s)
	})
	if err != nil {
		return fmt.Errorf("sqlstore: migrating: %w", err)
	}
	s.ready.Store(true)
	return nil
}

// known reports versions that are not.
func (s *Store) known(version int) error {
	if n := len(engines[s.Dialect].words().steps); version > n {
		return fmt.Errorf("the tables %s are of version %d, later than %d, the last one known here", s.table(), version, n)
	}
	return nil
}

func (s *Store) version(ctx context.Context, q querier) (version int, err error) {
	err = q.QueryRowContext(ctx, s.text(readVersion)).Scan(&version)
	return version, err
}

// migrateIn does what is missing; the caller has seen to it that nobody else
// does meanwhile. An error that done knows says that a statement has been done
// before.
func (s *Store) migrateIn(ctx context.Context, q querier, done func(error) bool) error {
	exec := func(statement string) error {
		_, err := q.ExecContext(ctx, s.text(statement))
		if err != nil && done != nil && done(err) {
			return nil
		}
		return err
	}
	if err := exec(createVersion); err != nil {
		return err
	}
	version, err := s.version(ctx, q)
	if errors.Is(err, sql.ErrNoRows) {
		err = exec(firstVersion)
	}
	if err != nil {
		return err
	}
	if err := s.known(version); err != nil {
		return err
	}
	for _, step := range engines[s.Dialect].words().steps[version:] {
		for _, statement := range step {
			if err := exec(statement); err != nil {
				return err
			}
		}
		if err := exec(nextVersion); err != nil {
			return err
		}
	}
	return nil
}
