package drills_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// deadline is for what would otherwise hang.
const deadline = 2 * time.Minute

// until waits for something to become true.
func until(t testing.TB, what string, f func() bool) {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for end := time.After(deadline); !f(); {
		select {
		case <-again.C:
		case <-end:
			require.FailNow(t, "in vain: "+what)
		}
	}
}

// process is a worker as the test sees it.
type process struct {
	t    testing.TB
	cmd  *exec.Cmd
	in   io.Closer
	base string // of its URLs
	log  string
	said string // the file of what it has logged
	dead bool   // it has been killed
	over sync.Once
	err  error
}

// client keeps enough connections for a crowd.
var client = &http.Client{Timeout: deadline, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// launch starts a worker. It has to end without an error, unless it is killed.
func launch(t testing.TB, o orders) *process {
	t.Helper()
	dir := t.TempDir()
	o.Log = filepath.Join(dir, "log")
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	text, err := json.Marshal(o)
	require.NoError(t, err)
	self, err := os.Executable()
	require.NoError(t, err)
	p := &process{t: t, cmd: exec.Command(self), log: o.Log, said: filepath.Join(dir, "said")}
	p.cmd.Env = append(os.Environ(), ordersName+"="+string(text))
	said, err := os.Create(p.said)
	require.NoError(t, err)
	defer said.Close()
	p.cmd.Stderr = said
	p.in, err = p.cmd.StdinPipe()
	require.NoError(t, err)
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(p.cleanUp)
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err, p.words())
	p.base = "http://" + strings.TrimSpace(line)
	return p
}

// cleanUp ends the process if it still runs, and looks at what it has said.
func (p *process) cleanUp() {
	if p.t.Failed() {
		p.kill()
		p.t.Logf("a worker said: %s", p.words())
		return
	}
	p.stop()
	for _, bad := range []string{"DATA RACE", "panic", "fatal error"} {
		if strings.Contains(p.words(), bad) {
			p.t.Errorf("a worker said: %s", p.words())
		}
	}
}

func (p *process) words() string {
	b, _ := os.ReadFile(p.said)
	return string(b)
}

// kill ends the process as a crash does.
func (p *process) kill() {
	p.dead = true
	_ = p.cmd.Process.Kill()
	p.wait()
}

// stop ends the process in order.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	p.wait()
	if p.err != nil && !p.dead {
		p.t.Errorf("a worker has ended with %v: %s", p.err, p.words())
	}
}

func (p *process) wait() {
	p.over.Do(func() {
		p.err = p.cmd.Wait()
		_ = p.in.Close()
	})
}

// reply is what came of a request.
type reply struct {
	seen
	code   int
	uid    string // of a new session
	cookie string
}

// ask is a request of a visitor, who brings an uid, a cookie, or nothing.
func (p *process) ask(path string, header ...string) (r reply, err error) {
	req, err := http.NewRequest("GET", p.base+path, nil)
	if err != nil {
		return r, err
	}
	if len(header) == 2 {
		req.Header.Set(header[0], header[1])
	}
	resp, err := client.Do(req)
	if err != nil {
		return r, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return r, err
	}
	r.code, r.uid = resp.StatusCode, resp.Header.Get("X-Session")
	r.cookie, _, _ = strings.Cut(resp.Header.Get("Set-Cookie"), ";")
	if r.code == 200 {
		err = json.Unmarshal(body, &r.seen)
	}
	return r, err
}

// visitor is ask with an uid; the process has to answer, whatever it says.
func (p *process) visitor(path, uid string) reply {
	p.t.Helper()
	r, err := p.ask(path, "X-Session", uid)
	require.NoError(p.t, err, p.words())
	return r
}

// tell has the process do something, which has to succeed.
func (p *process) tell(result any, path string, body []byte) {
	p.t.Helper()
	resp, err := client.Post(p.base+path, "text/plain", bytes.NewReader(body))
	require.NoError(p.t, err, p.words())
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(p.t, err)
	require.Equal(p.t, 200, resp.StatusCode, "%s: %s", path, text)
	if result != nil {
		require.NoError(p.t, json.Unmarshal(text, result), "%s", text)
	}
}

// counts are the session.Stats of a process, with words for reasons.
type counts struct {
	Live  int
	Ended map[string]int
	Store session.StoreStats
}

func (p *process) stats() (c counts) {
	p.t.Helper()
	p.tell(&c, "/stats", nil)
	return c
}

// make has n sessions made.
func (p *process) make(n int, use bool) (all []born) {
	p.t.Helper()
	p.tell(&all, fmt.Sprintf("/make?n=%d&use=%t", n, use), nil)
	for _, b := range all {
		require.NotEmpty(p.t, b.UID, p.words())
	}
	return all
}
