package session_test

import (
	"context"
	"fmt"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/storetest"
)

// A second process goes on where the first has stopped. Here both are one, and
// the store is in its memory.
func ExampleManager_store() {
	visits := session.NewKey[int]("visits")
	store := new(storetest.Memory)

	first := &session.Manager{Store: store}
	s, err := first.Create(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	uid := s.UID()
	_ = visits.Update(s, func(n *int) { *n++ })
	_ = first.Close(context.Background())

	second := &session.Manager{
		Store:  store,
		OnLoad: func(*session.Session) { fmt.Println("read from the store") },
	}
	defer second.Close(context.Background())
	if s, err = second.Get(context.Background(), uid); err != nil || s == nil {
		fmt.Println("not found", err)
		return
	}
	_ = visits.Update(s, func(n *int) { *n++ })
	n, _ := visits.Get(s)
	fmt.Println(n)
	// Output:
	// read from the store
	// 2
}
