package storetest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/spindleweb/spindle/session"
)

// Memory is a Store in the memory of this process: for tests of programs that
// have one, and for several Managers in one process. It is the reference for
// other stores, so it is simple before anything else: one lock, and a Due that
// looks at every record. The zero Memory is empty and ready.
//
// Its clock is that of the process, which no change of the time of day moves,
// plus what Advance has added. In a testing/synctest bubble it is the bubble's.
// It keeps copies of what it is given and gives copies.
type Memory struct {
	mu      sync.Mutex
	start   time.Time // the clock's 0
	ahead   time.Duration
	records map[session.StoreKey]*record
}

type record struct {
	version    uint64
	due, limit time.Duration // moments of the clock, Never if they never come
	fields     map[string]session.Field

	owner   string
	lease   time.Duration // the moment of its end
	why     session.Reason
	attempt int // 0 if nobody has claimed it

	aside bool
}

var (
	_ session.Store       = (*Memory)(nil)
	_ session.Adjuster    = (*Memory)(nil)
	_ session.Quarantiner = (*Memory)(nil)
)

// Advance moves the store's clock on.
func (m *Memory) Advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ahead = plus(m.ahead, d)
}

// Len returns how many records there are, claimed ones and those that are due
// too, but not those set aside.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.records) - len(m.asides())
}

// Aside returns the keys of the records that were set aside.
func (m *Memory) Aside() []session.StoreKey {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.asides()
}

func (m *Memory) asides() (keys []session.StoreKey) {
	for key, r := range m.records {
		if r.aside {
			keys = append(keys, key)
		}
	}
	return keys
}

// begin takes the lock, unless ctx has ended, and reads the clock.
func (m *Memory) begin(ctx context.Context, method string) (now time.Duration, err error) {
	m.mu.Lock()
	if err := ctx.Err(); err != nil {
		m.mu.Unlock()
		return 0, fmt.Errorf("storetest: %s: %w", method, err)
	}
	if m.records == nil {
		m.start, m.records = time.Now(), make(map[session.StoreKey]*record)
	}
	return plus(time.Since(m.start), m.ahead), nil
}

// find returns the record if there is one that was not set aside.
func (m *Memory) find(key session.StoreKey) *record {
	if r := m.records[key]; r != nil && !r.aside {
		return r
	}
	return nil
}

// unclaimed returns the record if nobody has claimed it.
func (m *Memory) unclaimed(key session.StoreKey) *record {
	if r := m.find(key); r != nil && r.attempt == 0 {
		return r
	}
	return nil
}

func (m *Memory) Create(ctx context.Context, key session.StoreKey, r session.Record) error {
	now, err := m.begin(ctx, "Create")
	if err != nil {
		return err
	}
	defer m.mu.Unlock()
	if m.records[key] != nil {
		return session.ErrExists
	}
	fresh := &record{version: 1, limit: plus(now, r.Limit), fields: make(map[string]session.Field)}
	fresh.due = min(plus(now, r.Remaining), fresh.limit)
	fresh.set(r.Fields)
	m.records[key] = fresh
	return nil
}

func (m *Memory) Load(ctx context.Context, key session.StoreKey) (session.Record, error) {
	now, err := m.begin(ctx, "Load")
	if err != nil {
		return session.Record{}, err
	}
	defer m.mu.Unlock()
	r := m.unclaimed(key)
	if r == nil || r.due <= now {
		return session.Record{}, session.ErrGone
	}
	return r.whole(now), nil
}

func (m *Memory) Exists(ctx context.Context, key session.StoreKey) (bool, error) {
	now, err := m.begin(ctx, "Exists")
	if err != nil {
		return false, err
	}
	defer m.mu.Unlock()
	r := m.unclaimed(key)
	return r != nil && r.due > now, nil
}

func (m *Memory) Save(ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
	now, err := m.begin(ctx, "Save")
	if err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	r := m.unclaimed(key)
	if r == nil {
		return 0, session.ErrGone
	}
	for _, f := range c.Set {
		if f.Version != session.AnyVersion && f.Version != r.fields[f.Name].Version {
			return 0, session.ErrConflict
		}
	}
	if c.Rename != nil {
		if m.records[*c.Rename] != nil {
			return 0, session.ErrExists
		}
		delete(m.records, key)
		m.records[*c.Rename] = r
	}
	r.version++
	if c.Clear {
		clear(r.fields)
	}
	for _, name := range c.Delete {
		delete(r.fields, name)
	}
	r.set(c.Set)
	if c.Limit != 0 {
		r.limit = plus(now, c.Limit)
	}
	r.extend(now, c.Extend, c.Exactly)
	return r.version, nil
}

