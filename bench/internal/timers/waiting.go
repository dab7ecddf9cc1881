package timers

import (
	"context"

	"github.com/spindleweb/spindle/bench/internal/plan"
	"github.com/spindleweb/spindle/bench/internal/result"
)

// idle measures what timers take that only wait. It is the time of the
// processors that counts, so all wait at the same time.
func idle(ctx context.Context, b *plan.Bench) error {
	n := min(100_000, most(b))
	if n == 0 {
		return nil
	}
	kinds := wanted(b)
	shares := make([]float64, len(kinds))
	errs := together(len(kinds), func(i int) error {
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
	for i, k := range kinds {
		if errs[i] != nil {
			if err := k.spare(ctx, b, errs[i]); err != nil {
				return err
			}
			continue
		}
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
