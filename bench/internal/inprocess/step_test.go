package inprocess_test

import (
	"context"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spindleweb/spindle/bench/internal/child"
	"github.com/spindleweb/spindle/bench/internal/inprocess"
	"github.com/spindleweb/spindle/bench/internal/peer"
	"github.com/spindleweb/spindle/bench/internal/plan"
	"github.com/spindleweb/spindle/bench/internal/result"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	child.Main()
	// The race detector would have each child wait for a second before it exits.
	os.Setenv("GORACE", "atexit_sleep_ms=0")
	os.Exit(m.Run())
}

func run(t *testing.T, live []int, only ...string) *plan.Bench {
	t.Helper()
	b := &plan.Bench{
		Run:   &result.Run{},
		Scale: plan.Scale{Rounds: 1, Each: time.Millisecond, Live: live},
		Peers: only, Out: io.Discard,
	}
	require.NoError(t, b.Go(t.Context(), []plan.Step{inprocess.Step}))
	return b
}

func TestFigures(t *testing.T) {
	many := 25 * runtime.NumCPU()
	b := run(t, []int{1, many})
	require.Equal(t, []string{"in process: gorilla/sessions keeps nothing, so it is measured with 1 live only"}, b.LeftOut)

	for _, want := range []struct {
		name      string
		at        int
		oneCore   bool // only
		kept      bool // only of those that keep sessions, and the bases
		noneOfOwn bool // the bases have none
	}{
		{name: "path without session", at: 1},
		{name: "path without session", at: many, kept: true, oneCore: true},
		{name: "added over the library's own path without session", at: 1, noneOfOwn: true},
		{name: "existing session", at: 1},
		{name: "existing session", at: many, kept: true},
		{name: "added by the session", at: 1, noneOfOwn: true},
		{name: "added by the session", at: many, kept: true, noneOfOwn: true},
		{name: "value read and written", at: 1, oneCore: true},
		{name: "value read and written", at: many, kept: true},
		{name: "new session"},
		{name: "added by a new session", noneOfOwn: true},
	} {
		for _, p := range peer.All {
			for _, cores := range []string{"one core", "all cores"} {
				for _, unit := range []string{"ns", "B", "allocs"} {
					g := result.Group{Step: "in process", Name: want.name + ", " + cores, Unit: unit, At: want.at}
					if g.At > 0 {
						g.Of = "live sessions"
					}
					f := b.Find(g, p.Name)
					isBase := p.Base == ""
					if cores == "all cores" && (want.oneCore || unit != "ns") ||
						want.kept && !p.Kept && !isBase || want.noneOfOwn && isBase {
						require.Nil(t, f, "%v of %s", g, p.Name)
						continue
					}
					require.NotNil(t, f, "%v of %s", g, p.Name)
					require.Len(t, f.Samples, 1)
					if want.noneOfOwn {
						require.Empty(t, f.Base)
						continue
					}
					if unit != "ns" {
						require.Empty(t, f.Base)
						continue
					}
					require.Positive(t, f.Median(), "%v of %s", g, p.Name)
					require.Equal(t, p.Base, f.Base)
					_, ok := b.Ratio(f)
					require.Equal(t, !isBase, ok, "%v of %s", g, p.Name)
				}
			}
		}
	}
	for _, f := range b.Figures {
		require.False(t, f.Budget != 0 && !strings.HasPrefix(f.Peer, "spindle"), "the budgets are ours: %v", f)
	}
}

func TestBudgets(t *testing.T) {
	b := run(t, []int{1}, "spindle")
	budgets := map[string]float64{}
	for _, f := range b.Figures {
		if f.Budget != 0 {
			budgets[f.Name+", "+f.Unit] = f.Budget
		}
	}
	require.Equal(t, map[string]float64{
		"added by the session, one core, ns":       100,
		"added by the session, one core, allocs":   0.01,
		"added by a new session, one core, ns":     700,
		"added by a new session, one core, allocs": 4,
	}, budgets)
}

func TestPeers(t *testing.T) {
	b := run(t, []int{1}, "icza/session")
	var of []string
	for _, f := range b.Figures {
		of = append(of, f.Peer)
	}
	slices.Sort(of)
	require.Equal(t, []string{"fasthttp", "icza/session", "net/http", "spindle", "spindle/session"}, slices.Compact(of))
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b := &plan.Bench{
		Run:   &result.Run{},
		Scale: plan.Scale{Rounds: 1, Each: time.Millisecond, Live: []int{1}},
		Out:   io.Discard,
	}
	require.ErrorIs(t, b.Go(ctx, []plan.Step{inprocess.Step}), context.Canceled)
	require.Empty(t, b.Figures)
	require.Equal(t, []string{"in process: what was still to be measured: context canceled"}, b.LeftOut)
}
