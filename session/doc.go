// Package session keeps the sessions of visitors and ends each on time, calling
// what was registered for its end. It works in any fasthttp program:
//
//	var sessions session.Manager
//	visits := session.NewKey[int]("visits")
//
//	func handler(ctx *fasthttp.RequestCtx) {
//		s, err := sessions.Open(ctx)
//		if err != nil {
//			ctx.Error("busy", fasthttp.StatusServiceUnavailable)
//			return
//		}
//		visits.Update(s, func(n *int) { *n++ })
//		s.NotifyOnExpire(func() { log.Print("gone") })
//	}
//
// A [Manager] finds the [Session] of a request by the uid that its [Carrier]
// brought, most often a [Cookie], or has its [Factory] make one. Its clock is a
// timer.Wheel, which knows the sessions' ids alone: a touch is one
// compare-and-swap on the session and tells the wheel nothing; when the wheel
// comes to an id, the session itself says how long it still has.
//
// What a session promises:
//
//   - Its uid is 128 bits from the operating system's generator, or more, see
//     Manager.IDLength. One that the client made up, that has ended, or that belongs to another Manager is
//     never adopted: the answer is a new session with a new uid. What was made
//     over TLS is unknown without, and the reverse.
//   - It is never ended early, and late by at most a 32nd of its timeout (a
//     second at most, two ticks at least) plus what the machine's scheduler
//     adds. Once due it is not handed out any more, even if the wheel is late.
//   - It ends once, for one [Reason], however many things try. It is out of the
//     table first; then the calls are made in order, each once. A call that
//     panics is logged, one that blocks holds back neither other sessions nor
//     the wheel.
//   - What was registered during the end is called in the same pass, what is
//     registered later at once. Nothing revives a session that has ended.
//   - Updates of a value are made one at a time, and none is lost.
//
// With a [Store] sessions outlive the process, and several processes share them.
// What is in memory stays what requests go by, so that a session that is here
// costs them no call:
//
//   - Its use is told to the Store together with that of others, once per 15th of
//     its timeout at the most. If the process is killed it may end late by as much;
//     never early, whatever the clocks of the processes say, for only the Store's
//     counts. Where it cannot be told as fast as sessions are used, who uses them
//     waits for it.
//   - Changes of values are written key by key, so that two processes which change
//     different ones lose nothing. Of one key the last writer wins, but no Update
//     is lost. A request is answered when the Store has acknowledged its changes.
//   - The end is claimed in the Store, so that one process alone calls
//     Manager.OnExpire, after which the Store forgets the session. If that process
//     is killed before it has said so, another makes the call again.
//   - While the Store fails, sessions that are here go on, as far as they change
//     nothing. What is not here is neither known nor unknown: nobody is given a
//     new session in place of the one that may be there.
//   - Ids are stored as SHA-256. A record that cannot be read is set aside.
//
// Package sqlstore has a Store for SQLite, PostgreSQL, MySQL and MariaDB, and
// storetest the tests for one of your own.
//
// A session is one object of one cache line, and a request with it writes one
// word of that and nothing that requests share, so they do not wait for one
// another however many cores there are. Sessions are allocated one by one.
// Laid out in slabs of 64, a million of them take the collector 32 ms in place
// of 52 and the same memory, while they live; but a slab cannot be used again
// as long as anyone may have a pointer into it, so that when seven of eight have
// ended, each of the rest holds on to 670 bytes in place of 130 (BenchmarkSlab).
// A Session can be kept for as long as one likes, at the price of that one.
//
// To pass time in a test, give the Manager a Clock and call its Advance. The
// calls are made on other goroutines, so wait for what they do, or run the test
// in a testing/synctest bubble and call its Wait. On a Clock that runs, sessions
// end on other goroutines too.
package session
