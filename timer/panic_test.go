package timer_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/timer"
)

func TestPanickingCalls(t *testing.T) {
	for _, bad := range []bool{false, true} {
		name := map[bool]string{false: "logger hears", true: "logger panics"}[bad]
		t.Run(name, func(t *testing.T) {
			var ear listener
			ear.bad = bad
			w := timer.Wheel{Tick: 1, Log: slog.New(&ear)}
			r := trace{w: &w}
			oops := errors.New("oops")
			w.CallLater(10, r.then("one", func() { panic("one") }))
			w.CallLater(10, r.call("same tick"))
			w.CallLater(64, r.then("two", func() { panic(oops) }))
			w.CallLater(70, r.call("same wide slot"))
			x := w.Every(50, r.then("every", func() { panic(3) }))
			require.Equal(t, 6, w.Advance(100))
			require.Equal(t, []string{"one", "same tick", "every", "two", "same wide slot", "every"}, r.calls)
			require.Equal(t, []any{"one", int64(3), oops, int64(3)}, ear.values)
			require.Len(t, ear.heard, 4)
			require.True(t, x.Active(), "a panic does not end the repetition")
			require.Equal(t, 1, w.Len())
			require.True(t, x.Stop())
			require.Zero(t, w.Advance(time.Hour))
		})
	}
}

func TestPanickingOwnerOfKeys(t *testing.T) {
	var ear listener
	w := timer.Wheel{Tick: 1, Log: slog.New(&ear)}
	seen := 0
	k := timer.NewKeys(&w, func(_ time.Duration, keys []int) {
		seen += len(keys)
		panic("owner")
	})
	for i := range 1000 {
		k.Add(i, 10)
	}
	w.CallLater(10, nothing)
	require.Equal(t, 1, w.Advance(20))
	require.Equal(t, 1000, seen)
	require.Zero(t, k.Len())
	require.NotEmpty(t, ear.heard)
}

// Without a logger of its own the wheel tells the default one, as it is then.
func TestDefaultLogger(t *testing.T) {
	var ear listener
	before := slog.Default()
	slog.SetDefault(slog.New(&ear))
	defer slog.SetDefault(before)
	var w timer.Wheel
	w.CallLater(0, func() { panic("unheard") })
	require.Equal(t, 1, w.Advance(time.Second))
	require.Equal(t, []any{"unheard"}, ear.values)
}
