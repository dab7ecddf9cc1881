package session

// Reminders returns how many are on the wheel.
func (m *Manager) Reminders() int { return m.link.telling.Len() }

// Untold returns how many have come up and wait.
func (m *Manager) Untold() int { return m.link.tells.len() }
