package session

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// table finds sessions by their ids. It is a hash table of our own because a
// session knows its id: a slot is the pointer to the session and nothing more,
// so a look-up among millions waits for two cache lines, the bucket's and the
// session's, where a map of keys and values waits for three, and there is no
// second object per session for the collector. BenchmarkTable has both.
//
// Whoever looks up takes no lock and writes nothing. Whoever changes something
// locks one of many shards. A shard grows and shrinks for itself, so nobody
// ever waits for more than a few thousand sessions to be moved.
//
// Ids are random, so their bits serve as hash: eight choose the shard, seven
// are the tag, and others the bucket. An id that a client made up is only ever
// looked for.
type table struct {
	shards [256]shard
}

type shard struct {
	buckets atomic.Pointer[buckets] // nil before the first session

	mu sync.Mutex
	n  int // sessions
}

// buckets are as many as a power of two.
type buckets []bucket

// bucket is as large as a cache line.
//
// tags has a byte for each slot: 0 if that is free, or else the highest bit and
// below it seven bits of the id, so that a look-up hardly ever follows another
// pointer than the right one. The eighth byte counts the sessions that belong
// here and have found no room; while it is not 0 they are in the buckets that
// follow.
type bucket struct {
	tags  atomic.Uint64
	slots [slots]atomic.Pointer[Session]
}

const (
	slots    = 7
	lowest   = 0x00_01_01_01_01_01_01_01 // the lowest bit of each slot's tag
	highest  = lowest << 7
	tagMask  = 0xff
	onePast  = 1 << (8 * slots) // one more that has found no room
	manyPast = 0xff * onePast   // so many that they are not counted down any more
)

func (v id) shard() uint8 { return uint8(v.hi >> 56) }
func (v id) tag() uint64  { return v.hi>>48&0xff | 0x80 }
func (v id) bucket() uint { return uint(v.hi & 0xffff_ffff_ffff) }

// at returns the bucket that is i after the one where v belongs.
func (bs buckets) at(v id, i int) *bucket {
	return &bs[(v.bucket()+uint(i))&uint(len(bs)-1)]
}

// matching marks the slots with that tag by the highest bit of their byte.
func matching(tags, tag uint64) uint64 {
	x := tags ^ tag*lowest // a byte of 0 where it matches
	return ^(x&^highest + (highest - lowest) | x) & highest
}

// next takes the first slot from what matching has marked.
func next(marked *uint64) (slot int) {
	slot = bits.TrailingZeros64(*marked) / 8
	*marked &= *marked - 1
	return slot
}

// find returns the session with the id v, or nil.
func (t *table) find(v id) *Session {
	p := t.shards[v.shard()].buckets.Load()
	if p == nil {
		return nil
	}
	for i := range *p {
		b := p.at(v, i)
		tags := b.tags.Load()
		for m := matching(tags, v.tag()); m != 0; {
			if s := b.slots[next(&m)].Load(); s != nil && s.is(v) {
				return s
			}
		}
		if tags < onePast {
			break
		}
	}
	return nil
}

// all goes through the sessions there are. Those that come, go or are renamed
// meanwhile may or may not be among them.
func (t *table) all(yield func(*Session) bool) {
	for i := range t.shards {
		p := t.shards[i].buckets.Load()
		if p == nil {
			continue
		}
		for j := range *p {
			for k := range (*p)[j].slots {
				if s := (*p)[j].slots[k].Load(); s != nil && !yield(s) {
					return
				}
			}
		}
	}
}

// snapshot returns the sessions that there are at one moment, each once.
func (t *table) snapshot() []*Session {
	n := 0
	for i := range t.shards { // in the order in which lock takes them
		t.shards[i].mu.Lock()
		n += t.shards[i].n
	}
	list := make([]*Session, 0, n)
	t.all(func(s *Session) bool {
		list = append(list, s)
		return true
	})
	for i := range t.shards {
		t.shards[i].mu.Unlock()
	}
	return list
}

// add puts s where its id belongs, unless there is a session with that id.
func (t *table) add(s *Session) bool {
	v := s.id()
	sh := &t.shards[v.shard()]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if t.find(v) != nil {
		return false
	}
	sh.add(s, v)
	return true
}

