package timers

import (
	"context"

	"github.com/spindleweb/spindle/bench/internal/plan"
	"github.com/spindleweb/spindle/bench/internal/result"
)

// A habit is what a library does, seen in a process of its own.
type habit struct {
	check  string
	method string
	lacks  func(*kind) string // why a library does nothing of the kind, or ""
	good   string
	bad    string
	dies   string // if it may end the process
}

func calls(k *kind) string { return k.noCall }
func moves(k *kind) string { return k.noRearm }

// hastens is moves for a library's own way of moving.
func hastens(k *kind) string {
	if k.anew {
		return anew
	}
	return k.noRearm
}

const anew = "called off and scheduled anew"

var habitsSeen = []habit{
	{
		check: "a timer can be moved", method: "moved", lacks: moves,
		good: "yes", bad: "moving one to about when it was due already never returns",
	},
	{
		check: "a timer that is moved to earlier is called then", method: "hastened", lacks: hastens,
		good: "yes", bad: "seconds later at least: some wait until their old slot comes round",
	},
	{
		check: "a call that blocks holds up no other", method: "held", lacks: calls,
		good: "the next is called", bad: "all wait: a call must not block, and starts a goroutine for what does",
	},
	{
		check: "a call that panics harms no other", method: "panic", lacks: calls,
		good: "the next is called", bad: "no other is called any more", dies: "the process ends",
	},
}

// habits tells what libraries do, or cannot do, apart from figures. Most of it
// is waiting, so all are seen at once.
func habits(ctx context.Context, b *plan.Bench) error {
	kinds := wanted(b)
	facts := make([]result.Fact, len(kinds)*len(habitsSeen))
	errs := together(len(facts), func(i int) (err error) {
		facts[i], err = habitsSeen[i%len(habitsSeen)].of(ctx, kinds[i/len(habitsSeen)])
		return err
	})
	for i, k := range kinds {
		cancel := result.Fact{Check: "a timer can be called off", Peer: k.name, Verdict: result.Good, Says: "yes"}
		if k.noCancel != "" {
			cancel.Verdict, cancel.Says = result.None, k.noCancel
		}
		b.Facts = append(b.Facts, cancel)
		for j := i * len(habitsSeen); j < (i+1)*len(habitsSeen); j++ {
			if errs[j] == nil {
				b.Facts = append(b.Facts, facts[j])
			} else if err := k.spare(ctx, b, errs[j]); err != nil {
				return err
			}
		}
	}
	b.Say("habits seen")
	return nil
}

// of sees whether a library has the habit.
func (h *habit) of(ctx context.Context, k *kind) (result.Fact, error) {
	f := result.Fact{Check: h.check, Peer: k.name, Verdict: result.Good, Says: h.good}
	if why := h.lacks(k); why != "" {
		f.Verdict, f.Says = result.None, why
		return f, nil
	}
	s, err := k.begin(ctx)
	if err != nil {
		return f, err
	}
	defer s.Close()
	good, err := ask[bool](s, h.method, question{})
	switch {
	case ctx.Err() != nil:
		return f, ctx.Err()
	case err != nil && h.dies == "":
		return f, err
	case err != nil:
		f.Verdict, f.Says = result.Bad, h.dies
	case !good:
		f.Verdict, f.Says = result.Bad, h.bad
	case k.anew && h.method == "moved":
		f.Verdict, f.Says = result.None, anew
	}
	return f, nil
}
