package drills_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// A spy writes down what is sent to a database.
type spy struct {
	driver driver.Driver
	dsn    string
	mu     sync.Mutex
	sent   []*statement
}

type statement struct {
	text string
	args []any
}

// spyOn opens the database with a spy on the line.
func (d database) spyOn(t testing.TB) (*sql.DB, *spy) {
	t.Helper()
	y := &spy{driver: d.open(t).Driver(), dsn: d.dsn}
	db := sql.OpenDB(y)
	db.SetMaxOpenConns(d.conns)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db, y
}

func (y *spy) Driver() driver.Driver { return y.driver }

func (y *spy) Connect(context.Context) (driver.Conn, error) {
	c, err := y.driver.Open(y.dsn)
	if err != nil {
		return nil, err
	}
	return &spyConn{c, y}, nil
}

func (y *spy) note(text string, args []driver.NamedValue) *statement {
	y.mu.Lock()
	defer y.mu.Unlock()
	s := &statement{text, values(args)}
	y.sent = append(y.sent, s)
	return s
}

func values(args []driver.NamedValue) (list []any) {
	for _, a := range args {
		list = append(list, a.Value)
	}
	return list
}

// take returns what has been sent since the last time.
func (y *spy) take() []*statement {
	y.mu.Lock()
	defer y.mu.Unlock()
	sent := y.sent
	y.sent = nil
	return sent
}

type spyConn struct {
	driver.Conn
	spy *spy
}

func (c *spyConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	c.spy.note(text, args)
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, text, args)
}

func (c *spyConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	c.spy.note(text, args)
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, text, args)
}

func (c *spyConn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	s, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	return &spyStmt{s, c.spy, c.spy.note(text, nil)}, nil
}

// A spyStmt is one statement however often it is executed, with what it was
// given last.
type spyStmt struct {
	driver.Stmt
	spy   *spy
	noted *statement
}

func (s *spyStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	s.spy.mu.Lock()
	s.noted.args = values(args)
	s.spy.mu.Unlock()
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}

func (c *spyConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	c.spy.note("BEGIN", nil)
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
}

func (c *spyConn) CheckNamedValue(v *driver.NamedValue) error {
	if checker, ok := c.Conn.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(v)
	}
	return driver.ErrSkip
}
