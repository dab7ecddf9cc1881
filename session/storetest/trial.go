package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// A trial is one check on one store. Its own methods are those of the Store with
// a lower-case name, and require that there is no error.
type trial struct {
	tester
	session.Store
	ctx context.Context
}

const hour = time.Hour

// rounding is by how much a store may give back a longer span than it was given.
const rounding = 10 * time.Millisecond

func newKey() (key session.StoreKey) {
	_, _ = rand.Read(key[:])
	return key
}

func newKeys(n int) []session.StoreKey {
	keys := make([]session.StoreKey, n)
	for i := range keys {
		keys[i] = newKey()
	}
	return keys
}

// field is a value to be written whatever there is.
func field(name, value string) session.Field {
	return session.Field{Name: name, Value: []byte(value), Version: session.AnyVersion}
}

func expecting(version uint64, name, value string) session.Field {
	return session.Field{Name: name, Value: []byte(value), Version: version}
}

func set(fields ...session.Field) session.Change { return session.Change{Set: fields} }

// shown has the fields in short: {"name": "value@version"}.
func shown(fields []session.Field) map[string]string {
	all := make(map[string]string)
	for _, f := range fields {
		if _, twice := all[f.Name]; twice {
			return map[string]string{"twice": f.Name}
		}
		all[f.Name] = fmt.Sprintf("%s@%d", f.Value, f.Version)
	}
	return all
}

// record creates one.
func (x *trial) record(remaining, limit time.Duration, fields ...session.Field) session.StoreKey {
	x.Helper()
	key := newKey()
	require.NoError(x, x.Create(x.ctx, key, session.Record{Remaining: remaining, Limit: limit, Fields: fields}))
	return key
}

// live creates a record that has an hour.
func (x *trial) live(fields ...session.Field) session.StoreKey {
	x.Helper()
	return x.record(hour, session.Never, fields...)
}

// overdue creates a record that has been due for an hour, and is not claimed.
func (x *trial) overdue(fields ...session.Field) session.StoreKey {
	x.Helper()
	return x.record(-hour, session.Never, fields...)
}

// claimed creates a record that was due and that the owner has, for an hour.
func (x *trial) claimed(owner string, fields ...session.Field) session.StoreKey {
	x.Helper()
	key := x.overdue(fields...)
	require.Equal(x, session.Claimed, x.claim(idle(owner, hour), key)[0].State)
	return key
}

// missing is a key of each kind that is gone for Save and Touch.
func (x *trial) missing() map[string]session.StoreKey {
	x.Helper()
	renamed, acked := x.live(), x.claimed("A")
	x.save(renamed, session.Change{Rename: new(newKey())})
	require.NoError(x, x.Ack(x.ctx, []session.StoreKey{acked}))
	lapsed := x.overdue()
	x.claim(idle("A", -hour), lapsed)
	return map[string]session.StoreKey{
		"never there": newKey(), "claimed": x.claimed("A"), "claimed, the lease over": lapsed,
		"acknowledged": acked, "renamed": renamed,
	}
}

func (x *trial) load(key session.StoreKey) session.Record {
	x.Helper()
	r, err := x.Load(x.ctx, key)
	require.NoError(x, err)
	require.Positive(x, r.Remaining, "what can be loaded is not due")
	require.GreaterOrEqual(x, r.Limit, r.Remaining-rounding)
	return r
}

// fields loads the fields as shown.
func (x *trial) fields(key session.StoreKey) map[string]string {
	x.Helper()
	return shown(x.load(key).Fields)
}

// gone requires that the record cannot be loaded.
func (x *trial) gone(key session.StoreKey, why ...any) {
	x.Helper()
	_, err := x.Load(x.ctx, key)
	require.ErrorIs(x, err, session.ErrGone, why...)
	require.False(x, x.exists(key), why...)
}

func (x *trial) exists(key session.StoreKey) bool {
	x.Helper()
	ok, err := x.Exists(x.ctx, key)
	require.NoError(x, err)
	return ok
}

// unchanged requires that the record is as it was when it was loaded.
func (x *trial) unchanged(key session.StoreKey, was session.Record, why ...any) {
	x.Helper()
	r := x.load(key)
	require.Equal(x, was.Version, r.Version, why...)
	require.Equal(x, shown(was.Fields), shown(r.Fields), why...)
	x.about(was.Remaining, r.Remaining, why...)
	x.about(was.Limit, r.Limit, why...)
}

// about requires that a span is what it was set to a while ago.
func (x *trial) about(was, is time.Duration, why ...any) {
	x.Helper()
	if was == session.Never {
		require.Equal(x, session.Never, is, why...)
		return
	}
	require.LessOrEqual(x, is, was+rounding, why...)
	require.Greater(x, is, was-max(was, -was)/2, why...)
}

func (x *trial) save(key session.StoreKey, c session.Change) uint64 {
	x.Helper()
	version, err := x.Save(x.ctx, key, c)
	require.NoError(x, err)
	return version
}

func (x *trial) touch(all ...session.Touch) []uint64 {
	x.Helper()
	versions, err := x.Touch(x.ctx, all)
	require.NoError(x, err)
	require.Len(x, versions, len(all))
	return versions
}

// idle are the terms of an owner who claims what is due.
func idle(owner string, lease time.Duration) session.Terms {
	return session.Terms{Owner: owner, Lease: lease, Why: session.Idle}
}

// forced are the terms of one who ends sessions before they are due.
func forced(owner string, lease time.Duration) session.Terms {
	return session.Terms{Owner: owner, Lease: lease, Why: session.Expired}
}

func (x *trial) claim(t session.Terms, keys ...session.StoreKey) []session.Claim {
	x.Helper()
	claims, err := x.Claim(x.ctx, keys, t)
	require.NoError(x, err)
	require.Len(x, claims, len(keys))
	for i, c := range claims {
		require.Equal(x, keys[i], c.Key, "claims are in order")
	}
	return claims
}

// due has the owner claim all that is due, for an hour, and returns which of
// these keys were among it, in the order they came.
func (x *trial) due(owner string, grace time.Duration, keys ...session.StoreKey) []session.Claim {
	x.Helper()
	var mine []session.Claim
	seen := make(map[session.StoreKey]bool)
	for {
		claims, err := x.Due(x.ctx, 1000, grace, idle(owner, hour))
		require.NoError(x, err)
		if len(claims) == 0 {
			break
		}
		for _, c := range claims {
			require.Equal(x, session.Claimed, c.State)
			require.False(x, seen[c.Key], "claimed twice within the lease")
			seen[c.Key] = true
			for _, key := range keys {
				if key == c.Key {
					mine = append(mine, c)
				}
			}
		}
	}
	return mine
}

func keysOf(claims []session.Claim) []session.StoreKey {
	keys := make([]session.StoreKey, 0, len(claims))
	for _, c := range claims {
		keys = append(keys, c.Key)
	}
	return keys
}

// An advancer is a store whose clock can be moved.
type advancer interface{ Advance(d time.Duration) }

// eventually requires that ok comes true as time passes.
func (x *trial) eventually(ok func() bool, why string) {
	x.Helper()
	const step = 10 * time.Millisecond
	tick := time.NewTicker(step)
	defer tick.Stop()
	for range 3000 {
		if ok() {
			return
		}
		if a, is := x.Store.(advancer); is {
			a.Advance(step)
		} else {
			<-tick.C
		}
	}
	require.Fail(x, why)
}

// together does f(0) to f(n-1) at the same time, on goroutines of their own.
func (x *trial) together(n int, f func(i int) error) {
	x.Helper()
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	wg.Wait()
	require.NoError(x, errors.Join(errs...))
}
