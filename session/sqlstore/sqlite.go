package sqlstore

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spindleweb/spindle/session"
)

// sqlite has one writer at a time. Foreign keys are enforced only on connections
// that ask for it, so what belongs together is kept together here.
type sqlite struct{}

var sqliteWords = words{
	// Rounded, because it is whole milliseconds divided by a thousand.
	now: `CAST(round(unixepoch('subsec') * 1000) AS INTEGER)`,
	// A transaction has a price of its own, which many rows share.
	batch: 500,
	steps: sqliteSteps,

	load: `
SELECT s.version, s.due_at - NOW_MS, s.limit_at - NOW_MS, v.name, v.value, v.version
FROM spindle_sessions s LEFT JOIN spindle_sessions_values v ON v.hash = s.hash
WHERE s.hash = ? AND s.attempt = 0 AND s.due_at > NOW_MS`,

	exists: `
SELECT EXISTS (SELECT 1 FROM spindle_sessions WHERE hash = ? AND attempt = 0 AND due_at > NOW_MS)`,

	setAside: `
UPDATE spindle_sessions SET attempt = -1, ends_at = coalesce(ends_at, due_at), due_at = FAR
WHERE hash = ? AND attempt >= 0`,

	move: `
UPDATE spindle_sessions SET
	due_at = CASE due_at WHEN FAR THEN FAR ELSE max(min(due_at + ?, FAR), -FAR) END,
	limit_at = CASE limit_at WHEN FAR THEN FAR ELSE max(min(limit_at + ?, FAR), -FAR) END
WHERE attempt = 0`,
}

var sqliteLocking = locking{
	create: `
INSERT INTO spindle_sessions (hash, due_at, limit_at, version)
VALUES (?, min(NOW_MS + ?, NOW_MS + ?, FAR), min(NOW_MS + ?, FAR), 1)
ON CONFLICT DO NOTHING`,

	put: `
INSERT INTO spindle_sessions_values (hash, name, value, version) VALUES ROWS
ON CONFLICT (hash, name) DO UPDATE SET value = excluded.value, version = excluded.version`,

	extend: `
UPDATE spindle_sessions SET
	due_at = min(coalesce(NOW_MS + ?, limit_at), FAR, max(min(due_at, NOW_MS + ?), NOW_MS + ?)),
	limit_at = min(coalesce(NOW_MS + ?, limit_at), FAR),
	version = version + 1
WHERE hash = ? AND attempt = 0 RETURNING version`,

	versions: `SELECT name, version FROM spindle_sessions_values WHERE hash = ?`,
	clear:    `DELETE FROM spindle_sessions_values WHERE hash = ?`,
	remove:   `DELETE FROM spindle_sessions_values WHERE hash = ? AND name IN (LIST)`,
	rename:   `UPDATE spindle_sessions SET hash = ? WHERE hash = ?`,

	byKey: `
SELECT hash, version, coalesce(ends_at, due_at) - NOW_MS, limit_at - NOW_MS, attempt, why, owner
FROM spindle_sessions WHERE hash IN (LIST) AND attempt >= 0`,

	anyDue: `
SELECT EXISTS (SELECT 1 FROM spindle_sessions INDEXED BY spindle_sessions_due
	WHERE due_at <= NOW_MS AND (attempt > 0 OR due_at <= NOW_MS - ?))`,

	byDue: `
SELECT hash, version, coalesce(ends_at, due_at) - NOW_MS, limit_at - NOW_MS, attempt, why, owner
FROM spindle_sessions INDEXED BY spindle_sessions_due
WHERE due_at <= NOW_MS AND (attempt > 0 OR due_at <= NOW_MS - ?)
ORDER BY due_at LIMIT ?`,

	take: `
UPDATE spindle_sessions SET
	why = CASE attempt WHEN 0 THEN ? ELSE why END,
	attempt = attempt + (attempt = 0 OR owner <> ?),
	ends_at = coalesce(ends_at, due_at),
	owner = ?,
	due_at = min(NOW_MS + ?, FAR)
WHERE hash IN (LIST)`,

	fields: `SELECT hash, name, value, version FROM spindle_sessions_values WHERE hash IN (LIST)`,

	ack: []string{
		`DELETE FROM spindle_sessions_values WHERE hash IN (SELECT hash FROM spindle_sessions WHERE hash IN (LIST) AND attempt > 0)`,
		`DELETE FROM spindle_sessions WHERE hash IN (LIST) AND attempt > 0`,
	},
}

