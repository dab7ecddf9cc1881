package memory_test

import (
	"context"
	"io"
	"os"
	"testing"

	"github.com/spindleweb/spindle/bench/internal/child"
	"github.com/spindleweb/spindle/bench/internal/memory"
	"github.com/spindleweb/spindle/bench/internal/peer"
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
	return &plan.Bench{Run: new(result.Run), Scale: plan.Scale{Memory: []int{200}}, Peers: peers, Out: io.Discard}
}

func TestFigures(t *testing.T) {
	b := bench("scs")
	require.NoError(t, b.Go(t.Context(), []plan.Step{memory.Step}))
	require.Empty(t, b.LeftOut)

	// Who is measured, by what the sessions are.
	of := map[string][]string{"live, empty sessions": {"fasthttp/session", "scs"}}
	for _, p := range peer.All {
		if p.Ours && p.Kept {
			of["live, empty sessions"] = append(of["live, empty sessions"], p.Name)
			if p.Name == "spindle/session" {
				continue // as "spindle"
			}
			of["live, empty sessions with a callback each"] = append(of["live, empty sessions with a callback each"], p.Name)
		}
	}
	for of, want := range of {
		for _, q := range []struct {
			name, unit string
			samples    int
		}{
			{"heap of a session", "B", 1},
			{"RSS of a session", "B", 1},
			{"objects of a session", "objects", 1},
			{"a collection, from call to return", "ms", 3},
			{"longest stop of all in collections", "ms", 1},
			{"request in process, no collection, p50", "µs", 1},
			{"request in process, no collection, p99", "µs", 1},
			{"request in process, no collection, max", "µs", 1},
			{"request in process, during collections, p50", "µs", 1},
			{"request in process, during collections, p99", "µs", 1},
			{"request in process, during collections, max", "µs", 1},
			{"heap given back when all have ended", "%", 1},
			{"RSS given back when all have ended", "%", 1},
		} {
			t.Run(q.name+", "+of, func(t *testing.T) {
				var got []string
				for _, f := range b.Figures {
					if f.Group() == (result.Group{Step: "memory", Name: q.name, Of: of, Unit: q.unit, At: 200}) {
						require.Len(t, f.Samples, q.samples)
						got = append(got, f.Peer)
					}
				}
				require.ElementsMatch(t, want, got)
			})
		}
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, bench().Go(ctx, []plan.Step{memory.Step}), context.Canceled)
}
