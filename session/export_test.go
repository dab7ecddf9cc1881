package session

// Reminders returns how many are on the wheel.
func (m *Manager) Reminders() int { return m.link.telling.Len() }