func (m *Memory) Touch(ctx context.Context, all []session.Touch) ([]uint64, error) {
	now, err := m.begin(ctx, "Touch")
	if err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	versions := make([]uint64, len(all))
	for i, t := range all {
		if r := m.unclaimed(t.Key); r != nil {
			r.extend(now, t.Extend, false)
			versions[i] = r.version
		}
	}
	return versions, nil
}

func (m *Memory) Claim(ctx context.Context, keys []session.StoreKey, t session.Terms) ([]session.Claim, error) {
	now, err := m.begin(ctx, "Claim")
	if err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	claims := make([]session.Claim, len(keys))
	for i, key := range keys {
		claims[i] = session.Claim{Key: key}
		switch r := m.find(key); {
		case r == nil || r.attempt > 0 && r.owner != t.Owner:
		case r.attempt > 0 || t.Why != session.Idle || r.due <= now || r.due < r.limit && plus(r.due, -t.Early) <= now:
			claims[i] = r.claim(key, now, t)
		default:
			claims[i].State, claims[i].Record = session.NotDue, r.head(now)
		}
	}
	return claims, nil
}

func (m *Memory) Due(ctx context.Context, limit int, grace time.Duration, t session.Terms) ([]session.Claim, error) {
	now, err := m.begin(ctx, "Due")
	if err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	var keys []session.StoreKey
	for key, r := range m.records {
		if !r.aside && (r.attempt == 0 && plus(r.due, grace) <= now || r.attempt > 0 && r.lease <= now) {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b session.StoreKey) int { return cmp.Compare(m.records[a].due, m.records[b].due) })
	var claims []session.Claim
	for _, key := range keys[:min(limit, len(keys))] {
		claims = append(claims, m.records[key].claim(key, now, t))
	}
	return claims, nil
}

func (m *Memory) Ack(ctx context.Context, keys []session.StoreKey) error {
	if _, err := m.begin(ctx, "Ack"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	for _, key := range keys {
		if r := m.find(key); r != nil && r.attempt > 0 {
			delete(m.records, key)
		}
	}
	return nil
}

func (m *Memory) AdjustTime(ctx context.Context, delta time.Duration) error {
	if _, err := m.begin(ctx, "AdjustTime"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	for _, r := range m.records {
		if r.attempt == 0 {
			r.due, r.limit = plus(r.due, delta), plus(r.limit, delta)
		}
	}
	return nil
}

// SetAside returns ErrGone if there is no such record.
func (m *Memory) SetAside(ctx context.Context, key session.StoreKey) error {
	if _, err := m.begin(ctx, "SetAside"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	r := m.find(key)
	if r == nil {
		return session.ErrGone
	}
	r.aside = true
	return nil
}

// set writes fields with the record's version.
func (r *record) set(fields []session.Field) {
	for _, f := range fields {
		r.fields[f.Name] = session.Field{Name: f.Name, Value: bytes.Clone(f.Value), Version: r.version}
	}
}

// extend has the record due no sooner than d from now, or exactly then, and in
// any case no later than its limit.
func (r *record) extend(now, d time.Duration, exactly bool) {
	switch {
	case d != 0 && exactly:
		r.due = plus(now, d)
	case d != 0:
		r.due = max(r.due, plus(now, d))
	}
	r.due = min(r.due, r.limit)
}

// claim makes the record the owner's.
func (r *record) claim(key session.StoreKey, now time.Duration, t session.Terms) session.Claim {
	if r.attempt == 0 {
		r.why = t.Why
	}
	if r.attempt == 0 || r.owner != t.Owner {
		r.attempt++
	}
	r.owner, r.lease = t.Owner, plus(now, t.Lease)
	return session.Claim{Key: key, State: session.Claimed, Attempt: r.attempt, Why: r.why, Record: r.whole(now)}
}

// head is the record without its fields.
func (r *record) head(now time.Duration) session.Record {
	return session.Record{Version: r.version, Remaining: plus(r.due, -now), Limit: plus(r.limit, -now)}
}

func (r *record) whole(now time.Duration) session.Record {
	whole := r.head(now)
	for _, f := range r.fields {
		f.Value = bytes.Clone(f.Value)
		whole.Fields = append(whole.Fields, f)
	}
	return whole
}

// plus adds two spans, either of which may be Never, and goes beyond no end of
// what a Duration can hold.
func plus(a, b time.Duration) time.Duration {
	switch {
	case a == session.Never || b == session.Never || b > 0 && a > session.Never-b:
		return session.Never
	case b < 0 && a < math.MinInt64-b:
		return math.MinInt64
	}
	return a + b
}
