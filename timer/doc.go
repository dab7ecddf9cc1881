// Package timer is a hierarchical timer wheel: a million pending calls cost
// what one does, calling one off is cheap, and moving one is a compare-and-swap.
//
//	var w timer.Wheel
//	go w.Run(ctx)
//	t := w.CallLater(time.Minute, func() { conn.Close() })
//	t.Reset(time.Minute) // on each sign of life
//
// A [Wheel] has eleven levels of 64 slots; a slot of one level spans all 64 of
// the level below. A call is filed by its due time in the first level where
// that still makes a difference; when a slot comes up, what is due is called
// and the rest is filed again one or more levels down. A bitmap of the occupied
// slots of each level tells when the next one comes up, so a wheel with nothing
// due sleeps.
//
// The wheel moves in one of two ways: [Wheel.Run] follows the machine's
// monotonic clock, and [Wheel.Advance] passes an hour in a microsecond, which
// is what tests want. It is the same wheel either way.
//
// There are two kinds of entry. A [Timer] is a node of its own that can be a
// field of the thing that expires, and can be stopped and reset. [Keys] holds
// nothing but keys, for millions of things that live in a table.
//
// What the wheel promises:
//
//   - A call is never early. It is late by at most two ticks, plus what calls
//     before it take and the machine's scheduler adds.
//   - Each call is made once; one that was stopped or reset before it began is
//     not made at its old time.
//   - Calls are made on the goroutine that moves the wheel, in order of their
//     ticks, and under no lock: f may call anything but Run and Advance.
//   - A call that panics is logged and the wheel goes on.
//   - Steps of the wall clock change nothing. After the process was stopped for
//     a while, all that fell due is called in one go, in order.
package timer
