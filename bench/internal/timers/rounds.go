package timers

import (
	"context"
	"runtime"
	"time"

	"github.com/spindleweb/spindle/bench/internal/plan"
	"github.com/spindleweb/spindle/bench/internal/result"
	"github.com/spindleweb/spindle/bench/internal/usage"
)

// beside measures with n timers standing by: all libraries at once have theirs,
// and each is measured in turn.
func beside(ctx context.Context, b *plan.Bench, n int) error {
	const of = "standing timers"
	// A timer takes 600 bytes of all libraries together, and more while they
	// are made.
	if free, err := usage.Available(); err == nil && free < 900*float64(n) {
		b.Skip("%d timers standing by: there are %.0f GiB of memory", n, free/(1<<30))
		return nil
	}
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
		if err == nil {
			subjects = append(subjects, s)
			err = s.stand(b, n, of)
			s.failed = err != nil
		}
		if err := k.spare(ctx, b, err); err != nil {
			return err
		}
	}
	rounds := b.Scale.Rounds
	if n > 1_000_000 {
		rounds = max(1, rounds/2)
	}
	for round := range rounds {
		for _, s := range subjects {
			if s.failed {
				continue
			}
			err := s.round(b, n, of)
			if err == nil && n > 0 && round < 3 {
				err = s.collect(b, n, of)
			}
			s.failed = err != nil
			if err := s.spare(ctx, b, err); err != nil {
				return err
			}
		}
	}
	b.Say("%d rounds with %d timers standing by", rounds, n)
	return nil
}

// stand has n timers wait.
func (s *subject) stand(b *plan.Bench, n int, of string) error {
	out, err := ask[standing](s, "stand", question{N: n})
	if err != nil || n == 0 {
		return err
	}
	b.Say("%s: %d timers stand, %.0f B each", s.name, n, out.Heap)
	s.figure(b, result.Figure{Name: "memory of each, in the heap", At: n, Of: of, Unit: "B"}, out.Heap)
	s.figure(b, result.Figure{Name: "memory of each, resident", At: n, Of: of, Unit: "B"}, out.Resident)
	s.figure(b, result.Figure{Name: "objects of each, for the collector", At: n, Of: of, Unit: "objects"}, out.Objects)
	return nil
}

// collect measures one collection.
func (s *subject) collect(b *plan.Bench, n int, of string) error {
	took, err := ask[time.Duration](s, "collect", question{})
	if err == nil {
		s.figure(b, result.Figure{Name: "a collection, wall time", At: n, Of: of, Unit: "ms"}, usage.MS(took))
	}
	return err
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
		{"cancel", 1, "schedule and call off, one core", 90, 1.01, s.noCancel == ""},
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
