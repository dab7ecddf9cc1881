package session_test

import (
	"context"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

func adjust(t testing.TB, m *session.Manager, delta time.Duration) {
	t.Helper()
	require.NoError(t, m.AdjustTime(context.Background(), delta))
}

// A session of an hour, half an hour after its last use.
func TestAdjustTime(t *testing.T) {
	const min = time.Minute
	nothing := func(*session.Session) {}
	for name, c := range map[string]struct {
		set   func(*session.Session)
		delta time.Duration
		left  time.Duration // until its end, 0 for at once
		why   session.Reason
	}{
		"nothing":               {nothing, 0, 30 * min, session.Idle},
		"later":                 {nothing, 10 * min, 40 * min, session.Idle},
		"beyond the timeout":    {nothing, 50 * min, 80 * min, session.Idle},
		"much later":            {nothing, 100 * day, 100*day + 30*min, session.Idle},
		"a nanosecond later":    {nothing, 1, 30*min + 1, session.Idle},
		"a nanosecond sooner":   {nothing, -1, 30*min - 1, session.Idle},
		"sooner":                {nothing, -10 * min, 20 * min, session.Idle},
		"to the very last":      {nothing, -30*min + 10*unit, 10 * unit, session.Idle},
		"to now":                {nothing, -30*min - unit, 0, session.Idle},
		"to the past":           {nothing, -31 * min, 0, session.Idle},
		"to before all time":    {nothing, math.MinInt64, 0, session.Idle},
		"before the clock":      {func(s *session.Session) { s.SetTimeout(100 * day) }, -99 * day, day - 30*min, session.Idle},
		"lifetime":              {func(s *session.Session) { s.SetLifetime(20 * min) }, -10 * min, 10 * min, session.Lifetime},
		"lifetime later":        {func(s *session.Session) { s.SetLifetime(20 * min) }, 10 * min, 30 * min, session.Lifetime},
		"lifetime to the past":  {func(s *session.Session) { s.SetLifetime(20 * min) }, -20 * min, 0, session.Lifetime},
		"only a lifetime":       {func(s *session.Session) { s.SetTimeout(session.Never); s.SetLifetime(min) }, min, 2 * min, session.Lifetime},
		"no lifetime any more":  {func(s *session.Session) { s.SetLifetime(min); s.SetLifetime(session.Never) }, 5 * min, 35 * min, session.Idle},
		"held, with a lifetime": {func(s *session.Session) { s.Hold(); s.SetLifetime(5 * min) }, -2 * min, 3 * min, session.Lifetime},
	} {
		t.Run(name, func(t *testing.T) {
			m, w := still(with(session.Lasting(time.Hour)))
			defer closed(t, m)
			s := create(t, m)
			w.Advance(30 * min)
			c.set(s)
			adjust(t, m, c.delta)
			if c.left == 0 {
				require.Equal(t, c.why, s.Reason(), "at once")
				return
			}
			require.InDelta(t, c.left, s.Remaining(), float64(unit))
			require.GreaterOrEqual(t, s.Remaining(), c.left, "never early")
			w.Advance(c.left - 1)
			require.Equal(t, session.Alive, s.Reason())
			w.Advance(1 + unit + bound(s.Timeout()))
			require.Equal(t, c.why, s.Reason())
		})
	}
}

func TestAdjustTimeLeavesWhatIsToLast(t *testing.T) {
	for name, set := range map[string]func(*session.Session){
		"never": func(s *session.Session) { s.SetTimeout(session.Never) },
		"held":  func(s *session.Session) { s.Hold() },
		"both":  func(s *session.Session) { s.Hold(); s.SetTimeout(session.Never); s.SetLifetime(session.Never) },
	} {
		t.Run(name, func(t *testing.T) {
			m, w := still()
			defer closed(t, m)
			s := create(t, m)
			set(s)
			was := s.Remaining() + w.Now()
			for _, delta := range []time.Duration{-time.Hour, -100 * year, math.MinInt64} {
				adjust(t, m, delta)
				w.Advance(time.Second)
				require.Equal(t, session.Alive, s.Reason())
				if s.Timeout() == session.Never {
					require.Equal(t, was, s.Remaining()+w.Now())
				} else {
					require.Equal(t, s.Timeout(), s.Remaining())
				}
			}
		})
	}
}

// As far as it goes, and back again.
func TestAdjustTimeBeyondTheClock(t *testing.T) {
	m, w := still()
	defer closed(t, m)
	s := create(t, m)
	for range 3 {
		adjust(t, m, session.Never)
		w.Advance(year)
		require.Equal(t, session.Alive, s.Reason())
		require.Greater(t, s.Remaining(), 200*year)
	}
	adjust(t, m, math.MinInt64)
	require.Equal(t, session.Idle, s.Reason())
}

func TestUseAfterAdjustTime(t *testing.T) {
	for name, use := range map[string]func(s *session.Session){
		"Touch":            func(s *session.Session) { s.Touch() },
		"Hold and Release": func(s *session.Session) { s.Hold(); s.Release() },
	} {
		t.Run(name, func(t *testing.T) {
			m, w := still(with(session.Lasting(time.Hour)))
			defer closed(t, m)
			s := create(t, m)
			w.Advance(30 * time.Minute)
			adjust(t, m, -10*time.Minute)
			use(s)
			require.Equal(t, time.Hour, s.Remaining().Round(time.Second), "the whole timeout")
			adjust(t, m, 2*time.Hour)
			use(s)
			require.Equal(t, 3*time.Hour, s.Remaining().Round(time.Second), "no less than was given")
			w.Advance(2*time.Hour + time.Minute)
			use(s)
			require.Equal(t, time.Hour, s.Remaining().Round(time.Second), "use has come up to it")
		})
	}
}

func TestAdjustTimeOfAContextThatHasEnded(t *testing.T) {
	m, _ := still()
	defer closed(t, m)
	s := create(t, m)
	was := s.Remaining()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, m.AdjustTime(ctx, -time.Hour), context.Canceled)
	require.Equal(t, was, s.Remaining())
	_, err := m.Cleanup(ctx)
	require.NoError(t, err, "there was nothing left to do")
}

