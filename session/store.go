package session

import (
	"context"
	"errors"
	"time"
)

// A Store keeps sessions outside of the process, so that they outlive it and
// several processes share them. It knows of a session what is written here and
// no more; all else is the Manager's, so that every store is short.
//
// Its clock is its own, and the only one that decides when a session is over:
// times go in and out as spans from the moment of the call, for which Never is
// no end. All methods may be called from many goroutines and processes at once.
// What a call does to one session it does as a whole or not at all; and a call
// that failed may have been done nevertheless, for some or all. An error other than those below means that the store did
// not answer as it should; the Manager then goes by what it has.
//
// The package storetest has the tests that a Store has to pass.
type Store interface {
	// Create writes a new record; its Version is 1, and so is that of each
	// field. ErrExists if there is one with that key.
	Create(ctx context.Context, key StoreKey, r Record) error

	// Load returns the record. ErrGone if there is none, if it is due or if it
	// has been claimed.
	Load(ctx context.Context, key StoreKey) (Record, error)

	// Save changes the record, unless it has been claimed, and returns its new
	// Version, which is one more than before. ErrGone if there is none or it has
	// been claimed: nothing ever comes back. ErrConflict if a field has another
	// version than the change expects; nothing is changed then.
	Save(ctx context.Context, key StoreKey, c Change) (version uint64, err error)

	// Touch extends many at once, as Save does with Change.Extend, and returns
	// their Versions, which it leaves; 0 stands for ErrGone. A key may come twice.
	Touch(ctx context.Context, all []Touch) (versions []uint64, err error)

	// Exists reports whether Load would find the record.
	Exists(ctx context.Context, key StoreKey) (bool, error)

	// Claim takes over the ends of these sessions, those that are due or nearly
	// so; see Terms. It returns a Claim for each key, in order. What the same
	// Owner has claimed is Claimed once more, and its lease begins anew. What
	// another has claimed is Gone.
	Claim(ctx context.Context, keys []StoreKey, t Terms) ([]Claim, error)

	// Due claims up to limit sessions that have been due for grace or longer,
	// and those whose claim's lease is over, the longest due first. It looks at
	// what is due and nothing else, so that it costs the same whatever number of
	// sessions there are.
	Due(ctx context.Context, limit int, grace time.Duration, t Terms) ([]Claim, error)

	// Ack removes the records of sessions that were claimed and whose calls have
	// been made. Those that are not there count as removed.
	Ack(ctx context.Context, keys []StoreKey) error
}

// What a Store may have besides.
type (
	// An Adjuster can change when its sessions end.
	Adjuster interface {
		// AdjustTime moves the ends of all that are not claimed by delta, those
		// of their lifetimes too.
		AdjustTime(ctx context.Context, delta time.Duration) error
	}

	// A Quarantiner can put a record that cannot be read aside: it is not found
	// and not claimed any more, but stays for somebody to look at.
	Quarantiner interface {
		SetAside(ctx context.Context, key StoreKey) error
	}
)

var (
	// ErrExists is returned by Store.Create for a key that is in use.
	ErrExists = errors.New("session: the store has a session with that key")

	// ErrGone is returned by a Store for a session that it has not, or not any
	// more.
	ErrGone = errors.New("session: no such session in the store")

	// ErrConflict is returned by Store.Save where a field has changed meanwhile.
	ErrConflict = errors.New("session: the value has changed meanwhile")
)

// StoreKey is what a Store knows a session by: the SHA-256 of its id, so that
// nobody can act as a visitor who reads a store or a copy of one (OWASP).
type StoreKey [32]byte

// AnyVersion lets a field be written whatever there is: the last writer wins.
const AnyVersion = ^uint64(0)

// A Field is one value of a session.
type Field struct {
	Name  string // at most 255 bytes of UTF-8, told apart byte by byte
	Value []byte
	// Version of the record when the field was written. In a Change, the one
	// that the field must have: 0 if it must not be there, or AnyVersion.
	Version uint64
}

// A Record is a session in a Store.
type Record struct {
	Version   uint64        // 1 and one more with each Save
	Remaining time.Duration // until it is due if nobody touches it
	Limit     time.Duration // until it is due whoever touches it; Never if there is no such end
	Fields    []Field       // in no order
}

// A Change is what Save does, if all fields have the versions it expects: first
// Clear, then Delete, then Set.
type Change struct {
	Set    []Field
	Delete []string
	Clear  bool // remove all fields

	// Extend has the session due no sooner than so far from now, but for its
	// Limit. One that is due but not claimed is extended too: whoever says so
	// has used it in time and is late to tell. 0 changes nothing.
	Extend time.Duration
	// Exactly has it due no later either.
	Exactly bool
	// Limit, unless it is 0, is the new Record.Limit; below 0 it has passed.
	Limit time.Duration

	// Rename is the new key, unless nil. A store that cannot do this together
	// with the rest may for a moment know the session by both keys, but never by
	// none. ErrExists if it is in use.
	Rename *StoreKey
}

// A Touch is one of many for Store.Touch; see Change.Extend.
type Touch struct {
	Key    StoreKey
	Extend time.Duration
}

// Terms are those of a claim.
type Terms struct {
	Owner string        // who claims: a name of its own for each Manager
	Lease time.Duration // for how long nobody else may

	// Why the session ends; the store keeps it with the claim. Idle is for what is
	// due, any other reason whether it is or not.
	Why Reason

	// Early has Claim take what will be due within that time as well, unless it is
	// the Limit that makes it due. Records are extended by more than the timeout,
	// as the Store may not know of the last use; whoever does says so with this.
	// Due takes no account of it.
	Early time.Duration
}

// A Claim is the answer for one session.
type Claim struct {
	Key   StoreKey
	State ClaimState
	// Attempt counts from 1 the owners that have claimed it, this one included:
	// those before have not acknowledged it.
	Attempt int
	Why     Reason // of the first claim
	// Record is complete if the session was claimed, and but for Fields if it is
	// not due.
	Record Record
}

// ClaimState is what became of a claim.
type ClaimState uint8

// The answers to a claim.
const (
	Gone    ClaimState = iota // there is no such session, or another has claimed it
	Claimed                   // its end is the caller's, until Ack or the end of the lease
	NotDue                    // it goes on, for Record.Remaining
)
