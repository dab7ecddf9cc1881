package timers

import "time"

// Habits are seen with a few timers, which are due after a grain or 10 ms.

func (s *server) moment() time.Duration { return max(s.kind.grain, 10*time.Millisecond) }

// within reports whether done is closed soon after it should be, or with some
// patience.
func (s *server) within(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	case <-time.After(3*s.moment() + s.patience):
		return false
	}
}

// begun schedules f as timer i, then waits until it has begun.
func (s *server) begun(i int, f func()) {
	begun := make(chan struct{})
	s.wheel.schedule(i, s.moment(), func() {
		close(begun)
		f()
	})
	<-begun
}

// next reports whether timer i is called.
func (s *server) next(i int) bool {
	next := make(chan struct{})
	s.wheel.schedule(i, s.moment(), func() { close(next) })
	return s.within(next)
}

// held reports whether the next timer is called while a call blocks.
func (s *server) held() bool {
	s.wheel.grow(2)
	release := make(chan struct{})
	defer close(release)
	s.begun(0, func() { <-release })
	return s.next(1)
}

// panics reports whether the next timer is called after one whose call has
// panicked. Where that ends the process there is no answer.
func (s *server) panics() bool {
	s.wheel.grow(2)
	s.begun(0, func() { panic("a call that fails") })
	return s.next(1)
}

// moved reports whether timers can be moved, to about when they are due already
// as well.
func (s *server) moved() bool {
	s.wheel.grow(1)
	s.wheel.schedule(0, time.Hour, nothing)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 3 {
			if r, ok := s.wheel.(resetter); ok {
				r.reset(0, time.Hour)
			} else {
				s.wheel.rearm(0, time.Hour, nothing)
			}
		}
	}()
	return s.within(done)
}

// hastened reports whether a timer of the next hour is called soon when it is
// moved to that. The wheel has turned a little before, and between.
func (s *server) hastened() bool {
	s.wheel.grow(1)
	called := make(chan struct{})
	f := func() { close(called) }
	<-time.After(2 * s.moment())
	s.wheel.schedule(0, time.Hour, f)
	<-time.After(2 * s.moment())
	s.wheel.rearm(0, s.moment(), f)
	return s.within(called)
}
