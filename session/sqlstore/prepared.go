package sqlstore

import (
	"context"
	"database/sql"
)

// reader is for single statements that read. SQLite would compile them each
// time, which takes longer than to run them; so there they are prepared, for as
// long as DB is open. The drivers of the others prepare by themselves, or are
// told not to.
func (s *Store) reader() querier {
	if s.Dialect == SQLite {
		return prepared{s.DB, s}
	}
	return s.DB
}

type prepared struct {
	*sql.DB
	s *Store
}

func (p prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	one, ok := p.s.prepared.Load(query)
	if !ok {
		fresh, err := p.PrepareContext(ctx, query)
		if err != nil {
			return nil, err
		}
		if one, ok = p.s.prepared.LoadOrStore(query, fresh); ok {
			_ = fresh.Close() // another was faster
		}
	}
	return one.(*sql.Stmt).QueryContext(ctx, args...)
}
