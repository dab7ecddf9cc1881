package timer_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/timer"
)

const (
	racers = 4
	laps   = 3000
)

// A driver moves a wheel while others race, and ends with all calls made that
// were due within a minute.
var drivers = map[string]func(w *timer.Wheel, race func()){
	"Advance": func(w *timer.Wheel, race func()) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			race()
		}()
		for racing := true; racing; {
			select {
			case <-done:
				racing = false
			default:
				w.Advance(3 * grain(w.Tick) / 2)
			}
		}
		w.Advance(2 * time.Minute)
	},
	"Run": func(w *timer.Wheel, race func()) {
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = w.Run(ctx)
		}()
		race()
		w.Advance(2 * time.Minute)
		cancel()
		<-ended
	},
	"Run and jumps": func(w *timer.Wheel, race func()) {
		ctx, cancel := context.WithCancel(context.Background())
		ended, jumped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			_ = w.Run(ctx)
		}()
		go func() {
			defer close(jumped)
			for range 1000 {
				w.Advance(grain(w.Tick))
			}
		}()
		race()
		<-jumped
		w.Advance(2 * time.Minute)
		cancel()
		<-ended
	},
}

// crowd runs racers at once.
func crowd(do func(i int, r *rand.Rand)) {
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() { do(i, rand.New(rand.NewPCG(uint64(i), 6))) })
	}
	wg.Wait()
}

func eachDriver(t *testing.T, do func(t *testing.T, w *timer.Wheel, drive func(race func()))) {
	for name, drive := range drivers {
		t.Run(name, func(t *testing.T) {
			w := timer.Wheel{Tick: 1 << 14}
			do(t, &w, func(race func()) { drive(&w, race) })
			require.Zero(t, w.Len())
		})
	}
}

// Each call is made exactly once or stopped, never both and never neither.
func TestRaceOfStopAndTheCall(t *testing.T) {
	eachDriver(t, func(t *testing.T, w *timer.Wheel, drive func(func())) {
		var made, stopped [racers * laps]atomic.Int32
		var early atomic.Int32
		drive(func() {
			crowd(func(i int, r *rand.Rand) {
				var last [16]*timer.Timer
				var number [16]int
				for lap := range laps {
					n, at := i*laps+lap, r.IntN(16)
					if old := last[at]; old != nil && old.Stop() {
						stopped[number[at]].Add(1)
					}
					begun, d := w.Now(), time.Duration(r.IntN(100))*w.Tick/2
					last[at] = w.CallLater(d, func() {
						made[n].Add(1)
						if w.Now() < begun+d {
							early.Add(1)
						}
					})
					number[at] = n
				}
			})
		})
		for n := range made {
			require.EqualValues(t, 1, made[n].Load()+stopped[n].Load(), "call %d", n)
		}
		require.Zero(t, early.Load())
	})
}

// All race for the same few timers. What was armed is the Starts, and the Resets
// that found nothing active; a Start of an active timer takes its place.
func TestRaceForTheSameTimers(t *testing.T) {
	eachDriver(t, func(t *testing.T, w *timer.Wheel, drive func(func())) {
		const timers = 8
		var ts [timers]timer.Timer
		var armed, made, stopped [timers]atomic.Int64
		for i := range ts { // Stop and Reset may come first otherwise
			armed[i].Add(1)
			w.Start(&ts[i], time.Minute, func() { made[i].Add(1) })
		}
		drive(func() {
			crowd(func(_ int, r *rand.Rand) {
				for range laps {
					i, d := r.IntN(timers), time.Duration(r.IntN(40))*w.Tick/2
					switch r.IntN(4) {
					case 0:
						if ts[i].Stop() {
							stopped[i].Add(1)
						}
					case 1:
						if !ts[i].Reset(time.Duration(r.IntN(3)) * time.Second) {
							armed[i].Add(1)
						}
					default:
						if !ts[i].Reset(d) {
							armed[i].Add(1)
						}
					}
				}
			})
		})
		for i := range ts {
			require.Equal(t, armed[i].Load(), made[i].Load()+stopped[i].Load(), "timer %d", i)
		}
	})
}

