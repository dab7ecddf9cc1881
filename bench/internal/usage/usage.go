// Package usage is what a process uses, memory and processor time, and how long
// what it does takes. It reads /proc, so it is for Linux.
package usage

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// CPU returns the processor time that this process has used, the kernel's work
// for it included.
func CPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // fails only for another who
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Memory is what a process holds.
type Memory struct {
	Heap    float64 // bytes of live objects
	Objects float64 // how many
	RSS     float64 // bytes of the machine's memory
}

// Settled returns what this process holds when all garbage is collected and all
// free memory given back to the system.
func Settled() (Memory, error) {
	// What sync.Pools keep outlives one collection.
	runtime.GC()
	runtime.GC()
	debug.FreeOSMemory()
	var ms runtime.MemStats
	runtime.ReadMemStats(&ms)
	rss, err := field("/proc/self/status", "VmRSS")
	return Memory{Heap: float64(ms.HeapAlloc), Objects: float64(ms.HeapObjects), RSS: rss}, err
}

// Available returns how much memory new processes can have without swapping, in
// bytes.
func Available() (float64, error) { return field("/proc/meminfo", "MemAvailable") }

// field reads "name:  123 kB" from a file, in bytes.
func field(file, name string) (float64, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		words := strings.Fields(line)
		if len(words) == 3 && words[0] == name+":" && words[2] == "kB" {
			kb, err := strconv.ParseFloat(words[1], 64)
			return kb * 1024, err
		}
	}
	return 0, fmt.Errorf("%s has no %s", file, name)
}
