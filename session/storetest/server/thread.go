//go:build linux

package server

import "runtime"

// A thread is a goroutine with an operating system's thread to itself, for as
// long as the server exists: Linux lets a thread have mounts of its own, which
// only the processes that it starts see as well.
type thread struct{ calls chan func() }

func newThread() *thread {
	t := &thread{make(chan func())}
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with us
		for f := range t.calls {
			f()
		}
	}()
	return t
}

// do calls f on the thread.
func (t *thread) do(f func() error) error {
	result := make(chan error)
	t.calls <- func() { result <- f() }
	return <-result
}

func (t *thread) close() { close(t.calls) }
