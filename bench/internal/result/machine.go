package result

import (
	"bufio"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// ThisMachine describes where we are; what the system does not tell stays empty.
func ThisMachine() Machine {
	kib, _ := strconv.ParseFloat(strings.TrimSuffix(lineOf("/proc/meminfo", "MemTotal"), " kB"), 64)
	return Machine{
		System:    runtime.GOOS + "/" + runtime.GOARCH,
		CPU:       lineOf("/proc/cpuinfo", "model name"),
		Cores:     runtime.NumCPU(),
		MemoryGiB: kib / (1 << 20),
		Go:        runtime.Version(),
	}
}

// lineOf returns what follows the first "name:" in a file.
func lineOf(path, name string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
