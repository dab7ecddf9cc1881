package sqlstore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spindleweb/spindle/session"
)

// postgres does each call in one statement, with arrays for the parameters that
// are many. A statement sees what was committed before it began, but a row that
// it locks as that row is then. So whoever has waited for another's Save knows
// the session's new version, and of its values the old ones.
//
// A plan is kept only if it seems as good as one made for the parameters at
// hand. So how many elements an array has, and what a limit is, are hidden from
// the planner by a SELECT: it always guesses the same, its plans are kept, and a
// Save or a Due takes a third of the time (BenchmarkSQL). For the same reason
// what is to be updated is an ARRAY, for which it always guesses few.
type postgres struct{}

var postgresWords = words{
	// statement_timestamp and not clock_timestamp, which may change within a
	// statement and so keeps the index from being used for a range.
	now: `floor(extract(epoch from statement_timestamp()) * 1000)::bigint`,
	// More in one statement is hardly faster, and locks more rows for longer.
	batch: 128,
	steps: postgresSteps,

	load: `
SELECT s.version, s.due_at - NOW_MS, s.limit_at - NOW_MS, v.name, v.value, v.version
FROM spindle_sessions s LEFT JOIN spindle_sessions_values v ON v.hash = s.hash
WHERE s.hash = $1 AND s.attempt = 0 AND s.due_at > NOW_MS`,

	exists: `
SELECT EXISTS (SELECT FROM spindle_sessions WHERE hash = $1 AND attempt = 0 AND due_at > NOW_MS)`,

	setAside: `
UPDATE spindle_sessions SET attempt = -1, ends_at = coalesce(ends_at, due_at), due_at = FAR
WHERE hash = $1 AND attempt >= 0`,

	move: `
UPDATE spindle_sessions SET
	due_at = CASE due_at WHEN FAR THEN FAR ELSE greatest(least(due_at + $1, FAR), -FAR) END,
	limit_at = CASE limit_at WHEN FAR THEN FAR ELSE greatest(least(limit_at + $2, FAR), -FAR) END
WHERE attempt = 0`,
}

