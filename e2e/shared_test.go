package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// shared starts the example with a PostgreSQL of its own, and returns also the
// folder that all its temporary files are in.
func shared(t *testing.T, args ...string) (*program, string) {
	t.Helper()
	dir := place(t)
	p := startWith(t, []string{"TMPDIR=" + dir}, "shared", append([]string{"-addr2", "127.0.0.1:0"}, args...)...)
	return p, dir
}

// place returns a folder that is open to all: PostgreSQL does not run as root.
// It has to be empty when the test is over, or soon after.
func place(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "spindle-e2e-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o711))
	t.Cleanup(func() {
		eventually(t, "PostgreSQL is gone", func() bool { return !inUse(t, dir) })
		require.NoError(t, os.Remove(dir))
	})
	return dir
}

// inUse reports whether there are files in dir, or processes that have their
// working directory there, as all of PostgreSQL's have.
func inUse(t *testing.T, dir string) bool {
	t.Helper()
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	require.NoError(t, err)
	return len(files) > 0 || slices.ContainsFunc(links, func(link string) bool {
		cwd, err := os.Readlink(link) // not one that has ended meanwhile
		return err == nil && strings.HasPrefix(cwd, dir)
	})
}

var byProcess = regexp.MustCompile(`^This is visit (\d+), counted by process (\d+)\.\n$`)

// countedBy returns the number of the visit and the process in a page.
func countedBy(t *testing.T, body string) (n, pid int) {
	t.Helper()
	m := byProcess.FindStringSubmatch(body)
	require.NotNil(t, m, "%s", body)
	n, err := strconv.Atoi(m[1])
	require.NoError(t, err)
	pid, err = strconv.Atoi(m[2])
	require.NoError(t, err)
	return n, pid
}

// killOne kills the process at the URL and returns its id.
func killOne(t *testing.T, p *program, url string) int {
	t.Helper()
	_, pid := countedBy(t, get(t, url).body)
	require.NotEqual(t, p.cmd.Process.Pid, pid)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	p.hears(fmt.Sprintf("Process %d has ended: signal: killed.", pid))
	return pid
}

func TestSharedCountsInBothProcessesAndInTheOneThatIsLeft(t *testing.T) {
	t.Parallel()
	p, dir := shared(t, "-timeout", "1h")
	visitor := newJar(t)
	pids := make(map[int]bool)
	for n := 1; n <= 6; n++ {
		a := visitor.get(p.url(n % 2))
		now, pid := countedBy(t, a.body)
		require.Equal(t, n, now)
		pids[pid] = true
		require.Equal(t, n == 1, len(a.Header.Values("Set-Cookie")) == 1)
	}
	require.Len(t, pids, 2)

	dead := killOne(t, p, p.url(0))
	for n := 7; n <= 9; n++ {
		now, pid := countedBy(t, visitor.get(p.url(1)).body)
		require.Equal(t, n, now)
		require.NotEqual(t, dead, pid)
	}
	p.end(syscall.SIGTERM)
	require.False(t, inUse(t, dir))
}

func TestSharedLosesNoVisitOfMany(t *testing.T) {
	t.Parallel()
	const curls, each = 4, 20
	p, _ := shared(t, "-timeout", "1h")
	uid := get(t, p.url(0)).given(t).Value
	var running []*exec.Cmd
	for i := range curls {
		c := newCurl(t, "--fail", "--parallel", "--parallel-immediate", "--cookie", "sid="+uid, "--output", "/dev/null",
			fmt.Sprintf("%s/?[1-%d]", p.url(i%2), each))
		require.NoError(t, c.Start())
		running = append(running, c)
	}
	for _, c := range running {
		require.NoError(t, c.Wait())
	}
	n, _ := countedBy(t, get(t, p.url(1), "--cookie", "sid="+uid).body)
	require.Equal(t, curls*each+2, n)
	p.end(syscall.SIGTERM)
}

var endedBy = regexp.MustCompile(`^Process \d+: (a session has ended after visit \d+\.)$`)

func TestSharedEndsWhatTheDeadProcessHad(t *testing.T) {
	t.Parallel()
	const timeout = 3 * time.Second
	p, _ := shared(t, "-timeout", timeout.String())
	p.url(1)
	all := make(tally)
	first := time.Now()
	for i, v := range []jar{newJar(t), newJar(t), newJar(t)} {
		for range i + 2 {
			all.visit(v, p.url(0))
		}
	}
	all.visit(newJar(t), p.url(1))
	dead := killOne(t, p, p.url(0))
	all["the visitor who asked for its id"] = 1

	var said []string
	eventually(t, "all sessions end", func() bool {
		said = nil
		for _, l := range p.stdout.lines() {
			if m := endedBy.FindStringSubmatch(l.text); m != nil {
				require.GreaterOrEqual(t, l.at.Sub(first), timeout)
				said = append(said, m[1])
			}
		}
		return len(said) >= len(all)
	})
	if !strings.Contains(strings.Join(p.said(), "\n"), fmt.Sprintf("Process %d: ", dead)) { // so slow is no machine
		require.ElementsMatch(t, all.ends("a session has ended after visit %d."), said, "each has ended once")
	}
	p.end(syscall.SIGTERM)
}

func TestSharedLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			p, dir := shared(t)
			get(t, p.url(0)).given(t)
			get(t, p.url(1)).given(t)
			require.True(t, inUse(t, dir))
			if sig == syscall.SIGKILL {
				p.kill() // nobody can clean up but after that
				return
			}
			p.end(sig)
			require.False(t, inUse(t, dir))
		})
	}
}

func TestSharedUsesADatabaseThatRuns(t *testing.T) {
	t.Parallel()
	const hint = "The sessions are in "
	p, _ := shared(t, "-timeout", "1h")
	visitor := newJar(t)
	visitor.get(p.url(0))
	dsn, ok := strings.CutPrefix(p.said()[0], hint)
	require.True(t, ok)

	others := start(t, "shared", "-addr2", "127.0.0.1:0", "-timeout", "1h", "-db", dsn)
	for n := 2; n <= 5; n++ {
		now, _ := countedBy(t, visitor.get(others.url(n%2)).body)
		require.Equal(t, n, now)
	}
	require.Empty(t, others.end(syscall.SIGTERM))
	now, _ := countedBy(t, visitor.get(p.url(1)).body)
	require.Equal(t, 6, now)
	p.end(syscall.SIGTERM)
}

func TestSharedEndsWithoutADatabase(t *testing.T) {
	t.Parallel()
	cmd := newProgram(t, "shared", "-addr2", "127.0.0.1:0", "-db", "postgres://127.0.0.1:1/none")
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Equal(t, 1, cmd.ProcessState.ExitCode())
	require.Contains(t, string(out), "connection refused")
	require.NotContains(t, string(out), listening)
}
