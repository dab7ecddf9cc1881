package e2e_test

import (
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is how long a test waits for what must happen. It is no measure of
// anything: only a test that fails ever waits for so long.
const patience = time.Minute

// eventually calls happened until it returns true, on the goroutine of the
// test, so that it can require things itself.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for start := time.Now(); !happened(); <-tick.C {
		require.Less(t, time.Since(start), patience, "waiting until %s", what)
	}
}

// need returns the path of a program that the tests cannot do without.
func need(t *testing.T, program, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	require.NoError(t, err, "%s is not installed; on Debian it is in the package %s", program, debianPackage)
	return path
}