// What AdjustTime ends is no later than its call, however long ago its end is
// then.
func TestAdjustTimeIsNotLate(t *testing.T) {
	var reasons diary
	m, w := still(func(m *session.Manager) {
		m.OnExpire = func(s *session.Session) { reasons.add(s.Reason().String()) }
	})
	fill(t, m, 200)
	w.Advance(time.Minute)
	adjust(t, m, -day)
	closed(t, m)
	require.Zero(t, m.Stats().WorstLate)
	require.Len(t, reasons.all(), 200)
	require.Equal(t, int64(200), m.Stats().Ended[session.Idle])
	ends(t, m)
}

// The one that has been idle for longest is still the one to go.
func TestEvictAfterAdjustTime(t *testing.T) {
	m, w := still(func(m *session.Manager) { m.Limit, m.Evict = 100, true })
	defer closed(t, m)
	var list []*session.Session
	for range 100 {
		list = append(list, create(t, m))
		w.Advance(time.Second)
	}
	for i, delta := range []time.Duration{0, -time.Minute, time.Minute, -time.Minute} {
		adjust(t, m, delta)
		s := create(t, m)
		require.Equal(t, session.Evicted, list[i].Reason())
		require.Equal(t, session.Alive, list[i+1].Reason())
		s.Hold() // not idle
		w.Advance(time.Second)
	}
}

