package loopback

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

//go:embed wrk.lua
var wrkScript []byte

// wrk is the program of that name. To its latencies it adds those of requests
// that it would have sent during a stall, which ours does not: latencies under
// one are not to be compared with those under the other.
type wrk struct {
	path    string
	version string
	dir     string // of the script and the cookies
}

func newWrk(ctx context.Context, path string) (*wrk, error) {
	// It prints its version above its usage, and then fails.
	says, _ := exec.CommandContext(ctx, path, "-v").CombinedOutput()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "loopback")
	if err != nil {
		return nil, err
	}
	w := &wrk{path, wrkVersion(string(says)), dir}
	if err := os.WriteFile(w.script(), wrkScript, 0o600); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *wrk) name() string { return strings.TrimSpace("wrk " + w.version) }

func (w *wrk) close() { _ = os.RemoveAll(w.dir) }

func (w *wrk) script() string { return filepath.Join(w.dir, "wrk.lua") }

var versionLike = regexp.MustCompile(`\d+(\.\d+)+`)

// wrkVersion finds the version in "wrk debian/4.1.0-3+b2 [epoll] Copyright ...".
func wrkVersion(says string) string {
	line, _, _ := strings.Cut(says, "\n")
	return versionLike.FindString(line)
}

// run repeats, with twice the time, a window in which the machine was so busy
// otherwise that no answer came.
func (w *wrk) run(ctx context.Context, l load) (a answers, err error) {
	for {
		a, err = w.once(ctx, l)
		if !errors.Is(err, errNothing) || l.Each > patience {
			return a, err
		}
		l.Each *= 2
	}
}

var errNothing = errors.New("no request was answered")

// once has wrk work until it is interrupted, since by itself it counts whole
// seconds only. It then prints what it has.
func (w *wrk) once(ctx context.Context, l load) (answers, error) {
	cookies := filepath.Join(w.dir, "cookies")
	if err := os.WriteFile(cookies, []byte(strings.Join(l.Cookies, "\n")+"\n"), 0o600); err != nil {
		return answers{}, err
	}
	threads := min(len(cores.load), l.Connections)
	atMost := int(math.Ceil((l.Each + patience).Seconds()))
	cmd := exec.CommandContext(ctx, w.path,
		"-t", strconv.Itoa(threads), "-c", strconv.Itoa(l.Connections), "-d", fmt.Sprintf("%ds", atMost),
		"--timeout", fmt.Sprintf("%ds", int(patience.Seconds())),
		"-s", w.script(), "http://"+l.Addr+l.Path, "--", cookies)
	cmd.WaitDelay = time.Second
	var out bytes.Buffer
	cmd.Stdout = &out
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return answers{}, err
	}
	if err := on(cores.load, cmd.Start); err != nil {
		return answers{}, err
	}
	// Before the script is ready an interrupt would end it without a word.
	said := bufio.NewReader(stderr)
	var complaint []byte
	for range threads {
		line, err := said.ReadString('\n')
		if err != nil || line != "ready\n" {
			complaint = []byte(line)
			break
		}
	}
	window := time.AfterFunc(l.Each, func() { _ = cmd.Process.Signal(os.Interrupt) })
	defer window.Stop()
	rest, _ := io.ReadAll(said)
	complaint = append(complaint, rest...)
	if err := cmd.Wait(); err != nil {
		if ctx.Err() != nil {
			return answers{}, ctx.Err()
		}
		return answers{}, fmt.Errorf("wrk: %w: %s%s", err, complaint, out.Bytes())
	}
	a, err := parseWrk(out.String())
	if err != nil {
		return answers{}, fmt.Errorf("wrk: %w: %s", err, complaint)
	}
	return a, nil
}

// parseWrk reads the line that the script prints. Answers that failed, or were
// not 200 or so, are an error.
func parseWrk(out string) (a answers, err error) {
	const mark = "result "
	var line string
	for l := range strings.Lines(out) {
		if strings.HasPrefix(l, mark) {
			line = strings.TrimSpace(l[len(mark):])
		}
	}
	if line == "" {
		return a, fmt.Errorf("no result in %q", out)
	}
	is := make(map[string]int64)
	for _, field := range strings.Fields(line) {
		key, value, _ := strings.Cut(field, "=")
		if is[key], err = strconv.ParseInt(value, 10, 64); err != nil || is[key] < 0 {
			return answers{}, fmt.Errorf("%q in the result %q", field, line)
		}
	}
	for _, key := range []string{
		"requests", "took_us", "p50_us", "p99_us", "p999_us", "connect", "read", "write", "status", "timeout",
	} {
		if _, ok := is[key]; !ok {
			return answers{}, fmt.Errorf("no %s in the result %q", key, line)
		}
	}
	for _, key := range []string{"connect", "read", "write", "status", "timeout"} {
		if is[key] > 0 {
			err = errors.Join(err, fmt.Errorf("%d %s errors", is[key], key))
		}
	}
	if err != nil {
		return answers{}, err
	}
	if is["requests"] == 0 || is["took_us"] == 0 {
		return answers{}, errNothing
	}
	us := func(key string) time.Duration { return time.Duration(is[key]) * time.Microsecond }
	return answers{
		Requests: int(is["requests"]), Took: us("took_us"), P50: us("p50_us"), P99: us("p99_us"), P999: us("p999_us"),
	}, nil
}
