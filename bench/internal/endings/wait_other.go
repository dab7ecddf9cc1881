//go:build !linux

package endings

import "time"

// Threads are kept waiting precisely on Linux only.

func precise() {}

func waitUntil(at time.Time) { time.Sleep(time.Until(at)) }
