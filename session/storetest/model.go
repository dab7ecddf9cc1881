package storetest

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// A random walk beside a model that is too plain to be wrong: it knows whether a
// session is due and whether a lease is over, and of no clock. All spans are an
// hour, to come or past.

var modelChecks = []check{
	{"thousands of calls in any order", func(x *trial) {
		for seed := range uint64(4) {
			w := &walk{trial: x, rnd: rand.New(rand.NewPCG(seed, 1)), all: make(map[session.StoreKey]*plain), keys: newKeys(5)}
			for step := range 750 {
				w.log = nil
				w.step()
				require.Empty(x, w.log, "seed %d, step %d", seed, step)
			}
		}
	}},
}

type walk struct {
	*trial
	rnd  *rand.Rand
	keys []session.StoreKey
	all  map[session.StoreKey]*plain
	log  []string // what was not as it should be
}

// plain is what the model knows of a session.
type plain struct {
	version uint64
	fields  map[string]session.Field
	due     bool
	limited bool // its limit has passed

	owner   string
	attempt int
	why     session.Reason
	lapsed  bool
}

func (w *walk) want(what string, want, got any) {
	if fmt.Sprint(want) != fmt.Sprint(got) {
		w.log = append(w.log, fmt.Sprintf("%s: want %v, got %v", what, want, got))
	}
}

// one returns one of these.
func one[T any](w *walk, of ...T) T { return of[w.rnd.IntN(len(of))] }

func (w *walk) chance(percent int) bool { return w.rnd.IntN(100) < percent }

func (w *walk) some() []session.StoreKey {
	keys := make([]session.StoreKey, w.rnd.IntN(4))
	for i := range keys {
		keys[i] = one(w, w.keys...)
	}
	return keys
}

// unclaimed returns the session if a Save or a Touch would find it.
func (w *walk) unclaimed(key session.StoreKey) *plain {
	if p := w.all[key]; p != nil && p.attempt == 0 {
		return p
	}
	return nil
}

func (w *walk) step() {
	switch key := one(w, w.keys...); w.rnd.IntN(10) {
	case 0, 1:
		w.create(key)
	case 2:
		w.look(key)
	case 3, 4, 5:
		w.change(key)
	case 6:
		w.touches()
	case 7:
		w.claims()
	case 8:
		w.sweep()
	case 9:
		keys := w.some()
		w.want("Ack", nil, w.Ack(w.ctx, keys))
		for _, key := range keys {
			if w.unclaimed(key) == nil {
				delete(w.all, key)
			}
		}
	}
	for _, key := range w.keys {
		w.look(key)
	}
}

func (w *walk) create(key session.StoreKey) {
	p := &plain{version: 1, fields: make(map[string]session.Field), due: w.chance(30), limited: w.chance(10)}
	p.due = p.due || p.limited
	r := session.Record{Remaining: hour, Limit: one(w, session.Never, 9*hour)}
	if p.due {
		r.Remaining = one(w, -hour, hour)
		if !p.limited {
			r.Remaining = -hour
		}
	}
	if p.limited {
		r.Limit = -hour
	}
	for _, name := range []string{"a", "b", "c"}[w.rnd.IntN(4):] {
		r.Fields = append(r.Fields, field(name, fmt.Sprint(w.rnd.IntN(100))))
	}
	p.set(r.Fields)
	var want error
	if w.all[key] != nil {
		want = session.ErrExists
	} else {
		w.all[key] = p
	}
	w.want("Create", true, errors.Is(w.Create(w.ctx, key, r), want))
}

func (p *plain) set(fields []session.Field) {
	for _, f := range fields {
		f.Version = p.version
		p.fields[f.Name] = f
	}
}

func (p *plain) shown() map[string]string {
	var all []session.Field
	for f := range maps.Values(p.fields) {
		all = append(all, f)
	}
	return shown(all)
}

func (w *walk) look(key session.StoreKey) {
	p := w.unclaimed(key)
	r, err := w.Load(w.ctx, key)
	if p == nil || p.due {
		w.want("Load", session.ErrGone, err)
		return
	}
	w.want("Load", nil, err)
	w.want("Load", p.version, r.Version)
	w.want("Load", p.shown(), shown(r.Fields))
	w.want("Exists", true, w.exists(key))
}

func (p *plain) extend(d time.Duration, exactly bool) {
	switch {
	case d > 0:
		p.due = false
	case d < 0 && exactly:
		p.due = true
	}
	p.due = p.due || p.limited
}

