package server_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session/storetest/server"
)

// parent, in the environment, has the test's program be one that dies with
// servers running.
const parent = "SERVER_TEST_PARENT"

// beParent starts and pauses servers, says so, and waits to be killed.
func beParent() {
	for _, d := range databases {
		s := d.make()
		err := s.Start()
		if err == nil {
			err = s.Pause()
		}
		fmt.Println(d.name, err)
	}
	select {}
}

func TestNothingOutlivesUs(t *testing.T) {
	dir := place(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), parent+"=1")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for _, d := range databases {
		require.True(t, lines.Scan())
		require.Equal(t, d.name+" <nil>", lines.Text())
	}
	pids := processes(t, dir)
	require.NotEmpty(t, pids)
	require.NotEmpty(t, segments(t, pids))
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	require.Eventually(t, func() bool {
		left, err := os.ReadDir(dir)
		return err == nil && len(left) == 0
	}, time.Minute, 10*time.Millisecond)
	require.Empty(t, processes(t, dir))
	require.Empty(t, segments(t, pids))
}

func TestCloseLeavesNothing(t *testing.T) {
	states := []struct {
		name  string
		reach func(s *server.Server) error
	}{
		{"killed", (*server.Server).Kill},
		{"paused", (*server.Server).Pause},
	}
	eachDatabase(t, func(t *testing.T, d *database) {
		dir := place(t)
		s := d.make()
		s.Disk = 128 << 20
		for _, state := range states {
			require.NoError(t, s.Start(), state.name)
			pids := processes(t, dir)
			require.NotEmpty(t, pids, state.name)
			require.NoError(t, state.reach(s), state.name)
			if state.name == "killed" {
				require.Empty(t, processes(t, dir))
			}
			require.NoError(t, s.Close(), state.name)
			require.Empty(t, processes(t, dir), state.name)
			require.Empty(t, segments(t, pids), state.name)
			left, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Empty(t, left, state.name)
		}
		require.NoError(t, s.Close())
	})
}

// place returns a folder of ours where servers put theirs.
func place(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "place")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o711))
	t.Setenv("TMPDIR", dir)
	return dir
}

// processes returns those that have their working directory below dir.
func processes(t *testing.T, dir string) (pids []string) {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	require.NoError(t, err)
	for _, link := range links {
		if cwd, err := os.Readlink(link); err == nil && strings.HasPrefix(cwd, dir) {
			pids = append(pids, strings.Split(link, "/")[2])
		}
	}
	return pids
}

// segments returns those of System V shared memory that processes have made.
func segments(t *testing.T, pids []string) (found []string) {
	t.Helper()
	list, err := os.ReadFile("/proc/sysvipc/shm")
	require.NoError(t, err)
	for line := range strings.Lines(string(list)) {
		const creator = 4
		if f := strings.Fields(line); slices.Contains(pids, f[creator]) {
			found = append(found, line)
		}
	}
	return found
}
