// Package e2e_test runs the examples as a user does: as programs of their own,
// visited with curl and with Chromium. It is a module of its own so that nobody
// who uses the library gets to see what the tests need.
//
// They need curl and Chromium, which Debian has as curl, chromium and, for
// letters on the page, fonts-dejavu-core. With SPINDLE_SCREENSHOT=FILE.png a
// picture of countdown is written there.
//
// The go command does not know that the tests read the examples: run them with
// -count=1 lest it repeat an old result.
package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"testing"

	// What the examples are built of is in go.mod and go.sum by this import.
	_ "github.com/spindleweb/spindle/site"
)

// examples is the directory with the programs.
var examples string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	var err error
	if examples, err = os.MkdirTemp("", "spindle-e2e-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(examples)
	args := []string{"build", "-o", examples}
	if underRaceDetector() {
		args = append(args, "-race") // what it finds goes to stderr, where nothing may be
	}
	if out, err := exec.Command("go", append(args, "github.com/spindleweb/spindle/examples/...")...).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the examples: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

func underRaceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
