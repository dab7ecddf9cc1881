package correct

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/spindleweb/spindle/bench/internal/peer"
	"github.com/spindleweb/spindle/bench/internal/plan"
	"github.com/spindleweb/spindle/bench/internal/result"
	"github.com/stretchr/testify/require"
)

// TestChecks makes all checks of ours, which pass, and of a library that does
// everything wrong.
func TestChecks(t *testing.T) {
	t.Parallel()
	facts, errs := judge(context.Background(), []*peer.Peer{peer.Get("spindle"), peer.Get("spindle/session"), broken})
	require.NoError(t, errors.Join(errs...))
	require.Len(t, facts, 3*len(checks))
	for i, f := range facts {
		require.Equal(t, checks[i/3].name, f.Check)
		require.NotEmpty(t, f.Says)
		want := result.Good
		if f.Peer == broken.Name {
			want = result.Bad
		}
		require.Equal(t, want, f.Verdict, "%+v", f)
	}
	require.NoError(t, ours(facts))
}

// TestCrash is a library that ends the process.
func TestCrash(t *testing.T) {
	t.Parallel()
	f, err := madeUp.of(context.Background(), crashing)
	require.NoError(t, err)
	require.Equal(t, result.Fact{
		Check: madeUp.name, Peer: crashing.Name, Verdict: result.Bad, Says: "the process ends",
	}, f)
}

// TestNoAnswer is a library that cannot be judged, which is an error.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range []check{atOnce, beside, madeUp, stale, markings} {
		_, err := c.of(context.Background(), refusing)
		require.Error(t, err, c.name)
	}
}

// TestNothingOfTheKind is a library that tells nobody of ends.
func TestNothingOfTheKind(t *testing.T) {
	t.Parallel()
	for _, c := range []check{tells, panics, shutdown} {
		f, err := c.of(context.Background(), deaf)
		require.NoError(t, err)
		require.Equal(t, result.None, f.Verdict)
	}
}

// TestOurs is that an error of ours is one of the step, and nobody else's.
func TestOurs(t *testing.T) {
	require.NoError(t, ours([]result.Fact{{Peer: "scs", Verdict: result.Bad}}))
	require.Error(t, ours([]result.Fact{{Peer: "spindle", Verdict: result.Bad}}))
	require.Error(t, ours([]result.Fact{{Peer: "spindle/session", Verdict: result.None}}))
}

// TestStep goes no further when it is told to stop.
func TestStep(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	b := &plan.Bench{Run: &result.Run{}, Scale: plan.Quick, Peers: []string{"scs"}, Out: new(bytes.Buffer)}
	require.ErrorIs(t, b.Go(ctx, []plan.Step{Step}), context.Canceled)
	require.Empty(t, b.Facts)
}

// TestLong is that every library on fasthttp has a program that takes long.
func TestLong(t *testing.T) {
	for _, p := range peer.All {
		if p.Base == "fasthttp" {
			require.Contains(t, long, p.Name)
		}
	}
}

// TestAnother makes ids of the kind that was there.
func TestAnother(t *testing.T) {
	for _, c := range []struct{ cookie, want string }{
		{"sid=0123456789abcdef", "sid=0123456790bcdefa"},
		{"id=9-Z", "id=0-G"},
		{"id=f_F", "id=a_A"},
		{"id=", "id="},
	} {
		got := another(c.cookie)
		require.Equal(t, c.want, got)
		require.Len(t, got, len(c.cookie))
	}
}
