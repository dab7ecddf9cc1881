// Package timers is the step that measures timers: what it costs to schedule,
// call off and move one with others standing by, what many take that wait, and
// how exactly they are called. Each library is in a process of its own; a file
// is a library.
package timers

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/spindleweb/spindle/bench/internal/child"
	"github.com/spindleweb/spindle/bench/internal/plan"
	"github.com/spindleweb/spindle/bench/internal/result"
)

// Step measures timers.
var Step = plan.Step{Name: "timers", Do: do}

// step is the chapter that all figures are in.
const step = "timers"

func do(ctx context.Context, b *plan.Bench) error {
	for _, n := range b.Scale.Timers {
		if err := beside(ctx, b, n); err != nil {
			return err
		}
	}
	if err := idle(ctx, b); err != nil {
		return err
	}
	if err := firings(ctx, b); err != nil {
		return err
	}
	return habits(ctx, b)
}

// wanted are the kinds that are to be measured.
func wanted(b *plan.Bench) []*kind {
	var all []*kind
	for i := range kinds {
		if k := &kinds[i]; b.Wants(k.name, k.ours || k.name == runtimes) {
			all = append(all, k)
		}
	}
	return all
}

// A subject is a library in its process.
type subject struct {
	*kind
	*child.Process
}

// begin starts a process for a library.
func (k *kind) begin(ctx context.Context) (*subject, error) {
	p, err := child.Start(ctx, service)
	if err != nil {
		return nil, err
	}
	if err := p.Call("start", question{Kind: k.name}, nil); err != nil {
		p.Close()
		return nil, fmt.Errorf("%s: %w", k.name, err)
	}
	return &subject{k, p}, nil
}

// ask makes a call and says who was asked if it fails.
func ask[T any](s *subject, method string, q question) (out T, err error) {
	if err = s.Call(method, q, &out); err != nil {
		err = fmt.Errorf("%s: %w", s.name, err)
	}
	return out, err
}

// figure adds a sample of this library's.
func (k *kind) figure(b *plan.Bench, f result.Figure, sample float64) {
	f.Step, f.Peer, f.Base = step, k.name, runtimes
	if !k.ours {
		f.Budget, f.OfBase = 0, false
	}
	b.Add(f, sample)
}

// beside measures with n timers standing by: all libraries at once have theirs,
// and each is measured in turn.
func beside(ctx context.Context, b *plan.Bench, n int) error {
	const of = "standing timers"
	var subjects []*subject
	defer func() {
		_ = together(len(subjects), func(i int) error {
			subjects[i].Close()
			return nil
		})
	}()
	for _, k := range wanted(b) {
		if k.most > 0 && n > k.most {
			b.Skip("%s with %d timers standing by: %s", k.name, n, k.whyMost)
			continue
		}
		s, err := k.begin(ctx)
		if err != nil {
			return err
		}
		subjects = append(subjects, s)
		out, err := ask[standing](s, "stand", question{N: n})
		if err != nil {
			return err
		}
		if n == 0 {
			continue
		}
		b.Say("%s: %d timers stand, %.0f B each", k.name, n, out.Heap)
		k.figure(b, result.Figure{Name: "memory of each, in the heap", At: n, Of: of, Unit: "B"}, out.Heap)
		k.figure(b, result.Figure{Name: "memory of each, resident", At: n, Of: of, Unit: "B"}, out.Resident)
		k.figure(b, result.Figure{Name: "objects of each, for the collector", At: n, Of: of, Unit: "objects"}, out.Objects)
	}
	rounds := b.Scale.Rounds
	if n > 1_000_000 {
		rounds = max(1, rounds/2)
	}
	for round := range rounds {
		for _, s := range subjects {
			if err := s.round(b, n, of); err != nil {
				return err
			}
			if n == 0 || round >= 3 {
				continue
			}
			took, err := ask[time.Duration](s, "collect", question{})
			if err != nil {
				return err
			}
			s.figure(b, result.Figure{Name: "a collection, wall time", At: n, Of: of, Unit: "ms"}, ms(took))
		}
	}
	b.Say("%d rounds with %d timers standing by", rounds, n)
	return nil
}

const later = "move one at random to later, one core"

// round measures each operation once.
func (s *subject) round(b *plan.Bench, n int, of string) error {
	cores := runtime.GOMAXPROCS(0)
	for _, op := range []struct {
		method string
		cores  int
		name   string
		budget float64 // in ns, of ours
		allocs float64
		can    bool
	}{
		{"schedule", 1, "schedule", 0, 0, true},
		{"cancel", 1, "schedule and call off, one core", 90, 1, s.noCancel == ""},
		{"cancel", cores, "schedule and call off, all cores at once", 0, 0, s.noCancel == ""},
		{"later", 1, later, 0, 0.01, n > 0 && s.noRearm == ""},
		{"later", cores, "move one at random to later, all cores at once", 0, 0, n >= cores && s.noRearm == ""},
		{"earlier", 1, "move one at random to earlier, one core", 0, 0, n > 0 && s.noRearm == ""},
	} {
		if !op.can {
			continue
		}
		c, err := ask[cost](s, op.method, question{Cores: op.cores, For: b.Scale.Each / 2})
		if err != nil {
			return err
		}
		s.figure(b, result.Figure{Name: op.name, At: n, Of: of, Unit: "ns", Budget: op.budget}, c.each())
		if op.cores == 1 {
			s.figure(b, result.Figure{Name: op.name, At: n, Of: of, Unit: "allocs", Budget: op.allocs}, c.allocs())
		}
		if op.name != later {
			continue
		}
		look, err := ask[*cost](s, "look", question{For: b.Scale.Each / 2})
		if err != nil {
			return err
		}
		if look != nil {
			f := result.Figure{Name: later + ", finding it in memory not counted", At: n, Of: of, Unit: "ns"}
			if n <= 1_000_000 {
				f.Budget = 80
			}
			s.figure(b, f, max(0, c.each()-look.each()))
		}
	}
	return nil
}

// idle measures what timers take that only wait. It is the time of the
// processors that counts, so all wait at the same time.
func idle(ctx context.Context, b *plan.Bench) error {
	n := min(100_000, most(b))
	if n == 0 {
		return nil
	}
	kinds := wanted(b)
	shares := make([]float64, len(kinds))
	err := together(len(kinds), func(i int) error {
		s, err := kinds[i].begin(ctx)
		if err != nil {
			return err
		}
		defer s.Close()
		if _, err := ask[standing](s, "stand", question{N: n}); err != nil {
			return err
		}
		shares[i], err = ask[float64](s, "idle", question{For: 30 * b.Scale.Each})
		return err
	})
	if err != nil {
		return err
	}
	for i, k := range kinds {
		k.figure(b, result.Figure{
			Name: "waiting, time of a processor a second", At: n, Of: "standing timers", Unit: "ms",
		}, 1000*shares[i])
	}
	b.Say("%d timers have waited", n)
	return nil
}

// most is the largest number of timers that is asked for.
func most(b *plan.Bench) (n int) {
	for _, t := range b.Scale.Timers {
		n = max(n, t)
	}
	return n
}

// together does n things at the same time.
func together(n int, do func(i int) error) error {
	errs := make(chan error, n)
	for i := range n {
		go func() { errs <- do(i) }()
	}
	var all []error
	for range n {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}
