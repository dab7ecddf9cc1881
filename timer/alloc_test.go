package timer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/timer"
)

func TestAllocations(t *testing.T) {
	var w timer.Wheel
	var x timer.Timer
	w.Start(&x, time.Minute, nothing)
	k := timer.NewKeys(&w, func(time.Duration, [][16]byte) {})
	var key [16]byte
	i := time.Duration(0)
	for _, c := range []struct {
		name string
		want float64
		do   func()
	}{
		{"Start and Stop", 0, func() { w.Start(&x, time.Minute, nothing); x.Stop() }},
		{"Start again", 0, func() { w.Start(&x, time.Minute, nothing) }},
		{"Start and call", 0, func() { w.Start(&x, 0, nothing); w.Advance(1 << 20) }},
		{"Reset later", 0, func() { i++; x.Reset(time.Minute + i) }},
		{"Reset earlier", 0, func() { i++; x.Reset(time.Hour - i*time.Millisecond) }},
		{"Reset after Stop", 0, func() { x.Stop(); x.Reset(time.Minute) }},
		{"CallLater", 1, func() { w.CallLater(time.Minute, nothing) }},
		{"CallLater and Stop", 1, func() { w.CallLater(time.Minute, nothing).Stop() }},
		{"Keys.Add", 0, func() { k.Add(key, time.Hour) }},
		{"Advance", 0, func() { w.Advance(time.Second) }},
	} {
		require.Equal(t, c.want, testing.AllocsPerRun(1000, c.do), c.name)
	}
}
