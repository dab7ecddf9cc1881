package session_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// A step sets a timeout after a while.
type step struct {
	after, timeout time.Duration
}

// Of each case the session was made at 0 with a timeout of 10 minutes and is
// not used; it ends at due.
func TestSetTimeoutOfALiveSession(t *testing.T) {
	const min = time.Minute
	cases := map[string]struct {
		steps []step
		due   time.Duration
	}{
		"the same":              {[]step{{min, 10 * min}}, 10 * min},
		"shorter":               {[]step{{min, 5 * min}}, 5 * min},
		"longer":                {[]step{{min, 60 * min}}, 60 * min},
		"much shorter":          {[]step{{9 * min, 9*min + 1}}, 9*min + 1},
		"much longer":           {[]step{{9 * min, 10 * year}}, 10 * year},
		"shorter, longer":       {[]step{{min, 2 * min}, {0, 20 * min}}, 20 * min},
		"longer, shorter":       {[]step{{min, 20 * min}, {0, 2 * min}}, 2 * min},
		"longer, later shorter": {[]step{{min, 60 * min}, {29 * min, 40 * min}}, 40 * min},
		"to and fro": {[]step{
			{0, 60 * min}, {min, 3 * min}, {min, 30 * min}, {min, 4 * min}, {0, session.Never}, {min, 7 * min},
		}, 7 * min},
		"Never, then shorter":   {[]step{{0, session.Never}, {day, 2 * day}}, 2 * day},
		"zero":                  {[]step{{min, 0}}, min},
		"negative":              {[]step{{min, -1}}, min},
		"the most negative":     {[]step{{min, math.MinInt64}}, min},
		"has passed already":    {[]step{{8 * min, 3 * min}}, 8 * min},
		"shorter, and the same": {[]step{{min, 2 * min}, {0, 2 * min}}, 2 * min},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			m, w := still(with(session.Lasting(10 * min)))
			defer closed(t, m)
			s := create(t, m)
			for _, step := range c.steps {
				w.Advance(step.after)
				require.Equal(t, session.Alive, s.Reason())
				s.SetTimeout(step.timeout)
				require.Equal(t, step.timeout, s.Timeout())
			}
			if c.due > w.Now() {
				w.Advance(c.due - w.Now() - 1)
				require.Equal(t, session.Alive, s.Reason(), "early")
				w.Advance(1)
			}
			w.Advance(bound(s.Timeout()))
			require.Equal(t, session.Idle, s.Reason(), "late")
		})
	}
}

func TestSetTimeoutToNever(t *testing.T) {
	m, w := still()
	defer closed(t, m)
	s := create(t, m)
	s.SetTimeout(session.Never)
	w.Advance(200 * year)
	require.Equal(t, session.Alive, s.Reason())
}

// A touch after the change counts with the new timeout.
func TestTouchAfterSetTimeout(t *testing.T) {
	m, w := still()
	defer closed(t, m)
	s := create(t, m)
	s.SetTimeout(time.Second)
	for range 100 {
		w.Advance(time.Second - 1)
		require.True(t, s.Touch())
	}
	s.SetTimeout(time.Hour)
	w.Advance(time.Hour - 1)
	require.True(t, s.Touch())
	s.SetTimeout(time.Second)
	w.Advance(time.Second - 1)
	require.Equal(t, session.Alive, s.Reason())
	w.Advance(bound(time.Second) + 1)
	require.Equal(t, session.Idle, s.Reason())
}

// Of a session that was in use throughout, the wheel has an old moment only.
func TestShortenedAfterTouches(t *testing.T) {
	m, w := still(with(session.Lasting(time.Hour)))
	defer closed(t, m)
	s := create(t, m)
	for range 7 {
		w.Advance(50 * time.Minute)
		require.True(t, s.Touch())
	}
	w.Advance(time.Minute)
	s.SetTimeout(2 * time.Minute)
	w.Advance(time.Minute - 1)
	require.Equal(t, session.Alive, s.Reason())
	w.Advance(bound(2*time.Minute) + 1)
	require.Equal(t, session.Idle, s.Reason())
}