const (
	sqliteRenameFields = `UPDATE spindle_sessions_values SET hash = ? WHERE hash = ?`

	sqliteInUse = `SELECT EXISTS (SELECT 1 FROM spindle_sessions WHERE hash = ?)`

	// One row at a time, prepared: an UPDATE from a list looks at all of the
	// list for each row.
	sqliteTouch = `
UPDATE spindle_sessions SET due_at = min(limit_at, max(due_at, NOW_MS + ?))
WHERE hash = ? AND attempt = 0 RETURNING version`
)

func (sqlite) words() *words { return &sqliteWords }

func (sqlite) create(ctx context.Context, s *Store, key session.StoreKey, r session.Record) error {
	return immediately(ctx, s, func(q querier) error {
		n, err := sqliteLocking.insert(ctx, s, q, key, r)
		if err == nil && n == 0 {
			err = session.ErrExists
		}
		return err
	})
}

func (sqlite) save(ctx context.Context, s *Store, key session.StoreKey, c session.Change) (version uint64, err error) {
	l := &sqliteLocking
	err = immediately(ctx, s, func(q querier) error {
		if err := q.QueryRowContext(ctx, s.text(l.extend), extendArgs(key, c)...).Scan(&version); err != nil {
			return goneIf(err)
		}
		if err := l.change(ctx, s, q, key, c, version); err != nil || c.Rename == nil {
			return err
		}
		inUse := false
		if err := q.QueryRowContext(ctx, s.text(sqliteInUse), c.Rename[:]).Scan(&inUse); err != nil {
			return err
		}
		if inUse {
			return session.ErrExists
		}
		for _, statement := range []string{l.rename, sqliteRenameFields} {
			if _, err := q.ExecContext(ctx, s.text(statement), c.Rename[:], key[:]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		version = 0
	}
	return version, err
}

func (sqlite) touch(ctx context.Context, s *Store, keys []session.StoreKey, extend map[session.StoreKey]time.Duration) (found map[session.StoreKey]uint64, err error) {
	err = immediately(ctx, s, func(q querier) error {
		found = make(map[session.StoreKey]uint64, len(keys))
		one, err := q.PrepareContext(ctx, s.text(sqliteTouch))
		if err != nil {
			return err
		}
		defer one.Close()
		for _, key := range keys {
			var version uint64
			switch err := goneIf(one.QueryRowContext(ctx, earliestOf(extend[key]), key[:]).Scan(&version)); err {
			case nil:
				found[key] = version
			case session.ErrGone:
			default:
				return err
			}
		}
		return nil
	})
	return found, err
}

func (sqlite) claim(ctx context.Context, s *Store, keys []session.StoreKey, t session.Terms) ([]session.Claim, error) {
	l := &sqliteLocking
	return l.claim(ctx, s, immediately, t, false, list(s.text(l.byKey), len(keys)), arguments(keys)...)
}

func (sqlite) due(ctx context.Context, s *Store, limit int, grace time.Duration, t session.Terms) ([]session.Claim, error) {
	return sqliteLocking.due(ctx, s, immediately, t, limit, grace)
}

func (sqlite) ack(ctx context.Context, s *Store, keys []session.StoreKey) error {
	return immediately(ctx, s, func(q querier) error { return sqliteLocking.ackAll(ctx, s, q, keys) })
}

// immediately calls f in a transaction that is the writer from its beginning:
// one that becomes it after it has read fails if there was another meanwhile.
// Whether database/sql begins such a one is a setting of the driver, so this
// does without it.
func immediately(ctx context.Context, s *Store, f func(querier) error) error {
	conn, err := s.DB.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		if ctx.Err() != nil { // it may have begun nevertheless
			_, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		}
		return err
	}
	if err = f(conn); err == nil {
		_, err = conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		if _, failed := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); failed != nil {
			drop(conn)
		}
	}
	return err
}

// passing: SQLITE_BUSY and SQLITE_LOCKED, in the lowest byte of what the errors
// of modernc.org/sqlite give as their Code. Those of other drivers are known by
// the text that SQLite itself has for them.
func (sqlite) passing(err error) bool {
	var e interface{ Code() int }
	if errors.As(err, &e) {
		const busy, locked = 5, 6
		code := e.Code() & 0xff
		return code == busy || code == locked
	}
	return err != nil && strings.Contains(err.Error(), "is locked")
}
