package timer_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/timer"
)

// turns are the whole turns of each level in ticks, and the ticks around them.
func turns() (ds []uint64) {
	for level := range 11 {
		turn := uint64(1) << (6 * level)
		ds = append(ds, turn-1, turn, turn+1)
	}
	return ds
}

func TestDurations(t *testing.T) {
	for name, tick := range grains {
		t.Run(name, func(t *testing.T) {
			g := grain(tick)
			for _, start := range []time.Duration{0, 1, g - 1, g, 63 * g, 64*g + 1, 4095 * g, 12345678} {
				for _, turn := range turns() {
					if turn >= uint64((forever-start)/g) {
						continue // beyond the clock
					}
					for _, off := range []time.Duration{-1, 0, 1} {
						d := time.Duration(turn)*g + off
						what := fmt.Sprintf("start %d, %d turns, d %d", start, turn, d)
						w := timer.Wheel{Tick: tick}
						w.Advance(start)
						x := w.CallLater(d, nothing)
						if d > 0 {
							require.Equal(t, start+d, x.When(), what)
							require.Zero(t, w.Advance(d-1), what)
						}
						require.Equal(t, 1, w.Advance(2*g+1), what)
					}
				}
			}
		})
	}
}

// On the boundary of a tick the wheel is exact.
func TestExactOnTheBoundary(t *testing.T) {
	for name, tick := range grains {
		t.Run(name, func(t *testing.T) {
			g := grain(tick)
			for _, turn := range turns() {
				if turn == 0 || turn >= uint64(forever/g) {
					continue
				}
				w := timer.Wheel{Tick: tick}
				w.CallLater(time.Duration(turn)*g, nothing)
				require.Zero(t, w.Advance(time.Duration(turn)*g-1))
				require.Equal(t, 1, w.Advance(1))
			}
		})
	}
}

func TestNowAndThePast(t *testing.T) {
	for name, tick := range grains {
		for _, d := range []time.Duration{0, -1, -time.Hour, math.MinInt64} {
			t.Run(fmt.Sprint(name, " ", int64(d)), func(t *testing.T) {
				w := timer.Wheel{Tick: tick}
				for range 200 {
					x := w.CallLater(d, nothing)
					require.True(t, x.Active())
					require.NotZero(t, x.When())
					require.Equal(t, 1, w.Advance(1)+w.Advance(grain(tick)))
				}
			})
		}
	}
}

func TestLongestDuration(t *testing.T) {
	for name, tick := range grains {
		for _, start := range []time.Duration{0, 1, time.Hour} {
			t.Run(fmt.Sprint(name, " ", start), func(t *testing.T) {
				w := timer.Wheel{Tick: tick}
				w.Advance(start)
				x := w.CallLater(forever, nothing)
				require.Equal(t, forever, x.When())
				require.Zero(t, w.Advance(forever/2))
				require.Zero(t, w.Advance(forever-w.Now()-2*grain(tick)))
				require.Equal(t, 1, w.Advance(forever))
				require.Equal(t, forever, w.Now())
				require.Zero(t, w.Advance(forever), "the clock has ended")
				require.Equal(t, forever, w.Now())
			})
		}
	}
}

func TestTenYearsInOneGo(t *testing.T) {
	const decade = 10 * 365 * 24 * time.Hour
	for name, tick := range grains {
		t.Run(name, func(t *testing.T) {
			w := timer.Wheel{Tick: tick}
			g := int64(grain(tick))
			r := rand.New(rand.NewPCG(1, 2))
			var order, all []int64
			const count = 5000
			made := make([]int, count)
			for i := range count {
				// As many short ones as long ones, so that all levels have some.
				d := time.Duration(r.Int64N(int64(decade)) >> r.IntN(50))
				due := max((int64(d)+g-1)/g, 1)
				all = append(all, due)
				w.CallLater(d, func() {
					made[i]++
					order = append(order, due)
					if now := int64(w.Now()); now != due*g {
						made[i] = -1
					}
				})
			}
			require.Equal(t, count, w.Len())
			require.Equal(t, count, w.Advance(decade))
			require.Zero(t, w.Len())
			for i, n := range made {
				require.Equal(t, 1, n, "call %d", i)
			}
			slices.Sort(all)
			require.Equal(t, all, order)
			require.Equal(t, decade, w.Now())
		})
	}
}

// It makes no difference to what is called, and in which order, whether the
// wheel moves in one go or in steps of any size.
func TestStepsMakeNoDifference(t *testing.T) {
	var want []string
	for _, step := range []time.Duration{1 << 22, 1, 7, 64, 100, 4096, 65537} {
		w := timer.Wheel{Tick: 4}
		got := trace{w: &w}
		r := rand.New(rand.NewPCG(3, 4))
		for i := range 500 {
			w.CallLater(time.Duration(r.Int64N(1<<(1+r.IntN(20)))), got.call(fmt.Sprint(i)))
		}
		for w.Now() < 1<<21 {
			w.Advance(step)
		}
		require.Len(t, got.calls, 500)
		if want == nil {
			want = got.calls
		}
		require.ElementsMatch(t, want, got.calls, "step %d", step)
	}
}
