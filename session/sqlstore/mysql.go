package sqlstore

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/spindleweb/spindle/session"
)

// mysql has neither arrays nor statements within statements, so what is more
// than one is a transaction. It is READ COMMITTED, in which rows are locked and
// not the gaps between them. How many rows an UPDATE counts depends on a setting
// of the driver; those whose count is used change whatever they find.
type mysql struct{}

var mysqlWords = words{
	// Not UNIX_TIMESTAMP, which goes by the time zone of the connection.
	now: `TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000`,
	// More in one statement is hardly faster, and locks more rows for longer.
	batch: 128,
	steps: mysqlSteps,

	load: `
SELECT s.version, s.due_at - NOW_MS, s.limit_at - NOW_MS, v.name, v.value, v.version
FROM spindle_sessions s LEFT JOIN spindle_sessions_values v ON v.hash = s.hash
WHERE s.hash = ? AND s.attempt = 0 AND s.due_at > NOW_MS`,

	exists: `
SELECT EXISTS (SELECT 1 FROM spindle_sessions WHERE hash = ? AND attempt = 0 AND due_at > NOW_MS)`,

	setAside: `
UPDATE spindle_sessions SET attempt = -1, ends_at = COALESCE(ends_at, due_at), due_at = FAR
WHERE hash = ? AND attempt >= 0`,

	move: `
UPDATE spindle_sessions SET
	due_at = CASE due_at WHEN FAR THEN FAR ELSE GREATEST(LEAST(due_at + ?, FAR), -FAR) END,
	limit_at = CASE limit_at WHEN FAR THEN FAR ELSE GREATEST(LEAST(limit_at + ?, FAR), -FAR) END
WHERE attempt = 0`,
}

// Assignments are made from left to right, each with what those before have
// left. The order here is such that it does not matter.
var mysqlLocking = locking{
	create: `
INSERT INTO spindle_sessions (hash, due_at, limit_at, version)
VALUES (?, LEAST(NOW_MS + ?, NOW_MS + ?, FAR), LEAST(NOW_MS + ?, FAR), 1)`,

	put: `
INSERT INTO spindle_sessions_values (hash, name, value, version) VALUES ROWS
ON DUPLICATE KEY UPDATE value = VALUES(value), version = VALUES(version)`,

	// The new version comes back as the id of an insertion.
	extend: `
UPDATE spindle_sessions SET
	due_at = LEAST(COALESCE(NOW_MS + ?, limit_at), FAR, GREATEST(LEAST(due_at, NOW_MS + ?), NOW_MS + ?)),
	limit_at = LEAST(COALESCE(NOW_MS + ?, limit_at), FAR),
	version = LAST_INSERT_ID(version + 1)
WHERE hash = ? AND attempt = 0`,

	versions: `SELECT name, version FROM spindle_sessions_values WHERE hash = ?`,
	clear:    `DELETE FROM spindle_sessions_values WHERE hash = ?`,
	remove:   `DELETE FROM spindle_sessions_values WHERE hash = ? AND name IN (LIST)`,
	rename:   `UPDATE spindle_sessions SET hash = ? WHERE hash = ?`,

	byKey: `
SELECT hash, version, COALESCE(ends_at, due_at) - NOW_MS, limit_at - NOW_MS, attempt, why, owner
FROM spindle_sessions WHERE hash IN (LIST) AND attempt >= 0 ORDER BY hash FOR UPDATE`,

	anyDue: `
SELECT EXISTS (SELECT 1 FROM spindle_sessions FORCE INDEX (spindle_sessions_due)
	WHERE due_at <= NOW_MS AND (attempt > 0 OR due_at <= NOW_MS - ?))`,

	// The index is forced: statistics from when nearly all sessions were due
	// would have the table read. What another is about to claim is passed over.
	byDue: `
SELECT hash, version, COALESCE(ends_at, due_at) - NOW_MS, limit_at - NOW_MS, attempt, why, owner
FROM spindle_sessions FORCE INDEX (spindle_sessions_due)
WHERE due_at <= NOW_MS AND (attempt > 0 OR due_at <= NOW_MS - ?)
ORDER BY due_at LIMIT ? FOR UPDATE SKIP LOCKED`,

	take: `
UPDATE spindle_sessions SET
	why = CASE attempt WHEN 0 THEN ? ELSE why END,
	attempt = attempt + (attempt = 0 OR owner <> ?),
	ends_at = COALESCE(ends_at, due_at),
	owner = ?,
	due_at = LEAST(NOW_MS + ?, FAR)
WHERE hash IN (LIST)`,

	fields: `SELECT hash, name, value, version FROM spindle_sessions_values WHERE hash IN (LIST)`,

	ack: []string{`DELETE FROM spindle_sessions WHERE hash IN (LIST) AND attempt > 0`},
}