// Start takes the place of what was there: of all Starts of a timer the last
// one is called, and none is called twice.
func TestRaceOfStart(t *testing.T) {
	eachDriver(t, func(t *testing.T, w *timer.Wheel, drive func(func())) {
		const timers = 4
		var ts [timers]timer.Timer
		var made [racers * laps]atomic.Int32
		drive(func() {
			crowd(func(i int, r *rand.Rand) {
				for lap := range laps {
					w.Start(&ts[r.IntN(timers)], time.Duration(r.IntN(20))*w.Tick, func() { made[i*laps+lap].Add(1) })
				}
			})
			for i := range ts {
				w.Start(&ts[i], time.Second, func() { made[i].Add(100) })
			}
		})
		for n := range made {
			got := made[n].Load()
			if n < timers {
				require.GreaterOrEqual(t, got, int32(100), "the last Start of %d is lost", n)
				got -= 100
			}
			require.LessOrEqual(t, got, int32(1))
		}
	})
}

// One goroutine moves a timer that is about to be called, to and fro, and each
// time the call is made neither before the moment it was moved to nor not at all.
func TestRaceOfResetAndTheCall(t *testing.T) {
	eachDriver(t, func(t *testing.T, w *timer.Wheel, drive func(func())) {
		var armed, made, early atomic.Int64
		drive(func() {
			crowd(func(_ int, r *rand.Rand) {
				var due, done atomic.Int64
				var x timer.Timer
				mine := int64(1)
				w.Start(&x, w.Tick, func() {
					made.Add(1)
					if int64(w.Now()) < due.Load() {
						early.Add(1)
					}
					done.Add(1)
				})
				for range laps {
					due.Store(0)
					begun := w.Now()
					d := time.Duration(r.IntN(8)) * w.Tick
					if r.IntN(8) == 0 {
						d = time.Second
					}
					if !x.Reset(d) {
						mine++
					} else if done.Load() == mine-1 {
						// No older call is still on its way, and the one that
						// follows is due no sooner than this.
						due.Store(int64(begun + d))
					}
				}
				armed.Add(mine)
			})
		})
		require.Equal(t, armed.Load(), made.Load())
		require.Zero(t, early.Load())
	})
}

// A repetition is active until it is stopped, also while it is called, and at
// the end of the race none is left to be called.
func TestRaceOfStopAndEvery(t *testing.T) {
	eachDriver(t, func(t *testing.T, w *timer.Wheel, drive func(func())) {
		var wrong atomic.Int64
		drive(func() {
			crowd(func(int, *rand.Rand) {
				for range 50 {
					second := make(chan struct{}, 1)
					n := 0
					x := w.Every(w.Tick, func() {
						if n++; n == 2 {
							second <- struct{}{}
						}
					})
					<-second
					if !x.Stop() || x.Active() || x.Stop() {
						wrong.Add(1)
					}
				}
			})
		})
		require.Zero(t, wrong.Load())
	})
}

func TestRaceOfKeys(t *testing.T) {
	eachDriver(t, func(t *testing.T, w *timer.Wheel, drive func(func())) {
		var ended [racers * laps]atomic.Int32
		var deadline [racers * laps]atomic.Int64
		var early atomic.Int64
		var k *timer.Keys[int]
		k = timer.NewKeys(w, func(until time.Duration, keys []int) {
			for _, key := range keys {
				switch at := time.Duration(deadline[key].Load()); {
				case at > w.Now():
					k.Add(key, at)
				case until < at:
					early.Add(1)
				default:
					ended[key].Add(1)
				}
			}
		})
		drive(func() {
			crowd(func(i int, r *rand.Rand) {
				for lap := range laps {
					key := i*laps + lap
					at := w.Now() + w.Tick*time.Duration(r.IntN(5000))
					deadline[key].Store(int64(at))
					k.Add(key, at)
					if r.IntN(20) == 0 {
						k.Sweep()
					}
				}
			})
		})
		for key := range ended {
			require.EqualValues(t, 1, ended[key].Load(), "key %d", key)
		}
		require.Zero(t, early.Load())
		require.Zero(t, k.Len())
	})
}
