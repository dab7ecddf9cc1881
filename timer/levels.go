package timer

import "math/bits"

const (
	slotBits = 6
	width    = 1 << slotBits
	slotMask = width - 1
	depth    = 11 // 11 levels of 6 bits hold every tick of an int64
)

// levels is the arithmetic of a hierarchical wheel, without what it holds:
// which slot a tick belongs to, and which slot comes up next.
//
// A slot of level n spans 64^n ticks. A tick lies on the level of the highest
// base-64 digit in which it differs from now, in the slot named by that digit;
// so all that is on one level comes up before anything on the level above, and
// the first bit of the first level that has one is the next thing to happen.
type levels struct {
	now      uint64 // all that was filed for this tick or before has come up
	occupied [depth]uint64
}

// place returns the slot for a tick after now and marks it occupied.
func (l *levels) place(tick uint64) int {
	level := (63 - bits.LeadingZeros64((l.now^tick)|slotMask)) / slotBits
	digit := tick >> (level * slotBits) & slotMask
	l.occupied[level] |= 1 << digit
	return level*width + int(digit)
}

// vacate marks a slot empty.
func (l *levels) vacate(slot int) {
	l.occupied[slot/width] &^= 1 << (slot % width)
}

// next returns the occupied slot that comes up first and the tick it begins
// with; ok is false when all are empty.
func (l *levels) next() (slot int, tick uint64, ok bool) {
	for level, occupied := range l.occupied {
		if occupied != 0 {
			slot = level*width + bits.TrailingZeros64(occupied)
			return slot, l.begin(slot), true
		}
	}
	return 0, 0, false
}

// begin returns the first tick of a slot that is occupied.
func (l *levels) begin(slot int) uint64 {
	shift := slot / width * slotBits
	above := l.now >> (shift + slotBits) << (shift + slotBits)
	return above | uint64(slot%width)<<shift
}

// end returns the last tick of a slot that is occupied.
func (l *levels) end(slot int) uint64 {
	return l.begin(slot) | (1<<(slot/width*slotBits) - 1)
}
