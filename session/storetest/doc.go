// Package storetest says in tests what a [session.Store] is, and has two stores
// for the tests of others.
//
// A test of a new store is one call:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) session.Store {
//			return open(t) // empty or not, but in use by nobody else
//		})
//	}
//
// [Run] needs no power over the store's clock. What is to be due is created with
// an end in the past, what is not is given an hour, and where time has to pass
// the suite asks again and again; a store with a method Advance(time.Duration)
// has its clock moved instead. So a check that fails has found a store that is
// wrong and not a machine that is slow. Its keys are random, so that it also
// runs on a store with other records; but it claims those of them that are due,
// and moves all their ends, there and back, if the store is an Adjuster.
//
// Whoever writes a store can read the checks as its specification, a file for
// each method, in the order of the interface. Where the interface leaves
// something open, so do they; what it says in passing they say in full:
//
//   - A session is due when nothing remains: with a span of 0 or less it is due
//     at once. A lease of 0 or less is over at once.
//   - A store may round ends up to the unit of its clock, never down.
//   - What a Change expects of a field's Version is about the record as it was
//     before the Change.
//   - While a session is claimed, only Due gives it to another owner, once the
//     lease is over; Attempt grows by one then. Claim never does, and the same
//     owner's Attempt stays, whichever of the two it calls.
//   - Ack leaves alone what nobody has claimed.
//
// [Memory] is the shortest store that passes, and [Faulty] makes any store fail
// on request.
package storetest
