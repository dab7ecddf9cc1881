package e2e_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// runtimeEnded is what runtime says of a session at the end of the program.
const runtimeEnded = "A session has ended: shutdown"

// runClient runs the program that is shipped with runtime, for a user with that
// home.
func runClient(t *testing.T, home string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), need(t, "python3", "python3"), "../examples/runtime/client.py")
	cmd.Env = append(os.Environ(), "HOME="+home)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

func TestTheShippedClientFindsTheRuntime(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	file := filepath.Join(home, ".astrogrid-desktop")
	for name, start := range map[string]func() *program{
		"by default": func() *program { return startWith(t, []string{"HOME=" + home}, "runtime", "-limit", "1") },
		"by option":  func() *program { return start(t, "runtime", "-limit", "1", "-connection-file", file) },
	} {
		p := start()
		url := p.url(0)
		stdout, stderr, err := runClient(t, home)
		require.NoError(t, err, "%s: %s", name, stderr)
		require.Empty(t, stdout+stderr, name)

		full := get(t, url+"/builtin/sessionManager/createNewSession/plain?inactivityTimeout=1")
		require.Contains(t, full.body, "too many sessions", "it has opened the only one there may be")
		require.Equal(t, []string{runtimeEnded}, p.end(syscall.SIGTERM), name)
		require.NoFileExists(t, file, name)
	}
	_, _, err := runClient(t, home)
	require.Error(t, err, "there is nothing to connect to")
}

func TestTheShippedClientLogsIn(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	p := startWith(t, []string{"HOME=" + home}, "runtime", "-password", "another")
	p.url(0)
	_, stderr, err := runClient(t, home)
	require.Error(t, err)
	require.Contains(t, stderr, "<Fault 0: 'SecurityException: user or password are wrong'>")
	p.end(syscall.SIGTERM)
}

func TestTheConnectionFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "connection")
	require.NoError(t, os.WriteFile(file, []byte("http://127.0.0.1:1/\nof somebody who is gone\n"), 0o644))
	has := func(p *program) {
		t.Helper()
		url := p.url(0) // it is written by now
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, url+"/\n", string(text))
		info, err := os.Stat(file)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode())
		files, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, files, 1, "nothing else is left")
	}

	killed := start(t, "runtime", "-connection-file", file)
	has(killed)
	killed.kill()
	has(killed)

	replaced := start(t, "runtime", "-connection-file", file)
	has(replaced)
	p := start(t, "runtime", "-connection-file", file)
	has(p)
	require.Empty(t, replaced.end(syscall.SIGTERM))
	has(p)
	require.Empty(t, p.end(syscall.SIGINT))
	require.NoFileExists(t, file)
}

func TestTheSecondOfTwoRuntimesEndsFirst(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "connection")
	first := start(t, "runtime", "-connection-file", file)
	first.url(0)
	second := start(t, "runtime", "-connection-file", file)
	second.url(0)
	second.end(syscall.SIGTERM)
	require.NoFileExists(t, file)
	first.end(syscall.SIGTERM) // and has nothing to complain of
}

func TestAConnectionFileThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, file := range map[string]string{"no directory": filepath.Join(dir, "none", "file"), "a directory": dir} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := newProgram(t, "runtime", "-connection-file", file)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			require.Error(t, cmd.Run())
			require.Equal(t, 1, cmd.ProcessState.ExitCode())
			require.Contains(t, stderr.String(), "the connection file ")
			require.Contains(t, stderr.String(), dir)
		})
	}
}
