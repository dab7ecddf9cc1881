package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCounterCountsForEachVisitor(t *testing.T) {
	t.Parallel()
	p := start(t, "counter", "-timeout", "1h")
	url := p.url(0)
	visitors := []jar{newJar(t), newJar(t), newJar(t)}
	for n := 1; n <= 4; n++ {
		for _, v := range visitors {
			body := v.get(url).body
			if n == 1 {
				require.Equal(t, "Welcome. This is your first visit.\n", body)
				continue
			}
			require.Regexp(t, fmt.Sprintf(`^This is visit %d; the one before was \d+.* ago\.\n$`, n), body)
		}
	}
	require.Empty(t, p.end(syscall.SIGTERM))
}

func TestCounterLosesNoVisitOfMany(t *testing.T) {
	t.Parallel()
	const curls, each = 4, 50
	p := start(t, "counter", "-timeout", "1h")
	url := p.url(0)
	uid := get(t, url).given(t).Value
	dir := t.TempDir()
	var running []*exec.Cmd
	for i := range curls {
		c := newCurl(t, "--parallel", "--parallel-immediate", "--parallel-max", fmt.Sprint(each), "--cookie", "sid="+uid,
			"--output", filepath.Join(dir, fmt.Sprint(i)+"-#1"), fmt.Sprintf("%s/?[1-%d]", url, each))
		require.NoError(t, c.Start())
		running = append(running, c)
	}
	for _, c := range running {
		require.NoError(t, c.Wait())
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.Len(t, files, curls*each)
	seen := make(map[int]bool)
	for _, f := range files {
		body, err := os.ReadFile(f)
		require.NoError(t, err)
		var n int
		_, err = fmt.Sscanf(string(body), "This is visit %d;", &n)
		require.NoError(t, err, "%s", body)
		require.False(t, seen[n], "visit %d was counted twice", n)
		seen[n] = true
	}
	last := get(t, url, "--cookie", "sid="+uid)
	require.Contains(t, last.body, fmt.Sprintf("This is visit %d;", curls*each+2))
	require.Empty(t, p.end(syscall.SIGTERM))
}
