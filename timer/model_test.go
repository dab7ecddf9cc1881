package timer_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/timer"
)

// A program is the bytes that a fuzzer or a seed chose, read as operations.
type program struct{ bytes []byte }

func (p *program) byte() byte {
	if len(p.bytes) == 0 {
		return 0
	}
	b := p.bytes[0]
	p.bytes = p.bytes[1:]
	return b
}

// duration has any size, and often one where a level begins or ends.
func (p *program) duration(grain time.Duration) time.Duration {
	kind, b := p.byte(), p.byte()
	switch size := kind >> 2; kind & 3 {
	case 0: // a few ticks
		return time.Duration(b)*grain + time.Duration(size) - 32
	case 1: // around a turn of a level, or of a slot
		turn := time.Duration(1) << min(uint(size), 62)
		return (turn>>6*time.Duration(b&63) + turn + time.Duration(b>>6) - 1) & math.MaxInt64
	case 2:
		return time.Duration(b) << min(uint(size), 54)
	}
	return []time.Duration{0, -1, math.MinInt64, forever, forever - 1, 1, grain - 1, grain}[b&7]
}

// An entry is what the model knows of one timer.
type entry struct {
	t      *timer.Timer
	active bool
	when   int64
	last   uint64 // the tick by which it must have been called
	every  int64
	seq    int  // order of filing
	plain  bool // filed once, and not moved since
	nested bool // armed by a call of the Advance that is under way
}

// A model is the slow wheel: a list that is searched from end to end. It does
// not foretell which of the calls of a tick is first, since moving a timer may
// change that, but objects to each call that is not the wheel's turn.
type model struct {
	p       program
	w       timer.Wheel
	grain   int64
	list    []*entry
	now     uint64 // the tick the wheel is at
	calls   int
	seq     int
	nested  bool
	advance int64 // how far the wheel is moving
	wrong   error
}

// check keeps the first thing that was wrong; calls cannot fail the test.
func (m *model) check(ok bool, format string, args ...any) {
	if !ok && m.wrong == nil {
		m.wrong = fmt.Errorf(format, args...)
	}
}

func (m *model) tick(when int64) uint64 {
	return uint64(when/m.grain + min(when%m.grain, 1))
}

func (m *model) arm(e *entry, d, every time.Duration) {
	now := int64(m.w.Now())
	e.when = max(now, 1)
	if d > 0 {
		e.when = now + min(int64(d), math.MaxInt64-now)
	}
	e.active, e.every = true, int64(every)
	e.last = max(m.tick(e.when), m.now+1)
	m.seq++
	e.seq, e.plain, e.nested = m.seq, every == 0, m.nested
}

func (m *model) pick() *entry {
	if len(m.list) == 0 {
		m.list = append(m.list, &entry{t: new(timer.Timer)})
	}
	return m.list[int(m.p.byte())%len(m.list)]
}

func (m *model) operate() {
	switch op := m.p.byte() % 8; op {
	case 0, 1: // CallLater
		e, d := new(entry), m.p.duration(time.Duration(m.grain))
		m.list = append(m.list, e)
		e.t = m.w.CallLater(d, func() { m.called(e) })
		m.arm(e, d, 0)
	case 2:
		e, d := m.pick(), m.p.duration(time.Duration(m.grain))
		m.w.Start(e.t, d, func() { m.called(e) })
		m.arm(e, d, 0)
	case 3:
		e := m.pick()
		m.check(e.t.Stop() == e.active, "Stop does not return %v", e.active)
		e.active = false
	case 4, 5:
		e, d := m.pick(), m.p.duration(time.Duration(m.grain))
		if e.seq == 0 || e.every > 0 && e.every < m.advance>>6 {
			return // never started, or it would not end
		}
		was := e.active
		m.check(e.t.Reset(d) == was, "Reset does not return %v", was)
		m.arm(e, d, time.Duration(e.every))
		e.plain = false
	case 6:
		e, d := new(entry), max(m.p.duration(time.Duration(m.grain)), 1)
		d = max(d, time.Duration(m.advance>>6)) // else it would not end
		m.list = append(m.list, e)
		e.t = m.w.Every(d, func() { m.called(e) })
		m.arm(e, d, d)
	case 7:
		if !m.nested {
			m.move(m.p.duration(time.Duration(m.grain)))
		}
	}
	m.compare()
}

