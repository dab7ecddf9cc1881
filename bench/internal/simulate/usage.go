package simulate

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
	"time"
)

// processor returns how much processor time the process has used, the
// collector's included.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resident returns the process's memory, and 0 where the system does not tell.
func resident() int64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, pages int64
	if _, err := fmt.Fscan(bytes.NewReader(b), &size, &pages); err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
