package timer

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Keys is the wheel's other kind of entry, for things that are found by a key
// in a table of their own and of which there are millions: it files the keys
// alone, in chunks that hold nothing else, so that the garbage collector finds
// one pointer in a kilobyte and filing costs neither an allocation nor a link.
// K should be small and free of pointers.
//
// A filed key cannot be taken back, it is forgotten instead: when it is due, the
// owner looks it up and drops what is gone, files again what lives longer, and
// ends the rest. A key comes up at its due time at the latest; Sweep, and due
// times beyond years, hand it over before, so only the owner's own record says
// what is due.
type Keys[K any] struct {
	w   *Wheel
	due func(until time.Duration, keys []K)

	mu sync.Mutex
	levels
	slots [depth * width]queue[K]
	spare *chunk[K]
	swept int // the slot that Sweep took from last

	closed bool

	n atomic.Int64
}

// perChunk makes a chunk of 16-byte keys a kilobyte.
const perChunk = 50

type chunk[K any] struct {
	next *chunk[K]
	n    int
	keys [perChunk]K
	off  [perChunk]uint32 // by how many ticks each is due after its slot begins
}

// queue is what one slot holds, oldest chunk first.
type queue[K any] struct{ first, last *chunk[K] }

// NewKeys adds keys to what w moves. When keys are due, due gets them, a chunk
// at a time, on the goroutine that moves the wheel and under no lock; none of
// them was filed for a moment after until. The slice is the callee's until it
// returns.
//
// A key that was filed twice comes up twice. An owner that remembers the moment
// it filed a key for last tells the older entry by that moment being after
// until.
func NewKeys[K any](w *Wheel, due func(until time.Duration, keys []K)) *Keys[K] {
	k := &Keys[K]{w: w, due: due}
	w.addLane(k)
	return k
}

// Add files key for the moment at on the wheel's clock.
func (k *Keys[K]) Add(key K, at time.Duration) {
	k.mu.Lock()
	tick := max(k.w.tick(int64(at)), k.now+1)
	k.put(key, tick)
	k.n.Add(1)
	k.mu.Unlock()
	k.w.filed(tick)
}

// put files key for a tick to come.
func (k *Keys[K]) put(key K, tick uint64) {
	slot := k.place(tick)
	q := &k.slots[slot]
	c := q.last
	if c == nil || c.n == perChunk {
		c = k.fresh()
		if q.last == nil {
			q.first = c
		} else {
			q.last.next = c
		}
		q.last = c
	}
	c.keys[c.n] = key
	c.off[c.n] = uint32(min(tick-k.begin(slot), math.MaxUint32))
	c.n++
}

// Len returns how many keys are filed, those of things long gone included.
func (k *Keys[K]) Len() int { return int(k.n.Load()) }

// Sweep hands one chunk over to due before its time, on the caller's goroutine
// and from another slot each time. An owner whose keys are mostly of things
// long gone calls it to have them dropped.
func (k *Keys[K]) Sweep() {
	k.mu.Lock()
	for range len(k.slots) {
		k.swept = (k.swept + 1) % len(k.slots)
		if q := &k.slots[k.swept]; q.first != nil {
			until := k.until(k.swept)
			c := q.first
			if q.first = c.next; q.first == nil {
				q.last = nil
				k.vacate(k.swept)
			}
			k.mu.Unlock()
			k.hand(c, until)
			return
		}
	}
	k.mu.Unlock()
}

// Close forgets all keys; none comes up any more, but for a chunk that is being
// handed over, and those added later never will.
func (k *Keys[K]) Close() {
	k.w.removeLane(k)
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range k.slots {
		for c := k.slots[i].first; c != nil; c = c.next {
			k.n.Add(-int64(c.n))
		}
	}
	clear(k.slots[:])
	k.occupied = [depth]uint64{}
	k.spare = nil
	k.closed = true
}

// fresh returns an empty chunk.
func (k *Keys[K]) fresh() *chunk[K] {
	c := k.spare
	if c == nil {
		return new(chunk[K])
	}
	k.spare = nil
	return c
}

// hand gives the keys of a chunk to their owner. The chunk itself is kept if
// none is; the others are the collector's, so memory goes back as keys do.
func (k *Keys[K]) hand(c *chunk[K], until time.Duration) {
	k.mu.Lock()
	closed := k.closed
	k.n.Add(-int64(c.n))
	k.mu.Unlock()
	if closed {
		return
	}
	if c.n > 0 {
		k.w.call(func() { k.due(until, c.keys[:c.n]) })
	}
	c.next, c.n = nil, 0
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.closed {
		k.spare = c
	}
}

// until returns the last moment that an occupied slot stands for.
func (k *Keys[K]) until(slot int) time.Duration {
	last := k.end(slot)
	if last >= math.MaxInt64>>k.w.shift {
		return math.MaxInt64
	}
	return time.Duration(last << k.w.shift)
}

func (k *Keys[K]) next() uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, tick, ok := k.levels.next(); ok {
		return tick
	}
	return never
}

func (k *Keys[K]) settle(tick uint64) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, first, ok := k.levels.next(); ok && first <= tick {
		return false
	}
	k.now = max(k.now, tick)
	return true
}

func (k *Keys[K]) fire(tick uint64) int {
	k.mu.Lock()
	slot, first, ok := k.levels.next()
	if !ok || first > tick {
		k.mu.Unlock()
		return 0
	}
	until := k.until(slot)
	k.now = first
	c := k.slots[slot].first
	k.slots[slot] = queue[K]{}
	k.vacate(slot)
	k.mu.Unlock()
	for n := 1; c != nil; n++ {
		next := c.next
		k.sort(c)
		k.hand(c, until)
		if c = next; n%8 == 0 {
			runtime.Gosched() // a slot of a million must not keep a processor from others
		}
	}
	return 0 // no call of a user's
}

// sort files again what is not due yet, and leaves the rest in the chunk: what
// is due as the slot begins, and what is due so long after that off cannot
// tell.
func (k *Keys[K]) sort(c *chunk[K]) {
	k.mu.Lock()
	defer k.mu.Unlock()
	due := 0
	for i, off := range c.off[:c.n] {
		if off == 0 || off == math.MaxUint32 {
			c.keys[due] = c.keys[i]
			due++
		} else {
			k.put(c.keys[i], k.now+uint64(off))
		}
	}
	c.n = due
}
