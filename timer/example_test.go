package timer_test

import (
	"fmt"
	"time"

	"github.com/spindleweb/spindle/timer"
)

func Example() {
	var w timer.Wheel // in a program: go w.Run(ctx)
	w.CallLater(2*time.Hour, func() { fmt.Println("two hours later") })
	w.CallLater(time.Minute, func() { fmt.Println("a minute later") })
	fmt.Println(w.Advance(24*time.Hour), "calls")
	// Output:
	// a minute later
	// two hours later
	// 2 calls
}

func ExampleWheel_CallLater() {
	var w timer.Wheel
	t := w.CallLater(time.Second, func() { fmt.Println("too late") })
	w.CallLater(2*time.Second, func() { fmt.Println("done") })
	fmt.Println(t.Stop(), t.Stop())
	w.Advance(time.Minute)
	// Output:
	// true false
	// done
}

func ExampleWheel_Every() {
	var w timer.Wheel
	n := 0
	t := w.Every(time.Minute, func() { n++ })
	w.Advance(time.Hour + time.Second) // the last call is up to two ticks late
	t.Stop()
	w.Advance(time.Hour)
	fmt.Println(n)
	// Output: 60
}

// A Timer can be a field of the thing that expires, which costs no allocation.
func ExampleWheel_Start() {
	type session struct {
		name string
		idle timer.Timer
	}
	var w timer.Wheel
	s := &session{name: "mine"}
	w.Start(&s.idle, time.Minute, func() { fmt.Println(s.name, "expired") })

	w.Advance(50 * time.Second)
	s.idle.Reset(time.Minute) // a sign of life
	w.Advance(50 * time.Second)
	fmt.Println("active:", s.idle.Active())
	w.Advance(50 * time.Second)
	fmt.Println("active:", s.idle.Active())
	// Output:
	// active: true
	// mine expired
	// active: false
}

// Keys are for things that live in a table: the table says what is due.
func ExampleKeys() {
	var w timer.Wheel
	ends := map[int]time.Duration{1: time.Minute, 2: time.Hour}
	var keys *timer.Keys[int]
	keys = timer.NewKeys(&w, func(_ time.Duration, due []int) {
		for _, key := range due {
			switch end, ok := ends[key]; {
			case !ok: // forgotten
			case end > w.Now():
				keys.Add(key, end)
			default:
				fmt.Println("end of", key)
				delete(ends, key)
			}
		}
	})
	for key, end := range ends {
		keys.Add(key, end)
	}
	ends[1] = 2 * time.Hour // living longer needs no word to the wheel
	w.Advance(3 * time.Hour)
	// Output:
	// end of 2
	// end of 1
}
