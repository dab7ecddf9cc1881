// Package e2e_test runs the examples as a user does: as programs of their own,
// visited with curl, with Chromium and by clients in Python, Perl and Go that know
// nothing of this project. It is a module of its own so that nobody who uses the
// library gets to see what the tests need.
//
// They need curl, Chromium, PostgreSQL, Python and the RPC::XML of Perl, which Debian
// has as curl, chromium, for letters on the page fonts-dejavu-core, postgresql,
// python3 and librpc-xml-perl. With SPINDLE_SCREENSHOT=FILE.png a picture of countdown
// is written there.
//
// The go command does not know that the tests read the examples: run them with
// -count=1 lest it repeat an old result.
package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
	if err := build(); err != nil {
		fmt.Fprintln(os.Stderr, "building the examples:", err)
		return 1
	}
	return m.Run()
}

// build makes all programs: those of the root module, and each that is a module
// of its own.
func build() error {
	modules, err := filepath.Glob("../examples/*/go.mod")
	if err != nil {
		return err
	}
	all := [][]string{{"build", "-o", examples, "github.com/spindleweb/spindle/examples/..."}}
	for _, m := range modules {
		all = append(all, []string{"build", "-C", filepath.Dir(m), "-o", examples, "."})
	}
	for _, args := range all {
		cmd := exec.Command("go", args...)
		if underRaceDetector() {
			// What it finds goes to stderr, where nothing may be.
			cmd.Env = append(os.Environ(), "GOFLAGS="+os.Getenv("GOFLAGS")+" -race")
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
	}
	return nil
}

func underRaceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
