package e2e_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// An answer is a response, and moments of which one is before the request came
// to the server and the other is after it was answered.
type answer struct {
	*http.Response
	body          string
	before, after time.Time
}

// newCurl is a curl without a configuration file and without a proxy.
func newCurl(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	return exec.CommandContext(t.Context(), need(t, "curl", "curl"),
		append([]string{"-q", "--silent", "--show-error", "--noproxy", "*", "--max-time", "60"}, args...)...)
}

// curl runs one to its end.
func curl(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := newCurl(t, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), "curl %q: %s", args, &stderr)
	return stdout.Bytes()
}

// get is curl for a single answer; args may ask for another method.
func get(t *testing.T, url string, args ...string) answer {
	t.Helper()
	var a answer
	a.before = time.Now()
	out := curl(t, append(args, "--include", url)...)
	a.after = time.Now()
	req := new(http.Request)
	if slices.Contains(args, "--head") {
		req.Method = http.MethodHead // it has the length of a body that is not there
	}
	var err error
	a.Response, err = http.ReadResponse(bufio.NewReader(bytes.NewReader(out)), req)
	require.NoError(t, err)
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	require.NoError(t, err)
	a.body = string(body)
	return a
}

// given returns the only cookie that the answer sets.
func (a answer) given(t *testing.T) *http.Cookie {
	t.Helper()
	require.Len(t, a.Header.Values("Set-Cookie"), 1)
	c, err := http.ParseSetCookie(a.Header.Get("Set-Cookie"))
	require.NoError(t, err)
	return c
}
