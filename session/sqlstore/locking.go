package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spindleweb/spindle/session"
)

// locking is how MySQL and SQLite do what is more than one statement: a
// transaction, which first locks the rows of the sessions, by changing them or
// by looking at them, and so has them to itself until it ends. LIST and ROWS in
// its statements are for as many parameters as there are.
type locking struct {
	create, put string // a session, its fields

	// extend writes the session itself, if nobody has claimed it.
	extend                          string
	versions, clear, remove, rename string

	byKey, anyDue, byDue, take, fields string

	ack []string
}

// begins are the ways to begin a transaction.
type begins func(ctx context.Context, s *Store, f func(querier) error) error

func (l *locking) insert(ctx context.Context, s *Store, q querier, key session.StoreKey, r session.Record) (n int64, err error) {
	remaining, limit := millis(r.Remaining), millis(r.Limit)
	result, err := q.ExecContext(ctx, s.text(l.create), key[:], remaining, limit, limit)
	if err != nil {
		return 0, err
	}
	if n, err = result.RowsAffected(); err != nil || n == 0 {
		return n, err
	}
	return n, l.putAll(ctx, s, q, key, r.Fields, 1)
}

// rowsAtOnce is how many fields one statement writes, and names it removes: the
// number of its parameters is limited.
const rowsAtOnce = 100

func (l *locking) putAll(ctx context.Context, s *Store, q querier, key session.StoreKey, fields []session.Field, version uint64) error {
	for some := range slices.Chunk(fields, rowsAtOnce) {
		args := make([]any, 0, 4*len(some))
		for _, f := range some {
			args = append(args, key[:], []byte(f.Name), f.Value, version)
		}
		if _, err := q.ExecContext(ctx, list(s.text(l.put), len(some)), args...); err != nil {
			return err
		}
	}
	return nil
}

// extendArgs are the parameters of extend.
func extendArgs(key session.StoreKey, c session.Change) []any {
	limit := limitOf(c)
	earliest, latest := bounds(c)
	return []any{limit, latest, earliest, limit, key[:]}
}

// change does the rest of a Save on a session that extend has locked.
func (l *locking) change(ctx context.Context, s *Store, q querier, key session.StoreKey, c session.Change, version uint64) error {
	if err := l.expected(ctx, s, q, key, c.Set); err != nil {
		return err
	}
	if c.Clear {
		if _, err := q.ExecContext(ctx, s.text(l.clear), key[:]); err != nil {
			return err
		}
	} else {
		for some := range slices.Chunk(c.Delete, rowsAtOnce) {
			args := []any{key[:]}
			for _, name := range some {
				args = append(args, []byte(name))
			}
			if _, err := q.ExecContext(ctx, list(s.text(l.remove), len(some)), args...); err != nil {
				return err
			}
		}
	}
	return l.putAll(ctx, s, q, key, c.Set, version)
}

// expected compares the fields' versions with what is expected of them.
func (l *locking) expected(ctx context.Context, s *Store, q querier, key session.StoreKey, fields []session.Field) error {
	if !slices.ContainsFunc(fields, func(f session.Field) bool { return f.Version != session.AnyVersion }) {
		return nil
	}
	have := make(map[string]uint64)
	err := rows(ctx, q, func(scan func(...any) error) error {
		var name []byte
		var version uint64
		err := scan(&name, &version)
		have[string(name)] = version
		return err
	}, s.text(l.versions), key[:])
	if err != nil {
		return err
	}
	for _, f := range fields {
		if f.Version != session.AnyVersion && f.Version != have[f.Name] {
			return session.ErrConflict
		}
	}
	return nil
}

// claim looks at sessions, takes those that it may, and reads their values, all
// in one transaction.
func (l *locking) claim(ctx context.Context, s *Store, begin begins, t session.Terms, byDue bool, statement string, args ...any) (claims []session.Claim, err error) {
	err = begin(ctx, s, func(q querier) error {
		claims, err = l.look(ctx, s, q, t, byDue, statement, args...)
		if err != nil {
			return err
		}
		taken := claimedOf(claims)
		if len(taken) == 0 {
			return nil
		}
		keys := arguments(taken)
		args := append([]any{uint8(t.Why), t.Owner, t.Owner, millis(t.Lease)}, keys...)
		if _, err := q.ExecContext(ctx, list(s.text(l.take), len(keys)), args...); err != nil {
			return err
		}
		return rows(ctx, q, func(scan func(...any) error) error { return addFields(claims, scan) }, list(s.text(l.fields), len(keys)), keys...)
	})
	if err != nil {
		return nil, err
	}
	return claims, nil
}

// due asks without a lock first, as nearly always nothing is.
func (l *locking) due(ctx context.Context, s *Store, begin begins, t session.Terms, limit int, grace time.Duration) ([]session.Claim, error) {
	var found bool
	if err := one(ctx, s.reader(), &found, s.text(l.anyDue), atLeast(grace)); err != nil || !found {
		return nil, err
	}
	claims, err := l.claim(ctx, s, begin, t, true, s.text(l.byDue), atLeast(grace), limit)
	slices.SortFunc(claims, compareClaims)
	return claims, err
}

// look locks the rows and tells what will become of them. Those that are found
// because they are due, or their lease is over, are all to be had.
func (l *locking) look(ctx context.Context, s *Store, q querier, t session.Terms, byDue bool, statement string, args ...any) (claims []session.Claim, err error) {
	err = rows(ctx, q, func(scan func(...any) error) error {
		var hash []byte
		var left, limit int64
		var owner string
		var c session.Claim
		if err := scan(&hash, &c.Record.Version, &left, &limit, &c.Attempt, &c.Why, &owner); err != nil {
			return err
		}
		c.Key = session.StoreKey(hash)
		c.Record.Remaining, c.Record.Limit = span(left), span(limit)
		switch fresh := c.Attempt == 0; {
		case fresh && !byDue && t.Why == session.Idle && left > 0 && (left > early(t) || left >= limit):
			c.State = session.NotDue
			c.Why = session.Alive
		case !fresh && !byDue && owner != t.Owner:
			return nil
		default:
			c.State = session.Claimed
			if fresh {
				c.Why = t.Why
			}
			if fresh || owner != t.Owner {
				c.Attempt++
			}
		}
		claims = append(claims, c)
		return nil
	}, statement, args...)
	return claims, err
}

func (l *locking) ackAll(ctx context.Context, s *Store, q querier, keys []session.StoreKey) error {
	for _, statement := range l.ack {
		if _, err := q.ExecContext(ctx, list(s.text(statement), len(keys)), arguments(keys)...); err != nil {
			return err
		}
	}
	return nil
}

// list has n parameters in the places of LIST and ROWS.
func list(statement string, n int) string {
	return strings.NewReplacer("LIST", times("?", n), "ROWS", times("(?, ?, ?, ?)", n)).Replace(statement)
}

func times(s string, n int) string { return s + strings.Repeat(", "+s, n-1) }

func arguments(keys []session.StoreKey) []any {
	list := make([]any, len(keys))
	for i := range keys {
		list[i] = keys[i][:]
	}
	return list
}

func claimedOf(claims []session.Claim) (keys []session.StoreKey) {
	for _, c := range claims {
		if c.State == session.Claimed {
			keys = append(keys, c.Key)
		}
	}
	return keys
}

// goneIf is what a missing row means.
func goneIf(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return session.ErrGone
	}
	return err
}

// earliestOf is by when at the least a session is due after a touch.
func earliestOf(extend time.Duration) int64 {
	earliest, _ := bounds(session.Change{Extend: extend})
	return earliest
}
