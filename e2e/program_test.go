package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A program is an example that is running.
type program struct {
	t              *testing.T
	cmd            *exec.Cmd
	stdout, stderr output
	exited         chan struct{}
}

// newProgram is an example that has not been started.
func newProgram(t *testing.T, name string, args ...string) *exec.Cmd {
	args = append([]string{"-addr", "127.0.0.1:0"}, args...)
	return exec.CommandContext(t.Context(), filepath.Join(examples, name), args...)
}

// start starts an example on a port that is free. It is killed when the test is
// over, unless it has exited by then.
func start(t *testing.T, name string, args ...string) *program {
	t.Helper()
	return startWith(t, nil, name, args...)
}

// startWith is start with more in its environment.
func startWith(t *testing.T, env []string, name string, args ...string) *program {
	t.Helper()
	p := &program{t: t, cmd: newProgram(t, name, args...), exited: make(chan struct{})}
	// The race detector would have each program stay for a second when it ends.
	p.cmd.Env = append(append(os.Environ(), "GORACE=atexit_sleep_ms=0"), env...)
	p.cmd.WaitDelay = 2 * patience // lest a child that stays behind hold us for good
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	require.NoError(t, p.cmd.Start())
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // ProcessState has the result
	}()
	t.Cleanup(func() {
		<-p.exited
		require.Empty(t, p.stderr.text(), "%s complained", name)
	})
	return p
}

const listening = "listening on "

// url returns the address of the program's n-th site, the first being 0.
func (p *program) url(n int) string {
	p.t.Helper()
	var urls []string
	eventually(p.t, "the program listens", func() bool {
		urls = nil
		for _, l := range p.stdout.text() {
			if url, ok := strings.CutPrefix(l, listening); ok {
				urls = append(urls, url)
			}
		}
		return len(urls) > n
	})
	return urls[n]
}

// said returns what the program has printed but for where it listens.
func (p *program) said() []string {
	said := []string{}
	for _, l := range p.stdout.text() {
		if !strings.HasPrefix(l, listening) {
			said = append(said, l)
		}
	}
	return said
}

// hears waits until the program has printed the line.
func (p *program) hears(text string) (found line) {
	p.t.Helper()
	eventually(p.t, "the program prints "+text, func() bool {
		for _, l := range p.stdout.lines() {
			if l.text == text {
				found = l
				return true
			}
		}
		return false
	})
	return found
}

func (p *program) signal(sig syscall.Signal) {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(sig))
}

// end sends the signal, which the program has to take as a wish to exit in good
// order, and returns all that it said.
func (p *program) end(sig syscall.Signal) []string {
	p.t.Helper()
	p.signal(sig)
	p.exits()
	require.Equal(p.t, 0, p.cmd.ProcessState.ExitCode(), "%v, stderr: %q", p.cmd.ProcessState, p.stderr.text())
	return p.said()
}

// kill gives the program no time for anything.
func (p *program) kill() {
	p.t.Helper()
	p.signal(syscall.SIGKILL)
	p.exits()
}

// exits waits until the program has exited, and all that write to the same
// stdout: its children.
func (p *program) exits() {
	p.t.Helper()
	eventually(p.t, "the program exits", func() bool {
		select {
		case <-p.exited:
			return true
		default:
			return false
		}
	})
}
