package session

// Clear takes all values out of the session, which keeps its uid, its times and
// what was registered for its end. On a session that has ended it does nothing.
func (s *Session) Clear() {
	x := s.more.Load()
	if x == nil || s.ended() {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.values = nil
	if x.stored != nil {
		x.stored.clearAll()
		s.m.link.changed(s)
	}
}
