package endings_test

import (
	"context"
	"io"
	"os"
	"testing"

	"github.com/spindleweb/spindle/bench/internal/child"
	"github.com/spindleweb/spindle/bench/internal/endings"
	"github.com/spindleweb/spindle/bench/internal/plan"
	"github.com/spindleweb/spindle/bench/internal/result"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	child.Main()
	os.Setenv("GORACE", "atexit_sleep_ms=0") // else each child takes a second to end
	os.Exit(m.Run())
}

func bench(peers ...string) *plan.Bench {
	return &plan.Bench{Run: new(result.Run), Scale: plan.Scale{Ends: 200, Rounds: 1}, Peers: peers, Out: io.Discard}
}

func TestFigures(t *testing.T) {
	b := bench("iris")
	require.NoError(t, b.Go(t.Context(), []plan.Step{endings.Step}))
	require.Empty(t, b.LeftOut)

	told := []string{"spindle", "time.AfterFunc", "iris"}
	gone := []string{"spindle", "iris"}
	requests := []string{
		"requests before, p50", "requests before, p99", "requests before, max",
		"requests meanwhile, p50", "requests meanwhile, p99", "requests meanwhile, max",
		"requests meanwhile, p99 over that before",
	}
	for _, when := range []struct {
		name  string
		peers []string
		what  []string
		curve string
	}{
		{"all due in one tick", told, []string{
			"callbacks early", "callbacks twice or never", "CPU of an end, callback included", "most goroutines",
			"callback late, least", "callback late, p50", "callback late, p99", "callback late, max",
		}, "callbacks made"},
		{"due within a second", told, []string{
			"callbacks early", "callbacks twice or never", "CPU of an end, callback included", "most goroutines",
			"callback late, least", "callback late, p50", "callback late, p99", "callback late, max",
		}, "callbacks made"},
		{"one timeout, swept each second where that can be set", gone, []string{
			"CPU of an end",
			"gone after due, first", "gone after due, half", "gone after due, p99", "gone after due, max",
		}, "sessions gone"},
	} {
		for _, what := range append(when.what, requests...) {
			t.Run(what+"; "+when.name, func(t *testing.T) {
				var got []string
				for _, f := range b.Figures {
					if f.Name != what+"; "+when.name {
						continue
					}
					require.Equal(t, "endings", f.Step)
					require.Equal(t, 200, f.At)
					require.Len(t, f.Samples, 1)
					if what == "callbacks early" || what == "callbacks twice or never" {
						require.Zero(t, f.Samples[0], f.Peer)
					}
					got = append(got, f.Peer)
				}
				require.ElementsMatch(t, when.peers, got)
			})
		}
		t.Run("curve; "+when.name, func(t *testing.T) {
			var got []string
			for _, c := range b.Curves {
				if c.Name == when.curve+"; "+when.name {
					got = append(got, c.Peer)
					require.Equal(t, 1.0, c.At[len(c.At)-1][1])
				}
			}
			require.ElementsMatch(t, when.peers, got)
		})
	}

	require.Len(t, b.Facts, 2*len(told))
	for _, f := range b.Facts {
		require.Equal(t, result.Good, f.Verdict, f.Says)
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, bench().Go(ctx, []plan.Step{endings.Step}), context.Canceled)
}