const (
	postgresCreate = `
WITH _new AS (
	INSERT INTO spindle_sessions (hash, due_at, limit_at, version)
	VALUES ($1, least(NOW_MS + $2, NOW_MS + $3, FAR), least(NOW_MS + $3, FAR), 1)
	ON CONFLICT DO NOTHING
	RETURNING hash
), _set AS (
	INSERT INTO spindle_sessions_values (hash, name, value, version)
	SELECT _new.hash, f.name, f.value, 1
	FROM _new, unnest($4::bytea[], $5::bytea[]) AS f (name, value)
)
SELECT count(*) FROM _new`

	postgresLock = `SELECT FROM spindle_sessions WHERE hash = $1 FOR UPDATE`

	// _seen is the session as the values are seen, _held as it is.
	postgresSave = `
WITH _seen AS (
	SELECT version FROM spindle_sessions WHERE hash = $1
), _held AS MATERIALIZED (
	SELECT hash, version FROM spindle_sessions WHERE hash = $1 AND attempt = 0 FOR UPDATE
), _field AS (
	SELECT * FROM unnest((SELECT $2::bytea[]), (SELECT $3::bytea[]), (SELECT $4::bigint[])) AS f (name, value, expected)
), _state AS MATERIALIZED (
	SELECT _held.hash, _held.version + 1 AS version, _held.version <> _seen.version AS late, EXISTS (
		SELECT FROM _field f LEFT JOIN spindle_sessions_values v ON v.hash = $1 AND v.name = f.name
		WHERE f.expected <> -1 AND f.expected <> coalesce(v.version, 0)
	) AS conflict
	FROM _held, _seen
), _go AS (
	SELECT hash, version FROM _state WHERE NOT late AND NOT conflict
), _saved AS (
	UPDATE spindle_sessions s SET
		due_at = least(coalesce(NOW_MS + $7, s.limit_at), FAR, greatest(least(s.due_at, NOW_MS + $9), NOW_MS + $8)),
		limit_at = least(coalesce(NOW_MS + $7, s.limit_at), FAR),
		version = _go.version
	FROM _go WHERE s.hash = _go.hash
), _deleted AS (
	DELETE FROM spindle_sessions_values v USING _go
	WHERE v.hash = _go.hash AND ((SELECT $6::boolean) OR v.name = ANY ((SELECT $5::bytea[])::bytea[])) AND v.name <> ALL ((SELECT $2::bytea[])::bytea[])
), _set AS (
	INSERT INTO spindle_sessions_values (hash, name, value, version)
	SELECT _go.hash, f.name, f.value, _go.version FROM _go, _field f
	ON CONFLICT (hash, name) DO UPDATE SET value = excluded.value, version = excluded.version
)
SELECT version, late, conflict FROM _state`

	postgresRename = `UPDATE spindle_sessions SET hash = $2 WHERE hash = $1`

	postgresTouch = `
WITH _held AS MATERIALIZED (
	SELECT s.hash, t.extend
	FROM unnest((SELECT $1::bytea[]), (SELECT $2::bigint[])) AS t (hash, extend) JOIN spindle_sessions s ON s.hash = t.hash
	WHERE s.attempt = 0 ORDER BY s.hash FOR UPDATE OF s
)
UPDATE spindle_sessions s SET due_at = least(s.limit_at, greatest(s.due_at, NOW_MS + _held.extend))
FROM _held WHERE s.hash = _held.hash
RETURNING s.hash, s.version`

	postgresClaim = `
WITH _held AS MATERIALIZED (
	SELECT hash, due_at, limit_at, version, attempt,
		CASE WHEN attempt = 0 THEN $4 OR due_at <= NOW_MS OR due_at < limit_at AND due_at <= NOW_MS + $6 ELSE owner = $2 END AS mine
	FROM spindle_sessions WHERE hash = ANY ((SELECT $1::bytea[])::bytea[]) AND attempt >= 0 ORDER BY hash FOR UPDATE
), _taken AS (
	UPDATE spindle_sessions s SET` + postgresTake + `
	WHERE s.hash = ANY (ARRAY(SELECT hash FROM _held WHERE mine))
	RETURNING s.hash, s.attempt, s.why, s.ends_at
)
SELECT h.hash, h.version, coalesce(t.ends_at, h.due_at) - NOW_MS, h.limit_at - NOW_MS, coalesce(t.attempt, 0), coalesce(t.why, 0)
FROM _held h LEFT JOIN _taken t ON t.hash = h.hash WHERE h.mine OR h.attempt = 0`

	// What another is about to claim is passed over. The inner LIMIT is a batch,
	// and tells the planner that the index is worth it.
	postgresDue = `
UPDATE spindle_sessions s SET` + postgresTake + `
WHERE s.hash = ANY (ARRAY(SELECT hash FROM (
	SELECT hash FROM spindle_sessions
	WHERE due_at <= NOW_MS AND (attempt > 0 OR due_at <= NOW_MS - $1)
	ORDER BY due_at LIMIT 128 FOR UPDATE SKIP LOCKED
) AS due LIMIT $4))
RETURNING s.hash, s.version, s.ends_at - NOW_MS, s.limit_at - NOW_MS, s.attempt, s.why`

	postgresTake = `
	why = CASE s.attempt WHEN 0 THEN $5 ELSE s.why END,
	attempt = s.attempt + (s.attempt = 0 OR s.owner <> $2)::int,
	ends_at = coalesce(s.ends_at, s.due_at),
	owner = $2,
	due_at = least(NOW_MS + $3, FAR)`

	postgresFields = `SELECT hash, name, value, version FROM spindle_sessions_values WHERE hash = ANY ($1)`

	// In order, as the others lock: a DELETE by itself takes them as they lie, and
	// has been in a deadlock with a Claim, which costs both a second.
	postgresAck = `
WITH _held AS MATERIALIZED (
	SELECT hash FROM spindle_sessions WHERE hash = ANY ((SELECT $1::bytea[])::bytea[]) AND attempt > 0 ORDER BY hash FOR UPDATE
)
DELETE FROM spindle_sessions WHERE hash = ANY (ARRAY(SELECT hash FROM _held))`
)

func (postgres) words() *words { return &postgresWords }

func (postgres) create(ctx context.Context, s *Store, key session.StoreKey, r session.Record) error {
	names, values, _ := columns(r.Fields)
	var n int
	err := s.DB.QueryRowContext(ctx, s.text(postgresCreate), key[:], millis(r.Remaining), millis(r.Limit), names, values).Scan(&n)
	if err == nil && n == 0 {
		err = session.ErrExists
	}
	return err
}

var errLate = errors.New("another has changed the session meanwhile")

// save is one statement. When another was faster, or the key changes, it is a
// transaction, which holds the session before it looks at its values.
func (p postgres) save(ctx context.Context, s *Store, key session.StoreKey, c session.Change) (version uint64, err error) {
	if c.Rename == nil {
		if version, err = p.saveIn(ctx, s, s.DB, key, c); !errors.Is(err, errLate) {
			return version, err
		}
	}
	err = s.transaction(ctx, func(q querier) error {
		if _, err := q.ExecContext(ctx, s.text(postgresLock), key[:]); err != nil {
			return err
		}
		if version, err = p.saveIn(ctx, s, q, key, c); err != nil || c.Rename == nil {
			return err
		}
		_, err := q.ExecContext(ctx, s.text(postgresRename), key[:], c.Rename[:])
		if sqlState(err) == "23505" { // unique_violation
			err = session.ErrExists
		}
		return err
	})
	return version, err
}

