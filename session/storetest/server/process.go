//go:build linux

package server

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// A process is one that we have started.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{}
	err   error // once it has ended
}

func watch(cmd *exec.Cmd) *process {
	p := &process{cmd: cmd, ended: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	return p
}

func (p *process) alive() bool {
	if p == nil {
		return false
	}
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

func (p *process) pid() int                { return p.cmd.Process.Pid }
func (p *process) state() *os.ProcessState { return p.cmd.ProcessState }

var errHangs = errors.New("server: it hangs")

// poll calls f every few milliseconds until it is done or fails, or until that
// takes too long.
func poll(f func() (done bool, err error)) error {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	ticks := time.NewTicker(10 * time.Millisecond)
	defer ticks.Stop()
	for {
		if done, err := f(); done || err != nil {
			return err
		}
		select {
		case <-ticks.C:
		case <-deadline.C:
			return fmt.Errorf("%w: not done after %v", errHangs, patience)
		}
	}
}
