package main

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/spindleweb/spindle/session"
	"modernc.org/sqlite"
)

// cursor is a connection to the database that one session has for itself, and the
// rows of its last query.
type cursor struct {
	s *session.Session

	mu   sync.Mutex // calls of one session may come at once
	conn *sql.Conn
	rows *sql.Rows // nil if there are none
}

// newCursor makes what is at a session's address.
func newCursor(ctx context.Context, s *session.Session) (resource.Resource, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	c := &cursor{s: s, conn: conn}
	s.Own(c)
	service := &rpc.Service{Name: "cursor", Help: "A cursor, for one client alone.", Hook: abort}
	service.Export("execute", c.execute, "statement", "parameters=[]").
		Help = "Executes a statement with its parameters, and returns how many rows it has changed, -1 for a query."
	service.Export("description", c.description).Help = "Returns the names of the columns."
	service.Export("fetchone", c.fetchone).Help = "Returns the next row, or null."
	service.Export("fetchall", c.fetchall).Help = "Returns all rows that are left."
	service.Export("close", s.Expire).Help = "Closes the cursor."
	services := new(rpc.Registry)
	services.Add(service)
	g := &rpc.Gateway{Registry: services, Session: s, I8: true, Nil: true}
	return g.At("cursor"), nil
}

// Close gives the connection back. The session closes its cursor once, when a
// query that was under way has been told to end.
func (c *cursor) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(c.done(), c.conn.Close())
}

// done closes the rows that are left of the last query.
func (c *cursor) done() error {
	if c.rows == nil {
		return nil
	}
	rows := c.rows
	c.rows = nil
	return rows.Close()
}

func (c *cursor) execute(statement string, parameters []any) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.done(); err != nil {
		return 0, err
	}
	before, err := c.changes()
	if err != nil {
		return 0, err
	}
	// The rows are there as long as the session, not as this call.
	rows, err := c.conn.QueryContext(c.s.Context(), statement, parameters...)
	if err != nil {
		return 0, err
	}
	if columns, err := rows.Columns(); err != nil || len(columns) > 0 {
		c.rows = rows
		return -1, err
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, err
	}
	after, err := c.changes()
	return after - before, err
}

// changes returns how many rows the connection has changed so far.
func (c *cursor) changes() (n int64, err error) {
	err = c.conn.QueryRowContext(c.s.Context(), "SELECT total_changes()").Scan(&n)
	return n, err
}

var errNoQuery = errors.New("execute a query first")

func (c *cursor) description() ([]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rows == nil {
		return nil, errNoQuery
	}
	return c.rows.Columns()
}

// fetchone returns a pointer as there is null in place of a row, but not of a list.
func (c *cursor) fetchone() (*[]any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	row, err := c.fetch()
	if row == nil || err != nil {
		return nil, err
	}
	return &row, nil
}

func (c *cursor) fetchall() ([][]any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := [][]any{}
	for {
		row, err := c.fetch()
		if row == nil || err != nil {
			return all, err
		}
		all = append(all, row)
	}
}

// fetch returns the next row, nil after the last.
func (c *cursor) fetch() ([]any, error) {
	if c.rows == nil {
		return nil, errNoQuery
	}
	if !c.rows.Next() {
		return nil, c.rows.Err()
	}
	columns, err := c.rows.Columns()
	if err != nil {
		return nil, err
	}
	row, to := make([]any, len(columns)), make([]any, len(columns))
	for i := range row {
		to[i] = &row[i]
	}
	return row, c.rows.Scan(to...)
}

// abort tells the client of the database's errors with their numbers, as OSE's
// services do in executeMethod.
func abort(ctx context.Context, c *rpc.Call) (any, error) {
	v, err := c.Invoke(ctx)
	var fault *rpc.Fault
	var failed *sqlite.Error
	switch {
	case err == nil || errors.As(err, &fault) || c.Session.Context().Err() != nil:
	case errors.As(err, &failed):
		rpc.Abort(failed.Code(), failed.Error(), "sqlite", "")
	default: // what MySQLdb calls a ProgrammingError
		rpc.Abort(1, "Programming Error", "db", err.Error())
	}
	return v, err
}
