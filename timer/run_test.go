package timer_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/timer"
)

// The tests here follow the machine's clock and assert only what holds however
// slow the machine is.

// start runs w until the function that it returns is called, which returns what
// Run did.
func start(w *timer.Wheel) (stop func(cause error) error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	up, result := make(chan struct{}), make(chan error, 1)
	w.CallLater(0, func() { close(up) })
	go func() { result <- w.Run(ctx) }()
	<-up
	return func(cause error) error {
		cancel(cause)
		return <-result
	}
}

func TestRunIsNeverEarly(t *testing.T) {
	var w timer.Wheel
	stop := start(&w)
	const count = 100
	early := make(chan time.Duration, count)
	for i := range count {
		d := time.Duration(i) * 300 * time.Microsecond
		begun := time.Now()
		w.CallLater(d, func() { early <- d - time.Since(begun) })
	}
	for range count {
		require.LessOrEqual(t, <-early, time.Duration(0))
	}
	require.ErrorIs(t, stop(nil), context.Canceled)
	require.Zero(t, w.Len())
}

// A call that is filed for a moment before all others wakes a wheel that sleeps
// for an hour, and so does one that is moved there.
func TestEarlierCallWakesRun(t *testing.T) {
	for name, file := range map[string]func(w *timer.Wheel, far *timer.Timer, f func()){
		"CallLater": func(w *timer.Wheel, _ *timer.Timer, f func()) { w.CallLater(time.Millisecond, f) },
		"Start":     func(w *timer.Wheel, far *timer.Timer, f func()) { w.Start(far, time.Millisecond, f) },
		"Every":     func(w *timer.Wheel, _ *timer.Timer, f func()) { w.Every(time.Millisecond, f) },
		"Reset":     func(_ *timer.Wheel, far *timer.Timer, _ func()) { far.Reset(time.Millisecond) },
		"Stop and Reset": func(_ *timer.Wheel, far *timer.Timer, _ func()) {
			far.Stop()
			far.Reset(time.Millisecond)
		},
		"Keys.Add": func(w *timer.Wheel, _ *timer.Timer, f func()) {
			timer.NewKeys(w, func(time.Duration, []int) { f() }).Add(1, w.Now()+time.Millisecond)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var w timer.Wheel
			stop := start(&w)
			made := make(chan struct{}, 1)
			call := func() {
				select {
				case made <- struct{}{}:
				default:
				}
			}
			far := w.CallLater(time.Hour, call)
			file(&w, far, call)
			<-made
			require.ErrorIs(t, stop(nil), context.Canceled)
		})
	}
}

func TestRunTwice(t *testing.T) {
	var w timer.Wheel
	stop := start(&w)
	require.ErrorIs(t, w.Run(context.Background()), timer.ErrRunning)
	require.ErrorIs(t, stop(nil), context.Canceled)
	done, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, w.Run(done), context.Canceled, "it can run again")
}

func TestRunReturnsTheCause(t *testing.T) {
	var w timer.Wheel
	cause := errors.New("enough")
	stop := start(&w)
	require.Equal(t, cause, stop(cause))
	stood := w.Now()
	require.Positive(t, stood)

	// Time passes for another wheel and not for this one.
	var other timer.Wheel
	stopOther := start(&other)
	passed := make(chan struct{})
	made := false
	w.CallLater(time.Millisecond, func() { made = true })
	other.CallLater(5*time.Millisecond, func() { close(passed) })
	<-passed
	require.ErrorIs(t, stopOther(nil), context.Canceled)
	require.Equal(t, stood, w.Now())
	require.False(t, made)
	require.Equal(t, stood, w.At(time.Now()))

	again := make(chan time.Duration, 1)
	w.CallLater(time.Millisecond, func() { again <- w.Now() })
	stop = start(&w)
	require.GreaterOrEqual(t, <-again, stood+time.Millisecond)
	require.ErrorIs(t, stop(nil), context.Canceled)
	require.True(t, made)
	require.Zero(t, w.Len())
}

func TestAdvanceBeforeRunIsKept(t *testing.T) {
	var w timer.Wheel
	w.Advance(time.Hour)
	made := make(chan time.Duration, 1)
	w.CallLater(time.Millisecond, func() { made <- w.Now() })
	stop := start(&w)
	require.GreaterOrEqual(t, <-made, time.Hour+time.Millisecond)
	require.ErrorIs(t, stop(nil), context.Canceled)
	require.GreaterOrEqual(t, w.Now(), time.Hour+time.Millisecond)
}

func TestAtOfARunningWheel(t *testing.T) {
	var w timer.Wheel
	w.Advance(time.Hour)
	stop := start(&w)
	before := w.Now()
	now := time.Now()
	at, after := w.At(now), w.Now()
	require.LessOrEqual(t, before, at)
	require.LessOrEqual(t, at, after)
	require.Equal(t, at+time.Second, w.At(now.Add(time.Second)))
	require.GreaterOrEqual(t, w.At(time.Time{}), after)
	require.ErrorIs(t, stop(nil), context.Canceled)
}

func TestAdvanceOfARunningWheel(t *testing.T) {
	var w timer.Wheel
	stop := start(&w)
	begun := w.Now()
	n := 0
	var at time.Duration
	w.CallLater(time.Hour, func() { n++; at = w.Now() })
	x := w.Every(time.Minute, func() { n++ })
	require.Equal(t, 2, w.Advance(24*time.Hour), "of the repetition all but one call are missed")
	require.GreaterOrEqual(t, at, begun+24*time.Hour)
	require.GreaterOrEqual(t, w.Now(), begun+24*time.Hour)
	due := x.When() - w.Now()
	require.LessOrEqual(t, due, time.Minute, "the next one is not missed")
	require.True(t, x.Stop())
	require.ErrorIs(t, stop(nil), context.Canceled)
	require.Equal(t, 2, n)
	require.GreaterOrEqual(t, w.Now(), begun+24*time.Hour)
}
