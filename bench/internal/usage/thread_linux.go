package usage

import (
	"syscall"
	"time"
)

// ThreadCPU is CPU of the calling thread alone.
func ThreadCPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_THREAD, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
