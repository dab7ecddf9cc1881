package timer_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/timer"
)

// In a bubble time passes only while all sleep, so Run is exact here: the tests
// may say when a call is made, and how often the wheel woke up for it.

// bubble runs test beside a wheel that follows the bubble's clock.
func bubble(t *testing.T, w *timer.Wheel, test func(t *testing.T, ctx *countingContext)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		counting := &countingContext{Context: ctx}
		ended := make(chan error, 1)
		go func() { ended <- w.Run(counting) }()
		synctest.Wait()
		defer func() {
			cancel()
			require.ErrorIs(t, <-ended, context.Canceled)
		}()
		test(t, counting)
	})
}

func TestRunIsExactToTheTick(t *testing.T) {
	for name, tick := range grains {
		t.Run(name, func(t *testing.T) {
			w := timer.Wheel{Tick: tick}
			bubble(t, &w, func(t *testing.T, _ *countingContext) {
				for _, d := range []time.Duration{0, 1, time.Millisecond, 3*time.Second + 7, time.Hour, 50 * 24 * time.Hour} {
					begun := time.Now()
					made := make(chan time.Duration)
					w.CallLater(d, func() { made <- time.Since(begun) })
					late := <-made - d
					require.GreaterOrEqual(t, late, time.Duration(0))
					require.LessOrEqual(t, late, 2*grain(tick))
				}
			})
		})
	}
}

// A wheel with nothing on it does not wake up at all, and one with a single
// call a year ahead no more often than it has levels.
func TestIdleWheelSleeps(t *testing.T) {
	const year = 365 * 24 * time.Hour
	var w timer.Wheel
	bubble(t, &w, func(t *testing.T, ctx *countingContext) {
		rounds := ctx.rounds.Load()
		<-time.After(year)
		require.Equal(t, rounds, ctx.rounds.Load(), "nothing filed")
		made := make(chan struct{})
		w.CallLater(year, func() { close(made) })
		<-made
		require.LessOrEqual(t, ctx.rounds.Load()-rounds, int64(11+1), "one call")
		synctest.Wait()

		rounds = ctx.rounds.Load()
		w.CallLater(time.Hour, nothing).Stop()
		<-time.After(year)
		require.LessOrEqual(t, ctx.rounds.Load()-rounds, int64(2), "a call that was stopped")

		x := w.CallLater(time.Minute, nothing)
		synctest.Wait()
		rounds = ctx.rounds.Load()
		for range 10000 {
			x.Reset(time.Minute) // to later, so of no concern to a sleeping wheel
			<-time.After(time.Millisecond)
		}
		require.LessOrEqual(t, ctx.rounds.Load()-rounds, int64(11), "calls that move")
		x.Stop()
	})
}

// An earlier call is made at its time, whatever the wheel sleeps for.
func TestEarlierCallInTime(t *testing.T) {
	w := timer.Wheel{Tick: 1}
	bubble(t, &w, func(t *testing.T, _ *countingContext) {
		begun := time.Now()
		made := make(chan time.Duration, 3)
		note := func() { made <- time.Since(begun) }
		x := w.CallLater(time.Hour, note)
		synctest.Wait()
		w.CallLater(time.Minute, note)
		synctest.Wait()
		x.Reset(time.Second)
		require.Equal(t, time.Second, <-made)
		require.Equal(t, time.Minute, <-made)
	})
}

// After a jump the rest of the way is shorter, also for a wheel that slept when
// the jump was made.
func TestRunKeepsTimeAfterAJump(t *testing.T) {
	w := timer.Wheel{Tick: 1}
	bubble(t, &w, func(t *testing.T, _ *countingContext) {
		begun := time.Now()
		made := make(chan time.Duration, 1)
		w.CallLater(time.Hour, func() { made <- time.Since(begun) })
		synctest.Wait()
		require.Zero(t, w.Advance(50*time.Minute))
		require.Equal(t, 10*time.Minute, <-made)
	})
}

func TestEveryKeepsItsTimesAfterAJump(t *testing.T) {
	w := timer.Wheel{Tick: 1}
	bubble(t, &w, func(t *testing.T, _ *countingContext) {
		begun := w.Now()
		made := make(chan time.Duration, 10)
		x := w.Every(time.Minute, func() { made <- w.Now() - begun })
		require.Equal(t, time.Minute, <-made)
		synctest.Wait()
		require.Equal(t, 1, w.Advance(10*time.Minute+30*time.Second))
		require.Equal(t, 11*time.Minute+30*time.Second, <-made, "one for all that were missed")
		require.Equal(t, begun+12*time.Minute, x.When())
		w.CallLater(0, nothing) // has the wheel look at the clock
		require.Equal(t, 12*time.Minute, <-made)
		require.Equal(t, 13*time.Minute, <-made)
		require.True(t, x.Stop())
	})
}

// Nothing is made up for of the time in which the wheel did not run.
func TestClockStandsBetweenRuns(t *testing.T) {
	w := timer.Wheel{Tick: 1}
	synctest.Test(t, func(t *testing.T) {
		r := trace{w: &w}
		w.CallLater(150*time.Second, r.call("x"))
		for i := range time.Duration(3) {
			require.Empty(t, r.at)
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			require.ErrorIs(t, w.Run(ctx), context.DeadlineExceeded)
			cancel()
			require.Equal(t, (i+1)*time.Minute, w.Now())
			<-time.After(time.Hour)
			require.Equal(t, (i+1)*time.Minute, w.Now())
		}
		require.Equal(t, []time.Duration{150 * time.Second}, r.at)
	})
}

// The clock stops at its end; it does not start over.
func TestEndOfTheClockOfARunningWheel(t *testing.T) {
	var w timer.Wheel
	bubble(t, &w, func(t *testing.T, _ *countingContext) {
		w.CallLater(forever, nothing)
		require.Equal(t, 1, w.Advance(forever))
		end := w.Now()
		<-time.After(time.Minute)
		require.GreaterOrEqual(t, w.Now(), end)
	})
}
