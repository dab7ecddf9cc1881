package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"time"

	"github.com/spindleweb/spindle/session"
)

// retries is how often a call is made again that others got in the way of:
// deadlocks and conflicts of transactions are everyday things in a database.
const retries = 5

// do makes a call, when the tables are there.
func (s *Store) do(ctx context.Context, f func(engine) error) error {
	e, err := s.engine()
	if err != nil {
		return err
	}
	if !s.ready.Load() {
		if err := s.Migrate(ctx); err != nil {
			return err
		}
	}
	return wrapped(s.patiently(ctx, e, func() error { return f(e) }))
}

// patiently calls f until it succeeds or fails for a reason that will not pass
// soon.
func (s *Store) patiently(ctx context.Context, e engine, f func() error) error {
	for i := 0; ; i++ {
		err := f()
		if err == nil || i == retries || !e.passing(err) {
			return err
		}
		wait := time.NewTimer(rand.N(4 * time.Millisecond << i))
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return err
		}
	}
}

// wrapped leaves the answers of the contract as they are.
func wrapped(err error) error {
	switch err {
	case nil, session.ErrGone, session.ErrExists, session.ErrConflict:
		return err
	}
	return fmt.Errorf("sqlstore: %w", err)
}

var plainName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,47}$`)

// engine returns that of the dialect, unless a field of s is wrong.
func (s *Store) engine() (engine, error) {
	e := engines[s.Dialect]
	switch {
	case s.DB == nil:
		return nil, errors.New("sqlstore: Store.DB is not set")
	case e == nil:
		return nil, errors.New("sqlstore: Store.Dialect is none of PostgreSQL, MySQL and SQLite")
	case s.Table != "" && !plainName.MatchString(s.Table):
		return nil, fmt.Errorf("sqlstore: Store.Table is %q: it has to be of lower-case letters, digits and underscores, a letter first, and no longer than 48", s.Table)
	}
	return e, nil
}

// text is a statement as it is sent. The statements have the default's name in
// them, NOW_MS for the clock and FAR for the moment of what never ends.
func (s *Store) text(statement string) string {
	if t, ok := s.texts.Load(statement); ok {
		return t.(string)
	}
	r := strings.NewReplacer("spindle_sessions", s.table(), "NOW_MS", engines[s.Dialect].words().now, "FAR", farText)
	t := r.Replace(statement)
	s.texts.Store(statement, t)
	return t
}

func (s *Store) table() string {
	if s.Table == "" {
		return "spindle_sessions"
	}
	return s.Table
}

// querier is what a database and a transaction have in common.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// transaction calls f in a transaction, in which every statement sees what
// others have committed before it.
func (s *Store) transaction(ctx context.Context, f func(querier) error) error {
	tx, err := s.DB.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback() // or the connection is closed, which does the same
		return err
	}
	return tx.Commit()
}

// drop closes a connection that is in a state nobody knows.
func drop(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
}

// rows calls f for each row of the answer.
func rows(ctx context.Context, q querier, f func(scan func(...any) error) error, query string, args ...any) error {
	r, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer r.Close()
	for r.Next() {
		if err := f(r.Scan); err != nil {
			return err
		}
	}
	if err := r.Err(); err != nil {
		return err
	}
	return r.Close()
}

// one reads an answer of one row and one column.
func one(ctx context.Context, q querier, answer any, query string, args ...any) error {
	return rows(ctx, q, func(scan func(...any) error) error { return scan(answer) }, query, args...)
}