const (
	mysqlHold = `
SELECT hash, version, due_at, limit_at, NOW_MS
FROM spindle_sessions WHERE hash IN (LIST) AND attempt = 0 ORDER BY hash FOR UPDATE`

	// Nothing is inserted: the rows are there, and locked.
	mysqlMoveTo = `
INSERT INTO spindle_sessions (hash, version, due_at, limit_at) VALUES ROWS
ON DUPLICATE KEY UPDATE due_at = VALUES(due_at)`
)

func (mysql) words() *words { return &mysqlWords }

func (mysql) transaction(ctx context.Context, s *Store, f func(querier) error) error {
	return s.transaction(ctx, f)
}

func (mysql) create(ctx context.Context, s *Store, key session.StoreKey, r session.Record) error {
	err := s.transaction(ctx, func(q querier) error {
		_, err := mysqlLocking.insert(ctx, s, q, key, r)
		return err
	})
	if mysqlInUse(err) {
		err = session.ErrExists
	}
	return err
}

func (mysql) save(ctx context.Context, s *Store, key session.StoreKey, c session.Change) (version uint64, err error) {
	l := &mysqlLocking
	err = s.transaction(ctx, func(q querier) error {
		result, err := q.ExecContext(ctx, s.text(l.extend), extendArgs(key, c)...)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return session.ErrGone
		}
		id, err := result.LastInsertId()
		if err != nil {
			return err
		}
		version = uint64(id)
		if err := l.change(ctx, s, q, key, c, version); err != nil || c.Rename == nil {
			return err
		}
		_, err = q.ExecContext(ctx, s.text(l.rename), c.Rename[:], key[:])
		if mysqlInUse(err) {
			err = session.ErrExists
		}
		return err
	})
	if err != nil {
		version = 0
	}
	return version, err
}

// touch locks the sessions, reckons here, and writes those that move.
func (mysql) touch(ctx context.Context, s *Store, keys []session.StoreKey, extend map[session.StoreKey]time.Duration) (found map[session.StoreKey]uint64, err error) {
	err = s.transaction(ctx, func(q querier) error {
		found = make(map[session.StoreKey]uint64, len(keys))
		var moved []any
		err := rows(ctx, q, func(scan func(...any) error) error {
			var hash []byte
			var version uint64
			var due, limit, now int64
			if err := scan(&hash, &version, &due, &limit, &now); err != nil {
				return err
			}
			key := session.StoreKey(hash)
			found[key] = version
			if end := min(limit, now+earliestOf(extend[key])); end > due {
				moved = append(moved, hash, version, end, limit)
			}
			return nil
		}, list(s.text(mysqlHold), len(keys)), arguments(keys)...)
		if err == nil && len(moved) > 0 {
			_, err = q.ExecContext(ctx, list(s.text(mysqlMoveTo), len(moved)/4), moved...)
		}
		return err
	})
	return found, err
}

func (m mysql) claim(ctx context.Context, s *Store, keys []session.StoreKey, t session.Terms) ([]session.Claim, error) {
	l := &mysqlLocking
	return l.claim(ctx, s, m.transaction, t, false, list(s.text(l.byKey), len(keys)), arguments(keys)...)
}

func (m mysql) due(ctx context.Context, s *Store, limit int, grace time.Duration, t session.Terms) ([]session.Claim, error) {
	l := &mysqlLocking
	return l.due(ctx, s, m.transaction, t, limit, grace)
}

func (mysql) ack(ctx context.Context, s *Store, keys []session.StoreKey) error {
	return mysqlLocking.ackAll(ctx, s, s.DB, keys)
}

const (
	mysqlDuplicateColumn = 1060
	mysqlDuplicateName   = 1061
	mysqlDuplicateKey    = 1062
	mysqlLockWait        = 1205
	mysqlDeadlock        = 1213

	// What 1062 is called if the fields come to it before the session itself:
	// with the names of table and key, and without.
	mysqlDuplicateField   = 1761
	mysqlDuplicateUnnamed = 1762
)

// mysqlInUse reports whether err says that there is such a key.
func mysqlInUse(err error) bool {
	code := mysqlCode(err)
	return code == mysqlDuplicateKey || code == mysqlDuplicateField || code == mysqlDuplicateUnnamed
}

func (mysql) passing(err error) bool {
	code := mysqlCode(err)
	return code == mysqlLockWait || code == mysqlDeadlock
}

// mysqlCode is the number of a MySQL error. The driver's type has it in a field,
// which nobody can read without importing the driver; so it is taken from the
// text, which begins with "Error 1213 (40001): " as the server's own tools have
// it, or "Error 1213: " without a state.
func mysqlCode(err error) int {
	if err == nil {
		return 0
	}
	text, ok := strings.CutPrefix(err.Error(), "Error ")
	if !ok {
		return 0
	}
	if i := strings.IndexAny(text, " :"); i > 0 {
		text = text[:i]
	}
	code, _ := strconv.Atoi(text)
	return code
}
