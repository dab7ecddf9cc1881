package loopback

import (
	"os"
	"testing"

	"github.com/spindleweb/spindle/bench/internal/child"
)

func TestMain(m *testing.M) {
	child.Main()
	// A child under the race detector otherwise sleeps a second before it ends.
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
