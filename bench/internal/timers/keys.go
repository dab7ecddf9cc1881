package timers

import (
	"time"

	"github.com/spindleweb/spindle/timer"
)

var spindleKeys = kind{
	name: "spindle, keys", ours: true, grain: time.Millisecond,
	start:    func() wheel { return &keysWheel{running: run()} },
	noCall:   "files keys alone and hands them over in chunks: who they are of, and what is to be done, the owner knows",
	noCancel: "a key is forgotten, not taken back",
	noRearm:  "the owner notes the new time and files the key again when it comes up",
}

// keysWheel files 8-byte keys. There is a function to call for all of them and
// none for each, so it takes part in filing only.
type keysWheel struct {
	*running
	keys    *timer.Keys[uint64]
	scratch *timer.Keys[uint64]
	n       int
}

func (w *keysWheel) lane() *timer.Keys[uint64] {
	return timer.NewKeys(&w.Wheel, func(time.Duration, []uint64) {})
}

func (w *keysWheel) grow(n int) {
	if w.keys == nil {
		w.keys, w.n = w.lane(), n // what is beyond is scratch
	}
}

// schedule files the scratch timers' keys apart, so that cancel can forget
// them.
func (w *keysWheel) schedule(i int, after time.Duration, _ func()) {
	if i < w.n {
		w.keys.Add(uint64(i), w.Now()+after)
		return
	}
	if w.scratch == nil {
		w.scratch = w.lane()
	}
	w.scratch.Add(uint64(i), w.Now()+after)
}

// cancel forgets all scratch keys at once.
func (w *keysWheel) cancel(int) {
	if w.scratch != nil {
		w.scratch.Close()
		w.scratch = nil
	}
}

func (w *keysWheel) rearm(int, time.Duration, func()) {}
