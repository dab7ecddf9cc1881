//go:build linux

package server

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// States of a process in /proc.
const (
	stopped = "T"
	dead    = "ZX"
)

// state returns the letter of a process' state and its parent.
func state(pid int) (letter string, parent int, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return "X", 0, nil
	}
	if err != nil {
		return "", 0, err
	}
	// The name before may have spaces and brackets in it.
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 2 {
		return "", 0, fmt.Errorf("/proc/%d/stat: %q", pid, b)
	}
	parent, err = strconv.Atoi(f[1])
	return f[0], parent, err
}

// reach waits until a process is in one of the states, or dead.
func reach(pid int, states string) error {
	return poll(func() (bool, error) {
		now, _, err := state(pid)
		return strings.Contains(states+dead, now), err
	})
}

// descendants returns a process and all below it, parents first.
func descendants(pid int) ([]int, error) {
	names, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, name := range names {
		child, err := strconv.Atoi(name.Name())
		if err != nil {
			continue
		}
		if _, parent, err := state(child); err == nil {
			children[parent] = append(children[parent], child)
		}
	}
	tree := []int{pid}
	for i := 0; i < len(tree); i++ {
		tree = append(tree, children[tree[i]]...)
	}
	return tree, nil
}

// each calls f for a process and all below it, parents first, until there are no
// others that were born meanwhile.
func each(pid int, f func(pid int) error) error {
	for done := map[int]bool{}; ; {
		tree, err := descendants(pid)
		if err != nil {
			return err
		}
		before := len(done)
		for _, pid := range tree {
			if done[pid] {
				continue
			}
			done[pid] = true
			if err := f(pid); err != nil {
				return err
			}
		}
		if len(done) == before {
			return nil
		}
	}
}

// freeze stops a process and all below it, and returns them. They stay who they
// are: a stopped parent neither has children nor lets the numbers of those that
// have ended go to others.
func freeze(pid int) ([]int, error) {
	err := each(pid, func(pid int) error {
		if err := signal(pid, syscall.SIGSTOP); err != nil {
			return err
		}
		return reach(pid, stopped)
	})
	if err != nil {
		return nil, err
	}
	return descendants(pid)
}

func signal(pid int, sig syscall.Signal) error {
	if err := syscall.Kill(pid, sig); err != nil && err != syscall.ESRCH {
		return err
	}
	return nil
}

func ended(pid int) bool {
	letter, _, err := state(pid)
	return err == nil && strings.Contains(dead, letter)
}