// remove takes s out and reports whether it was in.
func (t *table) remove(s *Session) bool {
	for {
		v := s.id()
		sh := &t.shards[v.shard()]
		sh.mu.Lock()
		if s.id() == v { // else it has been renamed meanwhile
			defer sh.mu.Unlock()
			return sh.remove(s, v)
		}
		sh.mu.Unlock()
	}
}

// rename gives s the id v with that tail; see setID. The error is ErrEnded if s
// is not in the table, or ErrIDs if another session, or s itself, has the id. At
// each moment s is found by one of both.
func (t *table) rename(s *Session, v id, tail string) error {
	for {
		old := s.id()
		from, to := &t.shards[old.shard()], &t.shards[v.shard()]
		unlock := lock(from, to, old.shard() < v.shard())
		if s.id() != old { // somebody else has renamed it
			unlock()
			continue
		}
		defer unlock()
		if _, slot := from.seek(s, old); slot < 0 {
			return ErrEnded
		}
		if t.find(v) != nil {
			return ErrIDs
		}
		to.add(s, v)
		s.setID(v, tail)
		// Where both ids lead to the same slots, either place will do.
		from.remove(s, old)
		return nil
	}
}

// lock locks two shards, which may be the same, always in the same order.
func lock(a, b *shard, inOrder bool) (unlock func()) {
	if a == b {
		a.mu.Lock()
		return a.mu.Unlock
	}
	if !inOrder {
		a, b = b, a
	}
	a.mu.Lock()
	b.mu.Lock()
	return func() {
		b.mu.Unlock()
		a.mu.Unlock()
	}
}

// The methods of shard below are for whoever has its lock.

func (sh *shard) add(s *Session, v id) {
	p := sh.buckets.Load()
	if sh.n++; p == nil {
		p = sh.resize(1)
	} else if sh.n > len(*p)*slots*3/4 {
		p = sh.resize(2 * len(*p))
	}
	p.put(s, v)
}

func (sh *shard) remove(s *Session, v id) bool {
	past, slot := sh.seek(s, v)
	if slot < 0 {
		return false
	}
	p := sh.buckets.Load()
	for i := range past {
		if b := p.at(v, i); b.tags.Load() < manyPast {
			b.tags.Add(^uint64(onePast - 1))
		}
	}
	b := p.at(v, past)
	b.tags.And(^(uint64(tagMask) << (8 * slot)))
	b.slots[slot].Store(nil)
	if sh.n--; sh.n < len(*p)*slots/8 && len(*p) > 1 {
		sh.resize(len(*p) / 2)
	}
	return true
}

// seek returns where s is under the id v: the slot, in the bucket that many past
// the one where v belongs. The slot is -1 if s is not there.
func (sh *shard) seek(s *Session, v id) (past, slot int) {
	p := sh.buckets.Load()
	if p == nil {
		return 0, -1
	}
	for past = range *p {
		b := p.at(v, past)
		tags := b.tags.Load()
		for m := matching(tags, v.tag()); m != 0; {
			if slot = next(&m); b.slots[slot].Load() == s {
				return past, slot
			}
		}
		if tags < onePast {
			break
		}
	}
	return past, -1
}

// put finds room for s, which there is.
func (bs buckets) put(s *Session, v id) {
	for i := 0; ; i++ {
		b := bs.at(v, i)
		tags := b.tags.Load()
		if free := ^tags & highest; free != 0 {
			slot := next(&free)
			b.slots[slot].Store(s) // before its tag can lead anyone there
			b.tags.Or(v.tag() << (8 * slot))
			return
		}
		if tags < manyPast {
			b.tags.Add(onePast)
		}
	}
}

// resize moves all sessions to other buckets. Whoever looks up meanwhile does so
// in those from before.
func (sh *shard) resize(n int) *buckets {
	to := make(buckets, n)
	if from := sh.buckets.Load(); from != nil {
		for i := range *from {
			for j := range (*from)[i].slots {
				if s := (*from)[i].slots[j].Load(); s != nil {
					to.put(s, s.id())
				}
			}
		}
	}
	sh.buckets.Store(&to)
	return &to
}
