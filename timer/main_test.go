package timer_test

import (
	"os"
	"testing"
)

// childEnv names what the test binary does instead of testing when a test runs
// it as a child process.
const childEnv = "TIMER_TEST_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(childEnv) {
	case "":
		os.Exit(m.Run())
	case "goexit":
		goexit()
	case "stopped":
		stopped()
	}
}
