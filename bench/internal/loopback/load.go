package loopback

import (
	"context"
	"errors"
	"os/exec"
	"time"
)

// A load is what a generator does to a server in one window.
type load struct {
	Addr        string
	Path        string
	Cookies     []string // a request each, in turn; "" is one without
	Connections int
	Each        time.Duration
}

// A generator puts servers under load from a process of its own.
type generator interface {
	name() string // with its version
	run(context.Context, load) (answers, error)
	close()
}

// findGenerator returns wrk, or ours where that is not installed.
func findGenerator(ctx context.Context) (generator, error) {
	path, err := exec.LookPath("wrk")
	if errors.Is(err, exec.ErrNotFound) {
		return startOwn(ctx, patience)
	}
	if err != nil {
		return nil, err
	}
	return newWrk(ctx, path)
}

// patience is how long an answer is waited for.
const patience = 10 * time.Second
