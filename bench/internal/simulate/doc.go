// Package simulate passes a day of more sessions than one machine holds: a
// hundred million of them on eight nodes, in seconds.
//
// Sessions arrive over the day, make requests with pauses between them, fall
// silent and end by their timeout. Each node is a real session.Manager on a
// real timer.Wheel that Advance moves; nothing of these is modelled. What is
// left out is most of the sessions: one in k is passed through the code
// (-sample), and what is counted is multiplied by k.
//
// That is right for what each session does by itself, as thinning a Poisson
// process by k gives one of a k-th of the rate: arrivals, live sessions,
// requests, calls at the end, filings, single operations on a store, and
// memory, which the table and the wheel take per session. What is counted in
// the sample has the error of sampling, 1/√n of n; it is printed.
//
// It is wrong for what several sessions share. The wheel wakes once for all
// that is due at one moment, and a batch takes along what waits; both saturate.
// So these are computed in closed form from the scaled rates (see wakeUps and
// batches), and a test compares the form with what the real wheel does at two
// rates. What the processor takes is computed from the price of each kind of
// work, measured in the same process (see measureCosts): the prices grow with
// what is live, through the processor's caches, so they are taken with a number
// of sessions far beyond those.
//
// A plain model of one entry in the wheel (see entry) goes along with every
// session. It says when the session has to end, which the real one must match,
// and it counts what a Manager does not tell: how often a session is filed
// again. From the same list of requests follows what a store would have to do
// for sessions that outlive their process. No store is part of the run.
//
// With -check a smaller day is passed twice, a sample of it in virtual time and
// all of it in real time, and the first must have predicted the second.
package simulate
