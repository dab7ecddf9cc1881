package simulate

import (
	"context"
	"io"
	"testing"

	"github.com/spindleweb/spindle/bench/internal/plan"
	"github.com/spindleweb/spindle/bench/internal/result"
	"github.com/stretchr/testify/require"
)

func TestStep(t *testing.T) {
	c := small()
	b := &plan.Bench{Run: new(result.Run), Out: io.Discard}
	step := plan.Step{Name: Step.Name, Do: func(ctx context.Context, b *plan.Bench) error {
		return c.record(ctx, b, 1000)
	}}
	require.NoError(t, b.Go(context.Background(), []plan.Step{step}))
	require.Len(t, b.Figures, 7)
	for _, f := range b.Figures {
		require.Equal(t, "simulation", f.Step)
		require.GreaterOrEqual(t, f.Median(), 0.0, f.Name)
	}
	require.Len(t, b.Curves, 6)
	for _, curve := range b.Curves {
		require.Len(t, curve.At, c.buckets)
	}
	require.Len(t, b.Facts, 1)
}

func TestMachines(t *testing.T) {
	second := traffic{creates: 1000, loads: 1000, saves: 1000, touches: 10_000, claims: 1000, acks: 1000}
	for _, p := range prices {
		one := p.machines(second)
		require.Positive(t, one, p.name)
		require.InEpsilon(t, 3*one, p.machines(second.times(3)), 1e-9)
	}
}
