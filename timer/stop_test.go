//go:build unix

package timer_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/timer"
)

const (
	timeouts = 500
	soon     = 200 * time.Millisecond
)

// stopped is the child's part in TestStoppedProcess: a line on stdout for each
// call with its number, its due time, the wheel's time and Run's round, and for
// each round the time at which it began.
func stopped() {
	var w timer.Wheel
	out := bufio.NewWriter(os.Stdout)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	counting := &countingContext{Context: ctx}
	counting.each = func(round int64) { fmt.Fprintln(out, "round", round, int64(w.Now())) }
	left := timeouts
	for i := range timeouts {
		// Backwards, so that order is not that of filing.
		d := soon + time.Duration(timeouts-i)*time.Millisecond
		due := w.Now() + d
		w.CallLater(d, func() {
			fmt.Fprintln(out, "call", i, int64(due), int64(w.Now()), counting.rounds.Load())
			if left--; left == 0 {
				cancel()
			}
		})
	}
	fmt.Fprintln(os.Stdout, "ready")
	_ = w.Run(counting)
	out.Flush()
}

// A process that was stopped makes up for it in one go: what fell due by the
// beginning of a round of Run is called in that round at the latest. All that
// is checked holds at whatever moment the stop hits; it hits before the first
// timeout on any but a very busy machine.
func TestStoppedProcess(t *testing.T) {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childEnv+"=stopped")
	child.Stderr = os.Stderr
	stdout, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	defer child.Process.Kill()
	lines := bufio.NewScanner(stdout)
	require.True(t, lines.Scan())
	require.Equal(t, "ready", lines.Text())

	require.NoError(t, child.Process.Signal(syscall.SIGSTOP))
	var status syscall.WaitStatus
	_, err = syscall.Wait4(child.Process.Pid, &status, syscall.WUNTRACED, nil)
	require.NoError(t, err)
	require.True(t, status.Stopped())

	// The same clock drives a wheel here, which tells when all is overdue there.
	var w timer.Wheel
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.CallLater(2*soon+timeouts*time.Millisecond, cancel)
	require.ErrorIs(t, w.Run(ctx), context.Canceled)
	require.NoError(t, child.Process.Signal(syscall.SIGCONT))

	const tick = 1 << 20
	begun := map[int]int64{} // rounds
	made := map[int]bool{}
	last := int64(0)
	for lines.Scan() {
		var i, round int
		var due, now int64
		if strings.HasPrefix(lines.Text(), "round") {
			_, err = fmt.Sscanf(lines.Text(), "round %d %d", &round, &now)
			require.NoError(t, err)
			begun[round] = now
			continue
		}
		_, err = fmt.Sscanf(lines.Text(), "call %d %d %d %d", &i, &due, &now, &round)
		require.NoError(t, err, lines.Text())
		require.False(t, made[i], "call %d twice", i)
		made[i] = true
		require.GreaterOrEqual(t, now, due, "early")
		tickOf := (due + tick - 1) / tick
		require.GreaterOrEqual(t, tickOf, last, "out of order")
		last = tickOf
		require.Contains(t, begun, round)
		if before, ok := begun[round-1]; ok {
			require.Greater(t, due, before-2*tick, "due before an earlier round, which passed it over")
		}
	}
	require.NoError(t, lines.Err())
	require.NoError(t, child.Wait())
	require.Len(t, made, timeouts)
}
