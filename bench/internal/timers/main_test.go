package timers

import (
	"os"
	"testing"

	"github.com/spindleweb/spindle/bench/internal/child"
)

func TestMain(m *testing.M) {
	child.Main()
	_ = os.Setenv("GORACE", "atexit_sleep_ms=0") // or each child takes a second to end
	os.Exit(m.Run())
}
