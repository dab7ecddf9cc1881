package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spindleweb/spindle/session"
)

// Load implements session.Store.
func (s *Store) Load(ctx context.Context, key session.StoreKey) (session.Record, error) {
	var r session.Record
	err := s.do(ctx, func(e engine) error {
		r = session.Record{}
		found := false
		err := rows(ctx, s.reader(), func(scan func(...any) error) error {
			var left, limit int64
			var name, value []byte
			var version *uint64
			if err := scan(&r.Version, &left, &limit, &name, &value, &version); err != nil {
				return err
			}
			found = true
			r.Remaining, r.Limit = span(left), span(limit)
			if version != nil {
				r.Fields = append(r.Fields, session.Field{Name: string(name), Value: value, Version: *version})
			}
			return nil
		}, s.text(e.words().load), key[:])
		if err == nil && !found {
			err = session.ErrGone
		}
		return err
	})
	return r, err
}

// Exists implements session.Store.
func (s *Store) Exists(ctx context.Context, key session.StoreKey) (found bool, err error) {
	err = s.do(ctx, func(e engine) error {
		return one(ctx, s.reader(), &found, s.text(e.words().exists), key[:])
	})
	return found, err
}

// AdjustTime implements session.Adjuster. It is one statement, which writes all
// sessions and keeps others from doing so meanwhile; a million of them take many
// seconds. So it wants a Store of its own, whose driver has no limit on how long
// a statement takes: where the connection is given up, the statement may still
// be done.
func (s *Store) AdjustTime(ctx context.Context, delta time.Duration) error {
	return s.do(ctx, func(e engine) error {
		ms := atLeast(delta)
		_, err := s.DB.ExecContext(ctx, s.text(e.words().move), ms, ms)
		return err
	})
}

// SetAside implements session.Quarantiner. The session's attempt is then -1.
// ErrGone if there is none, or if that has been done before.
func (s *Store) SetAside(ctx context.Context, key session.StoreKey) error {
	return s.do(ctx, func(e engine) error {
		result, err := s.DB.ExecContext(ctx, s.text(e.words().setAside), key[:])
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, session.ErrGone)
		}
		return nil
	})
}

const maxName = 255

// writable returns the fields as they are written: the last of a name, with a
// value that is not NULL.
func writable(fields []session.Field) ([]session.Field, error) {
	list := make([]session.Field, 0, len(fields))
	at := make(map[string]int, len(fields))
	for _, f := range fields {
		if len(f.Name) > maxName {
			return nil, fmt.Errorf("sqlstore: the name of a field has %d bytes, more than %d", len(f.Name), maxName)
		}
		if f.Value == nil {
			f.Value = []byte{}
		}
		if i, again := at[f.Name]; again {
			list[i] = f
			continue
		}
		at[f.Name] = len(list)
		list = append(list, f)
	}
	return list, nil
}

func checkOwner(owner string) error {
	if len(owner) > maxName {
		return fmt.Errorf("sqlstore: Terms.Owner has %d bytes, more than %d", len(owner), maxName)
	}
	return nil
}

// bytes returns keys as the drivers take them.
func bytes(keys []session.StoreKey) [][]byte {
	list := make([][]byte, len(keys))
	for i := range keys {
		list[i] = keys[i][:]
	}
	return list
}

// addFields reads those of the sessions that have been claimed. Nobody changes
// them any more.
func addFields(claims []session.Claim, scan func(...any) error) error {
	var hash, name, value []byte
	f := session.Field{}
	if err := scan(&hash, &name, &value, &f.Version); err != nil {
		return err
	}
	f.Name, f.Value = string(name), value
	for i := range claims {
		if claims[i].Key == session.StoreKey(hash) {
			claims[i].Record.Fields = append(claims[i].Record.Fields, f)
		}
	}
	return nil
}
