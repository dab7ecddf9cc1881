package e2e_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// python has a script of testdata do its part, with the clients of Python's
// standard library, and returns the lines that it prints. What it finds wrong is
// an exception, with which it fails.
func python(t *testing.T, script string, args ...string) []string {
	t.Helper()
	return runScript(t, "", pythonScript(t, script), args...)
}

// perl does the same with the clients of RPC::XML.
func perl(t *testing.T, script string, args ...string) []string {
	t.Helper()
	return runScript(t, "", perlScript(t, script), args...)
}

// pythonScript is a command for a script; -E and -B have it take no settings from
// this machine, and leave nothing in testdata.
func pythonScript(t *testing.T, script string) []string {
	t.Helper()
	return []string{need(t, "python3", "python3"), "-E", "-B", filepath.Join("testdata", script)}
}

func perlScript(t *testing.T, script string) []string {
	t.Helper()
	need(t, "make_method", "librpc-xml-perl") // comes with the clients
	return []string{need(t, "perl", "perl"), filepath.Join("testdata", script)}
}

func runScript(t *testing.T, stdin string, script []string, args ...string) []string {
	t.Helper()
	script = append(script, args...)
	cmd := exec.CommandContext(t.Context(), script[0], script[1:]...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = strings.NewReader(stdin), &stderr
	stdout, err := cmd.Output()
	require.NoError(t, err, "%q: %s", script, &stderr)
	require.Empty(t, stderr.String(), "%q", script)
	return strings.Split(strings.TrimSuffix(string(stdout), "\n"), "\n")
}

// An xmlrpcCall is what call.py and call.pl are asked for.
type xmlrpcCall struct {
	Method string `json:"method"`
	Params []any  `json:"params"`
}

// An xmlrpcAnswer is what they got: a result or a fault.
type xmlrpcAnswer struct {
	Result any    `json:"result"`
	Code   *int   `json:"code"`
	Text   string `json:"text"`
}

// xmlrpcCalls has one of them make calls.
func xmlrpcCalls(t *testing.T, script []string, url string, calls []xmlrpcCall) (answers []xmlrpcAnswer) {
	t.Helper()
	stdin, err := json.Marshal(calls)
	require.NoError(t, err)
	out := strings.Join(runScript(t, string(stdin), script, url), "\n")
	require.NoError(t, json.Unmarshal([]byte(out), &answers), "%s", out)
	require.Len(t, answers, len(calls))
	return answers
}
