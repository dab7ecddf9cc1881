package memory_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/bench/internal/memory"
	"github.com/spindleweb/spindle/bench/internal/plan"
	"github.com/stretchr/testify/require"
)

func TestTrial(t *testing.T) {
	b := bench()
	b.Out = os.Stdout
	b.Scale.Memory = nil
	for _, s := range strings.Split(os.Getenv("TRIAL"), ",") {
		n, _ := strconv.Atoi(s)
		b.Scale.Memory = append(b.Scale.Memory, n)
	}
	b.Quick = os.Getenv("TRIALQ") != ""
	if p := os.Getenv("TRIALP"); p != "" {
		b.Peers = strings.Split(p, ",")
	}
	require.NoError(t, b.Go(t.Context(), []plan.Step{memory.Step}))
	for _, f := range b.Figures {
		println(f.Peer, "|", f.Name, "|", f.Of, "|", strconv.Itoa(f.At), strconv.FormatFloat(f.Median(), 'f', 4, 64), f.Unit)
	}
}
