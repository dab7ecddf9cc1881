//go:build !linux

package usage

import "time"

// ThreadCPU is not known here, and 0.
func ThreadCPU() time.Duration { return 0 }
