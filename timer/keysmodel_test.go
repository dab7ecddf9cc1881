package timer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/timer"
)

// A record is what the owner of keys knows of one: its deadline, and the moment
// that it was filed for last.
type record struct{ deadline, filed time.Duration }

// An owner uses Keys as its documentation says.
type owner struct {
	p     program
	w     timer.Wheel
	k     *timer.Keys[uint16]
	g     time.Duration
	table map[uint16]record
	next  uint16
	sweep bool // Sweep hands keys over, not the wheel
	wrong error
}

func (o *owner) check(ok bool, format string, args ...any) {
	if !ok && o.wrong == nil {
		o.wrong = fmt.Errorf(format, args...)
	}
}

func (o *owner) file(key uint16, deadline time.Duration) {
	o.table[key] = record{deadline, deadline}
	o.k.Add(key, deadline)
}

func (o *owner) due(until time.Duration, keys []uint16) {
	now := o.w.Now()
	o.check(len(keys) > 0, "no keys")
	o.check(o.sweep || until >= now, "until %d is over at %d", until, now)
	for _, key := range keys {
		r, ok := o.table[key]
		switch {
		case !ok || r.filed > until: // gone, or filed again since
		case r.deadline > now:
			o.file(key, r.deadline)
		default:
			late := now - r.deadline
			o.check(late <= 2*o.g, "key %d ended %d after its deadline %d", key, late, r.deadline)
			delete(o.table, key)
		}
	}
	if o.p.byte()%8 == 1 {
		o.operate(true)
	}
}

// deadline is a moment from now on, not so late that the clock might end.
func (o *owner) deadline() time.Duration {
	return o.w.Now() + min(max(o.p.duration(o.g), 0), forever/4-o.w.Now()%(forever/4))
}

func (o *owner) operate(nested bool) {
	key := uint16(o.p.byte())
	if n := len(o.table); n > 0 {
		key %= uint16(n) * 2
	}
	r, ok := o.table[key]
	switch op := o.p.byte() % 8; {
	case op < 2 && !ok:
		o.file(key, o.deadline())
	case op == 2 && !nested: // enough for more than a chunk
		d := o.deadline()
		for i := range 150 {
			if _, ok := o.table[1000+o.next]; !ok {
				o.file(1000+o.next, d+time.Duration(i%3)*o.g)
			}
			o.next = (o.next + 1) % 1000
		}
	case op == 3:
		delete(o.table, key)
	case op <= 5 && ok:
		d := o.deadline()
		if d >= r.deadline { // extended: the table alone knows
			o.table[key] = record{d, r.filed}
		} else if o.file(key, d); o.p.byte()&1 == 0 {
			o.file(key, d) // twice makes no difference
		}
	case op == 6 && !nested:
		o.sweep = true
		o.k.Sweep()
		o.sweep = false
	case op == 7 && !nested:
		d := o.deadline() - o.w.Now()
		if o.w.Now()+d > forever/2 {
			d = 0
		}
		o.move(d)
	}
	o.check(o.k.Len() >= 0, "Len is negative")
}

func (o *owner) move(d time.Duration) {
	o.w.Advance(d)
	for key, r := range o.table {
		o.check(o.w.Now()-r.deadline < 2*o.g, "key %d with deadline %d is still there at %d", key, r.deadline, o.w.Now())
	}
	o.check(o.k.Len() >= len(o.table), "%d keys are alive, and %d filed", len(o.table), o.k.Len())
}

func runKeys(bytes []byte) error {
	o := &owner{p: program{bytes[:min(len(bytes), 600)]}, table: map[uint16]record{}}
	o.w.Tick = []time.Duration{1, time.Millisecond, 3 * time.Millisecond, time.Second}[o.p.byte()&3]
	o.g = grain(o.w.Tick)
	late := o.p.byte()&4 != 0 // the wheel may have moved before keys join it
	if late {
		o.w.Advance(time.Hour)
	}
	o.k = timer.NewKeys(&o.w, o.due)
	for len(o.p.bytes) > 0 && o.wrong == nil {
		o.operate(false)
	}
	if o.wrong == nil {
		o.move(forever - o.w.Now() - 4*o.g)
		o.check(len(o.table) == 0, "%d keys are left", len(o.table))
		o.check(o.k.Len() == 0, "%d entries are left", o.k.Len())
	}
	return o.wrong
}

func FuzzKeys(f *testing.F) {
	seeds(20, func(_ uint64, bytes []byte) { f.Add(bytes) })
	f.Fuzz(func(t *testing.T, bytes []byte) { require.NoError(t, runKeys(bytes)) })
}

func TestRandomKeys(t *testing.T) {
	seeds(3000, func(seed uint64, bytes []byte) {
		require.NoError(t, runKeys(bytes), "seed %d", seed)
	})
}
