package timer_test

import (
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/spindleweb/spindle/timer"
)

func nothing() {}

// standing is how many timers wait while one is measured.
const standing = 1 << 20

func stand(w *timer.Wheel) []*timer.Timer {
	ts := make([]*timer.Timer, standing)
	for i := range ts {
		ts[i] = w.CallLater(time.Hour+time.Duration(rand.Int64N(int64(time.Hour))), nothing)
	}
	return ts
}

// BenchmarkCallLaterAndStop is scheduling and calling off with a million others
// standing by, beside the runtime's own timers.
func BenchmarkCallLaterAndStop(b *testing.B) {
	b.Run("wheel", func(b *testing.B) {
		var w timer.Wheel
		ts := stand(&w)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			w.CallLater(time.Minute+time.Duration(i%1000)*time.Millisecond, nothing).Stop()
		}
		runtime.KeepAlive(ts)
	})
	b.Run("runtime", func(b *testing.B) {
		ts := make([]*time.Timer, standing)
		for i := range ts {
			ts[i] = time.AfterFunc(time.Hour+time.Duration(rand.Int64N(int64(time.Hour))), nothing)
		}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			time.AfterFunc(time.Minute+time.Duration(i%1000)*time.Millisecond, nothing).Stop()
		}
		for _, t := range ts {
			t.Stop()
		}
	})
}

// BenchmarkReset moves one of a million timers, at random, a second later each
// time; the look-up among cache misses is part of the price.
func BenchmarkReset(b *testing.B) {
	b.Run("wheel", func(b *testing.B) {
		var w timer.Wheel
		ts := stand(&w)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			ts[rand.Uint64()%standing].Reset(2*time.Hour + time.Duration(i)*time.Millisecond)
		}
	})
	b.Run("runtime", func(b *testing.B) {
		ts := make([]*time.Timer, standing)
		for i := range ts {
			ts[i] = time.AfterFunc(time.Hour+time.Duration(rand.Int64N(int64(time.Hour))), nothing)
		}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			ts[rand.Uint64()%standing].Reset(2*time.Hour + time.Duration(i)*time.Millisecond)
		}
		for _, t := range ts {
			t.Stop()
		}
	})
}

// BenchmarkKeysAdd files 16-byte keys.
func BenchmarkKeysAdd(b *testing.B) {
	var w timer.Wheel
	k := timer.NewKeys(&w, func(time.Duration, [][16]byte) {})
	b.ReportAllocs()
	var key [16]byte
	for i := 0; b.Loop(); i++ {
		k.Add(key, time.Hour+time.Duration(i)*time.Microsecond)
	}
}
