package session_test

import (
	"context"
	"fmt"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/timer"
)

// A clock of one's own passes a quarter of an hour at once.
func ExampleManager() {
	clock := new(timer.Wheel)
	sessions := session.Manager{Clock: clock}

	var ctx fasthttp.RequestCtx
	s, err := sessions.Open(&ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	gone := make(chan struct{})
	s.NotifyOnExpire(func() {
		fmt.Println("gone:", s.Reason())
		close(gone)
	})

	clock.Advance(14 * time.Minute)
	fmt.Println("touched:", s.Touch())
	clock.Advance(14 * time.Minute)
	fmt.Println(s.Reason())
	clock.Advance(2 * time.Minute)
	<-gone
	// Output:
	// touched: true
	// alive
	// gone: idle
}

var visits = session.NewKey[int]("visits")

func ExampleKey() {
	var sessions session.Manager
	defer sessions.Close(context.Background())
	s, _ := sessions.Create(nil)

	for range 3 {
		_ = visits.Update(s, func(n *int) { *n++ })
	}
	n, ok := visits.Get(s)
	fmt.Println(n, ok)

	visits.Delete(s)
	n, ok = visits.Get(s)
	fmt.Println(n, ok)
	// Output:
	// 3 true
	// 0 false
}

func ExampleLasting() {
	clock := new(timer.Wheel)
	sessions := session.Manager{Clock: clock, Factory: session.Lasting(5 * time.Second)}

	s, _ := sessions.Create(nil)
	clock.Advance(4 * time.Second)
	fmt.Println(s.Reason())
	clock.Advance(2 * time.Second)
	fmt.Println(s.Reason())
	// Output:
	// alive
	// idle
}

func ExampleSession_SetTimeout() {
	clock := new(timer.Wheel)
	sessions := session.Manager{Clock: clock}

	guest, _ := sessions.Create(nil)
	member, _ := sessions.Create(nil)
	member.SetTimeout(24 * time.Hour)

	clock.Advance(time.Hour)
	fmt.Println(guest.Reason(), member.Reason())
	// Output: idle alive
}

// A seat is something of which there are few.
type seat int

func (s seat) Close() error {
	fmt.Println("seat", int(s), "is free again")
	return nil
}

func ExampleSession_Own() {
	var sessions session.Manager
	defer sessions.Close(context.Background())
	s, _ := sessions.Create(nil)

	s.Own(seat(17))
	s.Expire() // as a log-out does
	fmt.Println(s.Reason())
	// Output:
	// seat 17 is free again
	// expired
}