// However uids change and sessions come meanwhile, each session that was there
// is moved by each AdjustTime once. What is made later has been moved by those
// that came after it: by fewer, the later it was made.
func TestAdjustTimeMovesEachOnce(t *testing.T) {
	const step, rounds = 1 << 30, 40 // whole units
	m, _ := still(func(m *session.Manager) { m.Carrier = silent{} }, with(session.Lasting(day)))
	defer closed(t, m)
	list := fill(t, m, 3000)
	var stop atomic.Bool
	var wg, adjusters sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for !stop.Load() {
				for _, s := range list {
					if m.Renew(nil, s) != nil {
						t.Error("not renewed")
						return
					}
				}
			}
		})
	}
	var made []*session.Session
	wg.Go(func() {
		for !stop.Load() && len(made) < 50_000 {
			s, err := m.Create(nil)
			if err != nil {
				t.Error(err)
				return
			}
			made = append(made, s)
		}
	})
	for range 2 {
		adjusters.Go(func() {
			for range rounds {
				if err := m.AdjustTime(context.Background(), step); err != nil {
					t.Error(err)
				}
				runtime.Gosched()
			}
		})
	}
	adjusters.Wait()
	stop.Store(true)
	wg.Wait()
	for _, s := range list {
		require.Equal(t, day+2*rounds*step, s.Remaining())
	}
	last := time.Duration(math.MaxInt64)
	for _, s := range made {
		r := s.Remaining()
		require.LessOrEqual(t, r, last)
		require.Zero(t, (r-day)%step)
		require.GreaterOrEqual(t, r, day)
		last = r
	}
}

// A touch at the same time comes before or after: there is nothing between, and
// whom it has told that the session lives, for him it does.
func TestTouchWhileAdjusting(t *testing.T) {
	const min = time.Minute
	for name, c := range map[string]struct {
		delta         time.Duration
		before, after time.Duration // what is left if touched before and after
		mayEnd        bool
	}{
		"later":       {20 * min, 80 * min, 60 * min, false},
		"much later":  {100 * min, 160 * min, 130 * min, false},
		"sooner":      {-20 * min, 40 * min, 60 * min, false},
		"to the past": {-45 * min, 15 * min, 60 * min, true},
	} {
		for kind, touch := range map[string]func(s *session.Session) bool{
			"Touch":   (*session.Session).Touch,
			"Hold":    func(s *session.Session) bool { s.Hold(); s.Release(); return s.Reason() == session.Alive },
			"renewed": func(s *session.Session) bool { return s.Touch() },
		} {
			t.Run(name+" "+kind, func(t *testing.T) {
				for range 10 {
					m, w := still(with(session.Lasting(time.Hour)), func(m *session.Manager) { m.Carrier = silent{} })
					list := fill(t, m, 1000)
					alive := make([]bool, len(list))
					w.Advance(30 * min)
					var wg sync.WaitGroup
					wg.Go(func() { adjust(t, m, c.delta) })
					wg.Go(func() {
						for i, s := range list {
							if alive[i] = touch(s); kind == "renewed" && alive[i] {
								alive[i] = m.Renew(nil, s) == nil
							}
						}
					})
					wg.Wait()
					for i, s := range list {
						require.Equal(t, alive[i], s.Reason() == session.Alive)
						if !alive[i] {
							require.True(t, c.mayEnd)
							continue
						}
						require.Contains(t, []time.Duration{c.before, c.after}, s.Remaining().Round(time.Second))
					}
					w.Advance(5*time.Hour + time.Second)
					ends(t, m)
					closed(t, m)
				}
			})
		}
	}
}

// The wheel turns meanwhile, and all are ended in the end, once.
func TestAdjustTimeWhileTheWheelTurns(t *testing.T) {
	for name, move := range movers {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int64
			m, w := still(with(session.Lasting(2*time.Second)), func(m *session.Manager) {
				m.OnExpire = func(*session.Session) { calls.Add(1) }
			})
			list := fill(t, m, 3000)
			move(w, func() {
				var wg sync.WaitGroup
				for _, delta := range []time.Duration{700 * time.Millisecond, -600 * time.Millisecond} {
					wg.Go(func() {
						for range 30 {
							adjust(t, m, delta)
						}
					})
				}
				wg.Go(func() {
					for _, s := range list {
						s.SetLifetime(time.Hour)
						s.Touch()
					}
				})
				wg.Wait()
			})
			for m.Stats().Live > 0 {
				w.Advance(time.Minute)
				runtime.Gosched()
			}
			ends(t, m)
			closed(t, m)
			require.Equal(t, int64(3000), calls.Load())
		})
	}
}
