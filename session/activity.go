package session

import (
	"math"
	"sync/atomic"
	"time"
)

// activity is the word that decides between the use of a session and its end:
// who holds it in the upper 19 bits, and the moment of its last use in the
// lower 45, in units of 2^19 ns (half a millisecond). With the upper bits all
// set the session is over and the lower ones tell why. Moments are rounded up,
// so a session never ends early; and as the second touch within one unit
// changes nothing, it writes nothing.
//
// A clock goes from 0 to 292 years, but AdjustTime can move a last use to before
// its beginning, so moments are counted from as long before it.
type activity struct{ word atomic.Uint64 }

const (
	unitBits   = 19
	momentBits = 45
	one        = 1 << momentBits
	momentMask = one - 1
	over       = math.MaxUint64 &^ momentMask
	maxHeld    = over - one
	beginning  = one / 2 // the moment 0 of the clock
)

// moment returns t, which is not negative, in units, rounded up.
func moment(t time.Duration) uint64 {
	return min(beginning+(uint64(t)+1<<unitBits-1)>>unitBits, momentMask)
}

// anyMoment is moment for a t that may be before the beginning of the clock.
func anyMoment(t time.Duration) uint64 {
	if t >= 0 {
		return moment(t)
	}
	return beginning - uint64(-t)>>unitBits
}

func lastUse(a uint64) time.Duration {
	return time.Duration(a&momentMask-beginning) << unitBits
}

func held(a uint64) bool { return a >= one && a < over }

func reasonOf(a uint64) Reason { return Reason(a & momentMask) }

func (w *activity) Load() uint64 { return w.word.Load() }

// touch moves the last use to now, if that is later.
func (w *activity) touch(now time.Duration) bool {
	m := moment(now)
	for {
		old := w.word.Load()
		if old >= over {
			return false
		}
		if old&momentMask >= m || w.word.CompareAndSwap(old, old&^momentMask|m) {
			return true
		}
	}
}

// hold keeps the session from being idle until release.
func (w *activity) hold() bool { return w.touchAndHold(0) }

func (w *activity) touchAndHold(now time.Duration) bool {
	m := moment(now)
	for {
		old := w.word.Load()
		if old >= over {
			return false
		}
		if old >= maxHeld {
			panic("session: half a million Holds without Release")
		}
		if w.word.CompareAndSwap(old, old&^momentMask+one|max(old&momentMask, m)) {
			return true
		}
	}
}

func (w *activity) release(now time.Duration) bool {
	m := moment(now)
	for {
		old := w.word.Load()
		if old >= over {
			return false
		}
		if old < one {
			panic("session: Release without Hold")
		}
		if w.word.CompareAndSwap(old, (old-one)&^momentMask|max(old&momentMask, m)) {
			return true
		}
	}
}

// shift moves the last use by d, rounded up.
func (w *activity) shift(d time.Duration) bool {
	units := int64(d) >> unitBits
	if d&(1<<unitBits-1) != 0 {
		units++
	}
	for {
		old := w.word.Load()
		if old >= over {
			return false
		}
		m := uint64(min(max(int64(old&momentMask)+units, 0), momentMask))
		if w.word.CompareAndSwap(old, old&^momentMask|m) {
			return true
		}
	}
}

// end makes old the last activity; it fails if there was another since.
func (w *activity) end(old uint64, why Reason) bool {
	return old < over && w.word.CompareAndSwap(old, over|uint64(why))
}
