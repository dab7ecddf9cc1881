package session

// The bits of marks. From renewing up it counts how often the id has changed;
// renewing is set while it does.
const (
	plain    = 1 << iota // made by a request without TLS
	secure               // made by a request with TLS
	limited              // has a lifetime
	named                // has a uid that is not an id
	tailed               // has an id of more than 16 bytes
	telling              // the Store is going to be told of its last use
	doubtful             // in the Store it may be otherwise
	unsaved              // has changes that the Store has not
	refused              // the Store has once failed to take a change
	asked                // it is due, or to be ended, and the Store is being asked
	renewing             // the id is being changed
	origin   = plain | secure
)

// mark changes bits of marks.
func (s *Session) mark(change func(uint32) uint32) {
	for {
		old := s.marks.Load()
		if s.marks.CompareAndSwap(old, change(old)) {
			return
		}
	}
}

// setMark sets one bit of marks and reports whether it was not set.
func (s *Session) setMark(bit uint32) bool {
	for {
		old := s.marks.Load()
		if old&bit != 0 {
			return false
		}
		if s.marks.CompareAndSwap(old, old|bit) {
			return true
		}
	}
}

// clearMark clears one bit of marks and reports whether it was set.
func (s *Session) clearMark(bit uint32) bool {
	for {
		old := s.marks.Load()
		if old&bit == 0 {
			return false
		}
		if s.marks.CompareAndSwap(old, old&^bit) {
			return true
		}
	}
}
