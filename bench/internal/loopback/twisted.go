package loopback

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// twisted is the name of the peer that is not a Go library. What it has to say
// is in twisted_server.py.
const twisted = "Twisted"

//go:embed twisted_server.py
var twistedScript string

// pythons may have Twisted: the system's own comes first, since that is the one
// that packages of the system are installed for.
var pythons = []string{"/usr/bin/python3", "python3"}

var errNoTwisted = errors.New("no python3 has Twisted (the package python3-twisted)")

// startTwisted starts Twisted's server with the first interpreter that can.
func startTwisted(ctx context.Context, pythons []string) (*server, error) {
	for _, python := range pythons {
		if exec.CommandContext(ctx, python, "-c", "import twisted.web.server").Run() == nil {
			return runTwisted(ctx, python)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return nil, errNoTwisted
}

func runTwisted(ctx context.Context, python string) (*server, error) {
	ctx, kill := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, python, "-c", twistedScript)
	cmd.WaitDelay = time.Second
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	in, err := cmd.StdinPipe()
	if err != nil {
		kill()
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		kill()
		return nil, err
	}
	if err := on(cores.server, cmd.Start); err != nil {
		kill()
		return nil, err
	}
	s := &server{name: twisted, pid: cmd.Process.Pid, cores: 1}
	s.close = func() {
		_ = in.Close()
		late := time.AfterFunc(2*time.Second, kill)
		defer late.Stop()
		_ = cmd.Wait()
		kill()
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err == nil {
		err = s.parse(line)
	}
	if err != nil {
		s.close()
		return nil, fmt.Errorf("%s: %w: %s", twisted, err, complaint.Bytes())
	}
	s.live = func() (int, error) { return askTwisted(ctx, s.addr) }
	return s, nil
}

// parse takes the script's first line.
func (s *server) parse(line string) error {
	f := strings.Fields(line)
	if len(f) != 4 {
		return fmt.Errorf("it begins with %q", line)
	}
	if port, err := strconv.ParseUint(f[2], 10, 16); err != nil || port == 0 {
		return fmt.Errorf("it begins with %q", line)
	}
	s.version, s.addr, s.cookie = f[0]+", Python "+f[1], "127.0.0.1:"+f[2], f[3]
	return nil
}

// askTwisted returns how many sessions there are.
func askTwisted(ctx context.Context, addr string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/live", nil)
	if err != nil {
		return 0, err
	}
	c := client()
	defer c.CloseIdleConnections()
	resp, err := c.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 100))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(body))
}