func (postgres) saveIn(ctx context.Context, s *Store, q querier, key session.StoreKey, c session.Change) (version uint64, err error) {
	names, values, expected := columns(c.Set)
	deleted := make([][]byte, len(c.Delete))
	for i, name := range c.Delete {
		deleted[i] = []byte(name)
	}
	earliest, latest := bounds(c)
	gone, late, conflict := true, false, false
	err = rows(ctx, q, func(scan func(...any) error) error {
		gone = false
		return scan(&version, &late, &conflict)
	}, s.text(postgresSave), key[:], names, values, expected, deleted, c.Clear, limitOf(c), earliest, latest)
	switch {
	case err != nil:
	case gone:
		err = session.ErrGone
	case late:
		err = errLate
	case conflict:
		err = session.ErrConflict
	}
	if err != nil {
		version = 0
	}
	return version, err
}

// columns returns the fields as arrays, none of which is NULL.
func columns(fields []session.Field) (names, values [][]byte, versions []int64) {
	names, values, versions = make([][]byte, len(fields)), make([][]byte, len(fields)), make([]int64, len(fields))
	for i, f := range fields {
		names[i], values[i], versions[i] = []byte(f.Name), f.Value, int64(f.Version)
	}
	return names, values, versions
}

func (postgres) touch(ctx context.Context, s *Store, keys []session.StoreKey, extend map[session.StoreKey]time.Duration) (map[session.StoreKey]uint64, error) {
	spans := make([]int64, len(keys))
	for i, key := range keys {
		spans[i], _ = bounds(session.Change{Extend: extend[key]})
	}
	found := make(map[session.StoreKey]uint64, len(keys))
	err := rows(ctx, s.DB, func(scan func(...any) error) error {
		var hash []byte
		var version uint64
		err := scan(&hash, &version)
		if err == nil {
			found[session.StoreKey(hash)] = version
		}
		return err
	}, s.text(postgresTouch), bytes(keys), spans)
	return found, err
}

func (p postgres) claim(ctx context.Context, s *Store, keys []session.StoreKey, t session.Terms) ([]session.Claim, error) {
	return p.claims(ctx, s, postgresClaim, bytes(keys), t.Owner, millis(t.Lease), t.Why != session.Idle, int64(t.Why), early(t))
}

func (p postgres) due(ctx context.Context, s *Store, limit int, grace time.Duration, t session.Terms) ([]session.Claim, error) {
	list, err := p.claims(ctx, s, postgresDue, atLeast(grace), t.Owner, millis(t.Lease), limit, int64(t.Why))
	slices.SortFunc(list, compareClaims)
	return list, err
}

// claims is a statement that claims, and another for the values: nobody changes
// them any more.
func (postgres) claims(ctx context.Context, s *Store, statement string, args ...any) (list []session.Claim, err error) {
	err = rows(ctx, s.DB, func(scan func(...any) error) error {
		var hash []byte
		var left, limit int64
		var c session.Claim
		err := scan(&hash, &c.Record.Version, &left, &limit, &c.Attempt, &c.Why)
		if err != nil {
			return err
		}
		c.Key, c.State = session.StoreKey(hash), session.NotDue
		c.Record.Remaining, c.Record.Limit = span(left), span(limit)
		if c.Attempt > 0 {
			c.State = session.Claimed
		}
		list = append(list, c)
		return nil
	}, s.text(statement), args...)
	if err != nil {
		return nil, err
	}
	if claimed := claimedOf(list); len(claimed) > 0 {
		err = rows(ctx, s.DB, func(scan func(...any) error) error { return addFields(list, scan) }, s.text(postgresFields), bytes(claimed))
	}
	if err != nil {
		return nil, err
	}
	return list, nil
}

func (postgres) ack(ctx context.Context, s *Store, keys []session.StoreKey) error {
	_, err := s.DB.ExecContext(ctx, s.text(postgresAck), bytes(keys))
	return err
}

// passing: serialization_failure and deadlock_detected.
func (postgres) passing(err error) bool {
	state := sqlState(err)
	return state == "40001" || state == "40P01"
}

// sqlState is the code of a PostgreSQL error. The errors of pgx and lib/pq have
// this method.
func sqlState(err error) string {
	var e interface{ SQLState() string }
	if errors.As(err, &e) {
		return e.SQLState()
	}
	return ""
}
