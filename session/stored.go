package session

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// stored is what a session of a Manager with a Store has besides.
type stored struct {
	// io is held by whoever makes a call to the Store that is about this session
	// alone, or claims it, so that these come one after the other.
	io      turn
	key     atomic.Pointer[StoreKey]
	version atomic.Uint64 // the Record.Version that the fields are of, or were
	told    atomic.Int64  // the last use that the Store has been told of
	ours    atomic.Bool   // by us, as far as we know
	tries   int           // for whoever has io: how often its changes could not be saved
	renamed *StoreKey     // for whoever has io: the key it may have got, if the answer was lost
	holds   int           // for whoever has io: those of a session that is asking
	refusal atomic.Int64  // when the Store has last failed to take a change
	mine    atomic.Bool   // its end has been claimed and is to be acknowledged

	reminder atomic.Int64 // the moment that the newest is filed for, or 0; see remind.go

	// For whoever has more.mu:

	fields  []field
	gen     uint64 // counts changes
	cleared uint64 // the gen of a Clear that is to be written, or 0
	timed   uint64 // that of a new timeout or lifetime, or 0
}

// tell takes note that we have told of a use.
func (st *stored) tell(use time.Duration) {
	raise(&st.told, int64(use))
	st.ours.Store(true)
}

// turn is a mutex whose Lock may take long. To wait for a store, as whoever has
// it does, is not what a sync.Mutex is for.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

func (t turn) Lock() { t <- struct{}{} }

// LockFor is Lock, but gives up when ctx ends, which it reports with an error.
func (t turn) LockFor(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrStore, context.Cause(ctx))
	}
}

func (t turn) Unlock() { <-t }

func (t turn) TryLock() bool {
	select {
	case t <- struct{}{}:
		return true
	default:
		return false
	}
}

// field is a value as it is here. Until a change has been written, there is also
// what it was before.
type field struct {
	name    string
	version uint64 // in the Store, 0 if it is not there
	now     content
	was     content // in the Store, if unsaved
	unsaved bool
	gen     uint64 // of the last change

	k   *key // of whom p is what data says
	p   any
	bad bool // the log has heard that it cannot be read
}

type content struct {
	data []byte // encoded, not sealed
	here bool
}

// find returns the field, or nil.
func (st *stored) find(name string) *field {
	for i := range st.fields {
		if st.fields[i].name == name {
			return &st.fields[i]
		}
	}
	return nil
}

// put changes a field. The lock is the caller's; so it is below.
func (st *stored) put(name string, c content) {
	f := st.find(name)
	if f == nil {
		if !c.here {
			return
		}
		st.fields = append(st.fields, field{name: name})
		f = &st.fields[len(st.fields)-1]
	}
	if !f.unsaved {
		f.was, f.unsaved = f.now, true
	}
	st.gen++
	f.now, f.gen, f.k, f.p = c, st.gen, nil, nil
}

// clearAll takes out all fields, those included that others have added
// meanwhile.
func (st *stored) clearAll() {
	for i := range st.fields {
		st.put(st.fields[i].name, content{})
	}
	st.gen++
	st.cleared = st.gen
}

// changes are some on their way to the Store.
type changes struct {
	gen     uint64
	fields  []field
	cleared bool
	timed   bool
}

// changes returns what is to be written.
func (st *stored) changes() changes {
	c := changes{gen: st.gen, cleared: st.cleared > 0, timed: st.timed > 0}
	for _, f := range st.fields {
		if f.unsaved {
			c.fields = append(c.fields, f)
		}
	}
	return c
}

func (c changes) none() bool { return len(c.fields) == 0 && !c.cleared && !c.timed }

// and adds a change that is not here yet, in place of one of the same field.
func (c changes) and(f field) changes {
	c.fields = slices.DeleteFunc(c.fields, func(o field) bool { return o.name == f.name })
	c.fields = append(c.fields, f)
	return c
}

// written takes note that the changes are in the Store as of version. There may
// have been others since.
func (st *stored) written(c changes, version uint64) {
	for _, sent := range c.fields {
		f := st.find(sent.name)
		if f == nil {
			st.fields = append(st.fields, field{name: sent.name})
			f = &st.fields[len(st.fields)-1]
		}
		if sent.version = version; !sent.now.here {
			sent.version = 0
		}
		if f.gen == sent.gen {
			*f = field{name: f.name, version: sent.version, now: sent.now, gen: f.gen}
		} else {
			f.version, f.was = sent.version, sent.now
		}
	}
	if st.cleared <= c.gen {
		st.cleared = 0
	}
	if st.timed <= c.gen {
		st.timed = 0
	}
	st.drop()
}

// revert undoes what has not been written.
func (st *stored) revert() {
	for i := range st.fields {
		if f := &st.fields[i]; f.unsaved {
			*f = field{name: f.name, version: f.version, now: f.was}
		}
	}
	st.cleared = 0
	st.drop()
}

// drop forgets the fields that are neither here nor in the Store.
func (st *stored) drop() {
	st.fields = slices.DeleteFunc(st.fields, func(f field) bool { return !f.now.here && !f.unsaved })
}

// merge takes over what the Store has, but for what is still to be written.
func (st *stored) merge(from []field) {
	for i := range st.fields {
		f := &st.fields[i]
		j := slices.IndexFunc(from, func(o field) bool { return o.name == f.name })
		switch {
		case j < 0:
			if f.version, f.was = 0, (content{}); !f.unsaved {
				f.now = content{}
			}
		case f.unsaved:
			f.version, f.was = from[j].version, from[j].now
		case f.version != from[j].version:
			*f = from[j]
		}
	}
	for _, f := range from {
		if st.find(f.name) != nil {
			continue
		}
		if st.cleared > 0 { // that is yet to be written, and takes it out
			f.was, f.now, f.unsaved, f.gen = f.now, content{}, true, st.cleared
		}
		st.fields = append(st.fields, f)
	}
	st.drop()
}

// unpack reads the fields of a record, the header apart.
func unpack(r Record) (h header, fields []field, err error) {
	known := false
	for _, f := range r.Fields {
		data, err := unseal(f.Name, f.Value)
		if err != nil {
			return h, nil, err
		}
		if f.Name == headerName {
			if h, err = decodeHeader(data); err != nil {
				return h, nil, err
			}
			known = true
			continue
		}
		fields = append(fields, field{name: f.Name, version: f.Version, now: content{data, true}})
	}
	if !known {
		return h, nil, errNoHeader
	}
	return h, fields, nil
}
