package plan_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/bench/internal/plan"
	"github.com/spindleweb/spindle/bench/internal/result"
	"github.com/stretchr/testify/require"
)

func TestStepsAreTakenInOrderAndTellWhatTheyDo(t *testing.T) {
	var out strings.Builder
	b := &plan.Bench{Run: new(result.Run), Out: &out}
	ctx, stop := context.WithCancel(t.Context())
	err := b.Go(ctx, []plan.Step{
		{Name: "first", Do: func(_ context.Context, b *plan.Bench) error {
			b.Say("%d things", 3)
			b.Skip("the rest: %s", "too large")
			return nil
		}},
		{Name: "second", Do: func(context.Context, *plan.Bench) error { return errors.New("broken") }},
		{Name: "third", Do: func(context.Context, *plan.Bench) error { stop(); return nil }},
		{Name: "fourth", Do: func(context.Context, *plan.Bench) error { panic("not reached") }},
	})
	require.EqualError(t, err, "second: broken")
	require.Equal(t, []string{"first: the rest: too large", "second: what was still to be measured: broken"}, b.LeftOut)
	require.False(t, b.Started.IsZero())
	require.Positive(t, b.Took)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 6)
	require.Regexp(t, `^\d+\.\ds  first +begins$`, lines[0])
	require.Regexp(t, `first +3 things$`, lines[1])
	require.Regexp(t, `first +left out: the rest: too large$`, lines[2])
	require.Regexp(t, `second +begins$`, lines[3])
	require.Regexp(t, `second +left out: what was still to be measured: broken$`, lines[4])
	require.Regexp(t, `third +begins$`, lines[5])
}

func TestPeersAreChosen(t *testing.T) {
	for name, test := range map[string]struct {
		peers  []string
		peer   string
		always bool
		want   bool
	}{
		"all":       {nil, "scs", false, true},
		"one of":    {[]string{"iris", "scs"}, "scs", false, true},
		"none of":   {[]string{"iris"}, "scs", false, false},
		"must have": {[]string{"iris"}, "fasthttp", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, (&plan.Bench{Peers: test.peers}).Wants(test.peer, test.always))
		})
	}
}
