//go:build linux

package server

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
)

// Kill ends the server as a crash does: all of its processes at once, with
// SIGKILL. It does nothing if the server does not run.
func (s *Server) Kill() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.kill(); err != nil {
		return fmt.Errorf("server: killing %s: %w", s.kind.name, err)
	}
	return nil
}

// kill ends the children first, while their parent stands still and can neither
// have more of them nor clean up after them. They have process groups of their
// own in PostgreSQL, which is why a signal to the group would not do.
func (s *Server) kill() error {
	tree, err := s.pause()
	if err != nil || tree == nil {
		return err
	}
	for _, pid := range slices.Backward(tree) {
		if err := signal(pid, syscall.SIGKILL); err != nil {
			return err
		}
	}
	for _, pid := range tree[1:] {
		if err := reach(pid, dead); err != nil {
			return err
		}
	}
	<-s.process.ended
	s.paused = false
	return nil
}

// Stop has the server shut down in order, and waits for the end. It does
// nothing if the server does not run.
func (s *Server) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.stop(); err != nil {
		return fmt.Errorf("server: stopping %s: %w", s.kind.name, err)
	}
	return nil
}

func (s *Server) stop() error {
	if err := s.resume(); err != nil || !s.process.alive() {
		return err
	}
	if err := s.process.cmd.Process.Signal(s.kind.stop); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return poll(func() (bool, error) { return !s.process.alive(), nil })
}

// Pause stops all processes of the server where they are, as if the machine
// hung: connections stay, and nothing answers.
func (s *Server) Pause() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.pause(); err != nil {
		return fmt.Errorf("server: pausing %s: %w", s.kind.name, err)
	}
	return nil
}

// pause returns what it has paused, parents first: nothing if the server does
// not run.
func (s *Server) pause() ([]int, error) {
	s.paused = s.process.alive()
	if !s.paused {
		return nil, nil
	}
	return freeze(s.process.pid())
}

// Resume has a paused server go on.
func (s *Server) Resume() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.resume(); err != nil {
		return fmt.Errorf("server: resuming %s: %w", s.kind.name, err)
	}
	return nil
}

func (s *Server) resume() error {
	if !s.paused {
		return nil
	}
	s.paused = false
	if !s.process.alive() {
		return nil
	}
	tree, err := descendants(s.process.pid())
	if err != nil {
		return err
	}
	for _, pid := range tree {
		err = errors.Join(err, signal(pid, syscall.SIGCONT))
	}
	return err
}