func (w *walk) change(key session.StoreKey) {
	p := w.unclaimed(key)
	now := plain{}
	if p != nil {
		now = *p
	}
	c := session.Change{Clear: w.chance(10), Extend: one(w, 0, 0, hour, -hour), Exactly: w.chance(30)}
	switch {
	case w.chance(5):
		c.Limit = -hour
	case w.chance(10):
		// A limit that was taken back leaves the end open unless that is set too.
		c.Limit, c.Extend = one(w, session.Never, 9*hour), hour
	}
	for _, name := range []string{"a", "b", "c", "d"} {
		if w.chance(20) {
			c.Delete = append(c.Delete, name)
		}
	}
	conflict, taken := false, false
	if w.chance(20) {
		to := one(w, w.keys...)
		if taken = w.all[to] != nil; to != key {
			c.Rename = &to
		}
	}
	for _, name := range []string{"a", "b", "c", "d"} {
		if !w.chance(40) {
			continue
		}
		f := field(name, fmt.Sprint(w.rnd.IntN(100)))
		if c.Rename == nil && !c.Clear && len(c.Delete) == 0 && w.chance(50) {
			is := now.fields[name].Version
			f.Version = one(w, is, is, is, 0, is+1)
			conflict = conflict || f.Version != is
		}
		c.Set = append(c.Set, f)
	}
	version, err := w.Save(w.ctx, key, c)
	switch {
	case p == nil:
		w.want("Save", true, errors.Is(err, session.ErrGone))
	case conflict:
		w.want("Save", true, errors.Is(err, session.ErrConflict))
	case c.Rename != nil && taken:
		w.want("Save", true, errors.Is(err, session.ErrExists))
	default:
		p.version++
		w.want("Save", nil, err)
		w.want("Save", p.version, version)
		if c.Clear {
			clear(p.fields)
		}
		for _, name := range c.Delete {
			delete(p.fields, name)
		}
		p.set(c.Set)
		if c.Limit != 0 {
			p.limited = c.Limit < 0
		}
		p.extend(c.Extend, c.Exactly)
		if c.Rename != nil {
			delete(w.all, key)
			w.all[*c.Rename] = p
		}
	}
}

func (w *walk) touches() {
	all, want := []session.Touch{}, []uint64{}
	for _, key := range w.some() {
		t := session.Touch{Key: key, Extend: one(w, 0, hour)}
		all, want = append(all, t), append(want, 0)
		if p := w.unclaimed(key); p != nil {
			p.extend(t.Extend, false)
			want[len(want)-1] = p.version
		}
	}
	w.want("Touch", want, w.touch(all...))
}

// take is a claim by an owner who may.
func (p *plain) take(t session.Terms) string {
	if p.attempt == 0 {
		p.why = t.Why
	}
	if p.attempt == 0 || p.owner != t.Owner {
		p.attempt++
	}
	p.owner, p.lapsed = t.Owner, t.Lease < 0
	return fmt.Sprint(session.Claimed, p.attempt, p.why, p.version, p.shown())
}

func claimShown(c session.Claim) string {
	return fmt.Sprint(c.State, c.Attempt, c.Why, c.Record.Version, shown(c.Record.Fields))
}

func (w *walk) claims() {
	t := session.Terms{Owner: one(w, "A", "B"), Lease: one(w, hour, -hour), Why: one(w, session.Idle, session.Idle, session.Expired)}
	keys := w.some()
	for i, c := range w.claim(t, keys...) {
		switch p := w.all[keys[i]]; {
		case p == nil || p.attempt > 0 && p.owner != t.Owner:
			w.want("Claim", session.Gone, c.State)
		case p.attempt > 0 || p.due || t.Why != session.Idle:
			w.want("Claim", p.take(t), claimShown(c))
		default:
			w.want("Claim", session.NotDue, c.State)
			w.want("Claim", p.version, c.Record.Version)
		}
	}
}

func (w *walk) sweep() {
	t, grace := idle(one(w, "A", "B"), hour), one(w, 0, 0, 24*hour)
	want, got := make(map[session.StoreKey]string), make(map[session.StoreKey]string)
	for key, p := range w.all {
		if p.attempt == 0 && p.due && grace == 0 || p.attempt > 0 && p.lapsed {
			want[key] = p.take(t)
		}
	}
	for _, c := range w.due(t.Owner, grace, w.keys...) {
		got[c.Key] = claimShown(c)
	}
	w.want("Due", want, got)
}
