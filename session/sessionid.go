package session

import (
	"crypto/subtle"
	"runtime"
)

// A session knows its id, which Renew changes while others read it.

// id reads both halves of the id as they were at one moment.
func (s *Session) id() id {
	for {
		before := s.marks.Load()
		v := id{s.hi.Load(), s.lo.Load()}
		if before&renewing == 0 && s.marks.Load() == before {
			return v
		}
		runtime.Gosched()
	}
}

// whole reads the id and its tail as they were at one moment.
func (s *Session) whole() (v id, tail string) {
	for {
		before := s.marks.Load()
		v, tail = id{s.hi.Load(), s.lo.Load()}, ""
		if before&tailed != 0 {
			tail = *s.more.Load().tail.Load()
		}
		if before&renewing == 0 && s.marks.Load() == before {
			return v, tail
		}
		runtime.Gosched()
	}
}

// is reports whether the id is v.
func (s *Session) is(v id) bool {
	// Both halves agree with a mixture of two ids as rarely as anyone guesses
	// half of one; when they do not, it may be changing just now.
	return s.hi.Load() == v.hi && s.lo.Load() == v.lo || s.id() == v
}

// isShort reports, for an id that s has been found by, whether it surely has
// that and no tail: it is known before the id is looked at once more.
func (s *Session) isShort(v id) bool {
	return s.marks.Load()&(tailed|renewing) == 0 && s.hi.Load() == v.hi
}

// hasTail reports whether the id of s is v and goes on with that tail.
func (s *Session) hasTail(v id, tail []byte) bool {
	is, rest := s.whole()
	// Who knows the first 16 bytes must not learn the others from how long it
	// takes to compare them.
	var b [longest - shortest]byte
	n := copy(b[:], rest)
	return subtle.ConstantTimeCompare(b[:n], tail) == 1 && is == v
}

// setID gives s another id; one with a tail only if s has a more of its own.
// Only one goroutine at a time may do so.
func (s *Session) setID(v id, tail string) {
	s.mark(func(bits uint32) uint32 { return bits | renewing })
	s.hi.Store(v.hi)
	s.lo.Store(v.lo)
	long := uint32(0)
	if tail != "" {
		rest := tail
		s.more.Load().tail.Store(&rest)
		long = tailed
	}
	s.mark(func(bits uint32) uint32 { return bits&^tailed + long + renewing }) // clears it and counts
}
