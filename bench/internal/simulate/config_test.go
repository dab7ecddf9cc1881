package simulate

import (
	"context"
	"flag"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write testdata/report.txt anew")

func TestFlags(t *testing.T) {
	for args, want := range map[string]string{
		"-sessions 0":                   "-sessions is 0, and must be from 1",
		"-sessions -5":                  "-sessions is -5",
		"-sessions 99999999999999":      "-sessions is 99999999999999",
		"-day 0s":                       "-day is 0s",
		"-nodes 0":                      "-nodes is 0, and must be from 1 to 1024",
		"-nodes 100000":                 "-nodes is 100000",
		"-peak 0.5":                     "-peak is 0.5, and must be from 1 to 10",
		"-peak NaN":                     "-peak is NaN",
		"-requests 0":                   "-requests is 0",
		"-requests Inf":                 "-requests is +Inf",
		"-think -1s":                    "-think is -1s",
		"-pauses square":                `not "square"`,
		"-timeout 0s":                   "-timeout is 0s, and must be from 1s",
		"-timeout soon":                 "invalid duration",
		"-timeout 1m:0.5,2m:0.2":        "come to 0.7, not to 1",
		"-timeout 1m:-1,2m:2":           "has a share of -1",
		"-timeout 1m:x":                 `share "x" is no number`,
		"-timeout=":                     "invalid duration",
		"-lifetime -1s":                 "-lifetime is -1s",
		"-lifetime 3ms":                 "-lifetime is 0 or at least 1s",
		"-logout 2":                     "-logout is 2, and must be from 0 to 1",
		"-logout 0.7 -hold 0.7":         "-logout and hold together is 1.4",
		"-hold -1":                      "-hold is -1",
		"-hold-for 0s":                  "-hold-for is 0s",
		"-sticky 1.5":                   "-sticky is 1.5",
		"-changes -0.1":                 "-changes is -0.1",
		"-touch 10m":                    "-touch 10m0s is more than half of the timeout 15m0s",
		"-touch 1ns":                    "-touch is 0 or at least 10ms",
		"-flush 0s":                     "-flush is 0s",
		"-batch 0":                      "-batch is 0",
		"-values -1":                    "-values is -1",
		"-sample -1":                    "-sample is -1",
		"-sample 1":                     "choose a larger one",
		"-requests 1e6 -sample 10":      "choose a larger one",
		"-nonsense":                     "not defined",
		"today":                         `unknown argument "today"`,
		"-check -nodes 2":               "-check passes one node",
		"-check -timeout 2s:0.5,4s:0.5": "-check passes one node, one timeout",
		"-check -lifetime 1h":           "no lifetimes",
		"-check -day 24h":               "at most 10m",
	} {
		t.Run(args, func(t *testing.T) {
			err := Command(context.Background(), strings.Fields(args), io.Discard)
			require.ErrorContains(t, err, want)
		})
	}
}

func TestSample(t *testing.T) {
	c := hundredMillion()
	require.NoError(t, c.validate())
	require.InEpsilon(t, float64(c.budget), c.work()/float64(c.scale()), 0.05)
	c.sessions = 10
	require.Equal(t, 1, c.scale(), "few sessions are all passed")
	c.sample = 7
	require.Equal(t, 7, c.scale())
}

func TestTimeouts(t *testing.T) {
	var set timeouts
	for _, text := range []string{"15m0s", "1m0s:0.25,8h0m0s:0.75"} {
		require.NoError(t, set.Set(text))
		require.NoError(t, set.validate())
		require.Equal(t, text, set.String())
	}
	require.Equal(t, 8*time.Hour, set.longest())
}

func TestCount(t *testing.T) {
	for want, v := range map[string]float64{
		"0": 0, "0.50": 0.5, "9": 9, "12": 12.3, "999": 999, "1,000": 1000, "-1,234": -1234, "100,000,000": 1e8,
	} {
		require.Equal(t, want, count(v))
	}
}
