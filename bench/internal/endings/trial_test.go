package endings_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/bench/internal/endings"
	"github.com/spindleweb/spindle/bench/internal/plan"
	"github.com/spindleweb/spindle/bench/internal/result"
	"github.com/stretchr/testify/require"
)

func TestTrial(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("TRIAL"))
	r, _ := strconv.Atoi(os.Getenv("TRIALR"))
	b := &plan.Bench{Run: new(result.Run), Scale: plan.Scale{Ends: n, Rounds: r}, Out: os.Stdout}
	b.Quick = os.Getenv("TRIALQ") != ""
	if p := os.Getenv("TRIALP"); p != "" {
		b.Peers = strings.Split(p, ",")
	}
	require.NoError(t, b.Go(t.Context(), []plan.Step{endings.Step}))
	for _, f := range b.Figures {
		println(f.Peer, "|", f.Name, "|", f.Of, "|", strconv.Itoa(f.At), strconv.FormatFloat(f.Median(), 'f', 4, 64), f.Unit)
	}
	println(len(b.Curves), len(b.Facts))
}
