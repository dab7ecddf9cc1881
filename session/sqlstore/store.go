package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spindleweb/spindle/session"
)

// A Store is a session.Store in a database. Set its fields before its first
// use; none of its methods closes DB.
type Store struct {
	DB      *sql.DB
	Dialect Dialect

	// Table is the name of its main table and the beginning of the names of
	// the others, so that several sites can share a database: up to 48
	// lower-case letters, digits and underscores, a letter first. Default:
	// spindle_sessions.
	Table string

	ready atomic.Bool // the tables are there
	texts sync.Map    // the statements with our names in them, by what they are made from

	prepared sync.Map // *sql.Stmt by their text; see reader
}

var (
	_ session.Store       = (*Store)(nil)
	_ session.Adjuster    = (*Store)(nil)
	_ session.Quarantiner = (*Store)(nil)
)

// A Dialect is the kind of database.
type Dialect uint8

// The databases that a Store works with.
const (
	PostgreSQL Dialect = iota + 1 // 12 or later
	MySQL                         // 8.0 or later, and MariaDB 10.6 or later
	SQLite                        // 3.42 or later
)

// engine is what the databases do each in a way of its own. Keys are sorted,
// without repetition, and no more than a batch.
type engine interface {
	words() *words

	create(ctx context.Context, s *Store, key session.StoreKey, r session.Record) error
	save(ctx context.Context, s *Store, key session.StoreKey, c session.Change) (uint64, error)
	touch(ctx context.Context, s *Store, keys []session.StoreKey, extend map[session.StoreKey]time.Duration) (map[session.StoreKey]uint64, error)
	claim(ctx context.Context, s *Store, keys []session.StoreKey, t session.Terms) ([]session.Claim, error)
	due(ctx context.Context, s *Store, limit int, grace time.Duration, t session.Terms) ([]session.Claim, error)
	ack(ctx context.Context, s *Store, keys []session.StoreKey) error

	migrate(ctx context.Context, s *Store) error
	passing(err error) bool // the same once more may succeed
}

// words is what differs in the databases in nothing but the wording.
type words struct {
	now   string // milliseconds since 1970 by the database's clock, one value for all of a statement
	batch int    // the most sessions that a statement is about
	steps []step // how the tables came to be; the version is their number

	load, exists   string
	setAside, move string
}

var engines = map[Dialect]engine{PostgreSQL: postgres{}, MySQL: mysql{}, SQLite: sqlite{}}

// Create implements session.Store.
func (s *Store) Create(ctx context.Context, key session.StoreKey, r session.Record) error {
	fields, err := writable(r.Fields)
	if err != nil {
		return err
	}
	r.Fields = fields
	return s.do(ctx, func(e engine) error { return e.create(ctx, s, key, r) })
}

// Save implements session.Store.
func (s *Store) Save(ctx context.Context, key session.StoreKey, c session.Change) (version uint64, err error) {
	if c.Set, err = writable(c.Set); err != nil {
		return 0, err
	}
	if c.Rename != nil && *c.Rename == key {
		c.Rename = nil
	}
	err = s.do(ctx, func(e engine) error {
		version, err = e.save(ctx, s, key, c)
		return err
	})
	return version, err
}

// Touch implements session.Store.
func (s *Store) Touch(ctx context.Context, all []session.Touch) ([]uint64, error) {
	extend := make(map[session.StoreKey]time.Duration, len(all))
	keys := make([]session.StoreKey, len(all))
	for i, t := range all {
		keys[i] = t.Key
		extend[t.Key] = max(extend[t.Key], t.Extend)
	}
	versions := make(map[session.StoreKey]uint64, len(all))
	err := s.inBatches(ctx, keys, func(e engine, keys []session.StoreKey) error {
		found, err := e.touch(ctx, s, keys, extend)
		for key, version := range found {
			versions[key] = version
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	list := make([]uint64, len(all))
	for i, t := range all {
		list[i] = versions[t.Key]
	}
	return list, nil
}

// Claim implements session.Store.
func (s *Store) Claim(ctx context.Context, keys []session.StoreKey, t session.Terms) ([]session.Claim, error) {
	if err := checkOwner(t.Owner); err != nil {
		return nil, err
	}
	claims := make(map[session.StoreKey]session.Claim, len(keys))
	err := s.inBatches(ctx, keys, func(e engine, keys []session.StoreKey) error {
		found, err := e.claim(ctx, s, keys, t)
		for _, c := range found {
			claims[c.Key] = c
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	list := make([]session.Claim, len(keys))
	for i, key := range keys {
		list[i] = claims[key]
		list[i].Key = key
	}
	return list, nil
}

// Due implements session.Store. If it fails when some have been claimed, it
// returns those.
func (s *Store) Due(ctx context.Context, limit int, grace time.Duration, t session.Terms) (list []session.Claim, err error) {
	if err := checkOwner(t.Owner); err != nil {
		return nil, err
	}
	for len(list) < limit {
		var n, got int
		err := s.do(ctx, func(e engine) error {
			n = min(limit-len(list), e.words().batch)
			found, err := e.due(ctx, s, n, grace, t)
			got = len(found)
			list = append(list, found...)
			return err
		})
		if err != nil && len(list) == 0 {
			return nil, err
		}
		if err != nil || got < n {
			break
		}
	}
	return list, nil
}

// Ack implements session.Store.
func (s *Store) Ack(ctx context.Context, keys []session.StoreKey) error {
	return s.inBatches(ctx, keys, func(e engine, keys []session.StoreKey) error { return e.ack(ctx, s, keys) })
}

// inBatches calls f with all keys, sorted, so that two calls which lock many
// rows wait for one another and never crosswise.
func (s *Store) inBatches(ctx context.Context, keys []session.StoreKey, f func(engine, []session.StoreKey) error) error {
	keys = slices.Clone(keys)
	slices.SortFunc(keys, compareKeys)
	keys = slices.Compact(keys)
	for len(keys) > 0 {
		var n int
		err := s.do(ctx, func(e engine) error {
			n = min(len(keys), e.words().batch)
			return f(e, keys[:n])
		})
		if err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}

func compareKeys(a, b session.StoreKey) int { return slices.Compare(a[:], b[:]) }

func compareClaims(a, b session.Claim) int {
	return cmp.Compare(a.Record.Remaining, b.Record.Remaining)
}
