package timers

import "time"

// A wheel is one library behind what the step does with it. Timers go by
// number, and the wheel keeps by number what the library needs to find one
// again, as a program would; that is counted as memory of the library's.
//
// A number is used by one goroutine at a time.
type wheel interface {
	grow(n int) // makes room for the timers 0 to n-1
	schedule(i int, after time.Duration, f func())
	cancel(i int)
	rearm(i int, after time.Duration, f func()) // f is the one that is scheduled already
	close()
}

// A looker can read from a timer without doing anything to it.
type looker interface {
	look(i int) uint64 // less than 1<<63
}

// A resetter can move a timer, but rearm has a reason not to use it.
type resetter interface {
	reset(i int, after time.Duration)
}

// grown returns s with room for n.
func grown[T any](s []T, n int) []T {
	t := make([]T, n)
	copy(t, s)
	return t
}

// A kind is one library, and what it can do.
type kind struct {
	name   string
	module string // whose version is reported, of others'
	ours   bool
	// grain is what the library was asked for: the finest that it takes and
	// that its authors advise.
	grain time.Duration
	start func() wheel

	noCall   string // why it calls nothing, if so
	noCancel string // why nothing can be called off, if so
	noRearm  string // why nothing can be moved, if so
	anew     bool   // to move one it is called off and scheduled anew
	slow     bool   // to schedule: some microseconds each
	most     int    // how many timers may stand, 0 for any number
	whyMost  string
}

// The names of ours and of the base of the ratios.
const (
	ours     = "spindle"
	embedded = "spindle, embedded"
	runtimes = "Go runtime"
)

// kinds are in the order in which they are measured.
var kinds = []kind{
	spindle, spindleEmbedded, spindleKeys, goRuntime,
	antlabs, russellLuo, goZero, ouqiang, siddontang,
}

// Names are those of all that is measured.
func Names() []string {
	names := make([]string, len(kinds))
	for i := range kinds {
		names[i] = kinds[i].name
	}
	return names
}

func get(name string) *kind {
	for i := range kinds {
		if kinds[i].name == name {
			return &kinds[i]
		}
	}
	return nil
}

func nothing() {}