func TestLifetime(t *testing.T) {
	const lifetime = time.Hour
	busy := map[string]func(s *session.Session){
		"touched": func(s *session.Session) { s.Touch() },
		"held":    func(s *session.Session) { s.Hold() },
		"Never":   func(s *session.Session) { s.SetTimeout(session.Never) },
		"longer":  func(s *session.Session) { s.SetTimeout(2 * s.Timeout()) },
	}
	for name, use := range busy {
		for _, factory := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				m, w := still()
				defer closed(t, m)
				w.Advance(3 * time.Hour)
				if factory {
					m.SetFactory(func(uid string) *session.Session {
						s := session.New(uid)
						s.SetLifetime(lifetime)
						return s
					})
				}
				s := create(t, m)
				if !factory {
					s.SetLifetime(lifetime)
				}
				for range 6 {
					use(s)
					w.Advance(lifetime / 6)
					if w.Now() < 3*time.Hour+lifetime {
						require.Equal(t, session.Alive, s.Reason())
					}
				}
				w.Advance(time.Second)
				require.Equal(t, session.Lifetime, s.Reason())
			})
		}
	}
}

// The end of a lifetime is as exact as that of idleness.
func TestLifetimeIsExact(t *testing.T) {
	for _, d := range []time.Duration{-time.Hour, 0, 1, time.Millisecond, time.Second, time.Minute, day} {
		for _, timeout := range []time.Duration{session.DefaultTimeout, 2 * day, session.Never} {
			m, w := still(with(session.Lasting(timeout)))
			w.Advance(12345678 * time.Microsecond)
			s := create(t, m)
			s.Hold()
			s.SetLifetime(d)
			if d > 0 {
				w.Advance(d - 1)
				require.Equal(t, session.Alive, s.Reason(), "%v %v", d, timeout)
				w.Advance(1)
			}
			w.Advance(bound(timeout))
			require.Equal(t, session.Lifetime, s.Reason(), "%v %v", d, timeout)
			closed(t, m)
		}
	}
}

func TestLifetimeTakenAway(t *testing.T) {
	m, w := still()
	defer closed(t, m)
	s := create(t, m)
	s.SetLifetime(time.Minute)
	s.SetLifetime(session.Never)
	w.Advance(session.DefaultTimeout - 1)
	require.True(t, s.Touch())
	w.Advance(session.DefaultTimeout + time.Second)
	require.Equal(t, session.Idle, s.Reason())
}

func TestLifetimeMoved(t *testing.T) {
	m, w := still(with(session.Lasting(session.Never)))
	defer closed(t, m)
	s := create(t, m)
	s.SetLifetime(time.Minute)
	w.Advance(30 * time.Second)
	s.SetLifetime(time.Hour)
	w.Advance(time.Hour - 1)
	require.Equal(t, session.Alive, s.Reason())
	w.Advance(time.Second + 1)
	require.Equal(t, session.Lifetime, s.Reason())
}

// Whichever comes first ends the session, and says so.
func TestIdleBeforeLifetime(t *testing.T) {
	m, w := still(with(session.Lasting(time.Minute)))
	defer closed(t, m)
	s := create(t, m)
	s.SetLifetime(time.Hour)
	require.InDelta(t, time.Minute, s.Remaining(), float64(unit))
	w.Advance(2 * time.Hour)
	require.Equal(t, session.Idle, s.Reason())
}

// A tiny timeout of a session that is held does not make its lifetime late.
func TestLifetimeOfAHeldSessionWithATinyTimeout(t *testing.T) {
	for _, timeout := range []time.Duration{0, 1, 3 * time.Millisecond, 100 * time.Millisecond} {
		m, w := still(with(session.Lasting(timeout)))
		s := create(t, m)
		s.Hold()
		s.SetLifetime(500 * time.Millisecond)
		w.Advance(500 * time.Millisecond)
		require.Zero(t, s.Remaining())
		w.Advance(bound(timeout))
		require.Equal(t, session.Lifetime, s.Reason(), "%v", timeout)
		closed(t, m)
	}
}
