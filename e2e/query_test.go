package e2e_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/creachadair/jrpc2"
	"github.com/stretchr/testify/require"
)

// A query that would take hours. That it is under way can be seen from outside, as
// nobody else can write then.
const slow = "insert into planets with recursive c(n) as (select 1 union all select n+1 from c where n < 1e12) select 'x', count(*), 0 from c"

// startSlow has a client make a call that takes hours, and returns when it is
// being made.
func startSlow(t *testing.T, url string, cmd *exec.Cmd) {
	t.Helper()
	other := newJSONClient(t, openCursor(t, url, 3600))
	other.call("execute", list{"pragma busy_timeout = 0"})
	require.NoError(t, cmd.Start())
	eventually(t, "the query is under way", func() bool {
		_, err := other.Call(t.Context(), "execute", list{"delete from planets where name = ''"})
		return err != nil
	})
	require.Equal(t, jrpc2.Code(5), other.fails("execute", list{"delete from planets"}).Code, "SQLITE_BUSY")
	other.call("close", nil)
}

func TestDeletingACursorEndsItsQuery(t *testing.T) {
	t.Parallel()
	calls, err := json.Marshal([]xmlrpcCall{{"execute", list{slow}}})
	require.NoError(t, err)
	for name, client := range map[string]struct {
		cmd  func(t *testing.T, cursor string) *exec.Cmd
		want []string
	}{
		"Python": {
			func(t *testing.T, cursor string) *exec.Cmd {
				script := append(pythonScript(t, "call.py"), cursor)
				cmd := exec.CommandContext(t.Context(), script[0], script[1:]...)
				cmd.Stdin = bytes.NewReader(calls)
				return cmd
			},
			[]string{`"code": 57`, `"text": "rpc -- Service went away during the call`},
		},
		"curl": {
			func(t *testing.T, cursor string) *exec.Cmd {
				return newCurl(t, cursor+"/execute/plain", "--include", "--data-urlencode", "statement="+slow)
			},
			[]string{"HTTP/1.1 410 Gone", "rpc -- Service went away during the call"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, url := startDatabase(t)
			cursor := openCursor(t, url, 3600)
			var stdout bytes.Buffer
			cmd := client.cmd(t, cursor)
			cmd.Stdout = &stdout
			startSlow(t, url, cmd)

			gone := get(t, cursor, "--request", "DELETE")
			require.Equal(t, 204, gone.StatusCode)
			require.NoError(t, cmd.Wait())
			for _, text := range client.want {
				require.Contains(t, stdout.String(), text)
			}
			require.Equal(t, "0", get(t, url+"/cursors/plain").body)
			require.Equal(t, []string{closed("expired", 1), closed("expired", 0)}, p.said())

			next := newJSONClient(t, openCursor(t, url, 60))
			require.Equal(t, "4", next.call("execute", list{"delete from planets"}), "nothing of it is left")
			p.end(syscall.SIGTERM)
		})
	}
}

func TestAQueryMayTakeLongerThanTheTimeout(t *testing.T) {
	t.Parallel()
	p, url := startDatabase(t)
	cursor := openCursor(t, url, 1)
	cmd := newCurl(t, cursor+"/execute/plain", "--data-urlencode", "statement="+slow)
	before := time.Now()
	startSlow(t, url, cmd)
	eventually(t, "the timeout has passed", func() bool { return time.Since(before) > 3*time.Second })
	require.Equal(t, "1", get(t, url+"/cursors/plain").body)
	require.Equal(t, 204, get(t, cursor, "--request", "DELETE").StatusCode, "it is still there")
	require.NoError(t, cmd.Wait())
	require.Equal(t, []string{closed("expired", 1), closed("expired", 0)}, p.end(syscall.SIGTERM))
}