// called is what each timer calls.
func (m *model) called(e *entry) {
	m.calls++
	now := int64(m.w.Now())
	cur := uint64(now / m.grain)
	m.check(e.active, "a call that is not active")
	m.check(now >= e.when, "due at %d, called early at %d", e.when, now)
	m.check(cur <= e.last, "due at %d (tick %d), called late at %d", e.when, e.last, now)
	m.check(now-e.when <= 2*m.grain, "due at %d, called more than two ticks late at %d", e.when, now)
	m.check(cur >= m.now, "at tick %d after %d", cur, m.now)
	m.now = cur
	for _, o := range m.list {
		if o.active && o != e {
			m.check(o.last >= cur, "tick %d is called before %d", cur, o.last)
			m.check(!o.plain || !e.plain || o.last != e.last || e.seq < o.seq || o.when > now, "not first in, first out")
		}
	}
	e.active = false
	if e.every > 0 {
		next := uint64(e.when) + uint64((max(0, now-e.when)/e.every+1)*e.every)
		e.when = int64(min(next, math.MaxInt64))
		e.active, e.plain, e.nested = true, false, true
		e.last = max(m.tick(e.when), cur+1)
		m.check(int64(e.t.When()) == e.when, "Every is next due at %d, not %d", e.t.When(), e.when)
	}
	if len(m.p.bytes) == 0 {
		return
	}
	m.nested = true
	for range m.p.byte() & 3 {
		m.operate()
	}
	m.nested = false
}

func (m *model) move(d time.Duration) {
	for _, e := range m.list { // a repetition must not go on for ages
		if e.active && e.every > 0 {
			d = min(d, time.Duration(max(e.every, m.grain, 1)*min(100, math.MaxInt64/max(e.every, m.grain))))
		}
	}
	target := int64(m.w.Now())
	target += min(max(int64(d), 0), math.MaxInt64-target)
	m.advance = max(target-int64(m.w.Now()), 0)
	m.calls = 0
	n := m.w.Advance(d)
	m.advance = 0
	m.check(n == m.calls, "Advance returned %d, called %d", n, m.calls)
	m.check(int64(m.w.Now()) == target, "the clock shows %d, not %d", m.w.Now(), target)
	m.now = uint64(target / m.grain)
	for _, e := range m.list {
		m.check(!e.active || e.nested || e.when > target, "due at %d, not called by %d", e.when, target)
		e.nested = false
		m.check(!e.active || e.last > m.now, "lost: due at %d, tick %d, now %d", e.when, e.last, m.now)
	}
}

func (m *model) compare() {
	active := 0
	for i, e := range m.list {
		when := int64(0)
		if e.active {
			active++
			when = e.when
		}
		m.check(e.t.Active() == e.active, "timer %d: Active is not %v", i, e.active)
		m.check(int64(e.t.When()) == when, "timer %d: When is %d, not %d", i, e.t.When(), when)
	}
	m.check(m.w.Len() == active, "Len is %d, not %d", m.w.Len(), active)
}

func runWheel(bytes []byte) error {
	m := &model{p: program{bytes[:min(len(bytes), 600)]}}
	m.w.Tick = []time.Duration{1, time.Millisecond, 3 * time.Millisecond, time.Second}[m.p.byte()&3]
	m.grain = int64(grain(m.w.Tick))
	for len(m.p.bytes) > 0 && m.wrong == nil {
		m.operate()
	}
	if m.wrong == nil {
		m.move(time.Hour)
		m.compare()
	}
	return m.wrong
}

// seeds are programs of random bytes, in a third of which the operations that
// arm something are more frequent than they would be.
func seeds(n uint64, yield func(seed uint64, bytes []byte)) {
	for seed := range n {
		r := rand.New(rand.NewPCG(seed, 5))
		bytes := make([]byte, 50+r.IntN(500))
		for i := range bytes {
			bytes[i] = byte(r.Uint32())
			if seed%3 == 0 && r.IntN(3) == 0 {
				bytes[i] &= 7
			}
		}
		yield(seed, bytes)
	}
}

func FuzzWheel(f *testing.F) {
	seeds(20, func(_ uint64, bytes []byte) { f.Add(bytes) })
	f.Fuzz(func(t *testing.T, bytes []byte) { require.NoError(t, runWheel(bytes)) })
}

func TestRandomPrograms(t *testing.T) {
	seeds(3000, func(seed uint64, bytes []byte) {
		require.NoError(t, runWheel(bytes), "seed %d", seed)
	})
}
