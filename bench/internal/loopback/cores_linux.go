package loopback

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// cores are those this process may use, divided between both sides; no more of
// them than Go would use, as a container may have less time than its processors
// would give. On one core both have it.
var cores = func() (c struct{ server, load []int }) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return divide(nil)
	}
	var all []int
	for i := 0; len(all) < set.Count(); i++ {
		if set.IsSet(i) {
			all = append(all, i)
		}
	}
	return divide(all[:min(len(all), runtime.GOMAXPROCS(0))])
}()

// on has start start a process that stays on these cores, which it inherits from
// the thread that starts it. On two cores the scheduler would else now and then
// put both sides on one, where a request is cheaper and the other core idle, and
// more so with one library than with another. Where it may not choose, the
// process runs where it will.
func on(these []int, start func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return start()
	}
	for _, c := range these {
		set.Set(c)
	}
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return start()
	}
	err := start()
	if back := unix.SchedSetaffinity(0, &before); err == nil {
		err = back
	}
	return err
}

// cpuTime is what a process has used so far, all its threads together. The
// clock of a process counts nanoseconds, where /proc has hundredths of a second.
func cpuTime(pid int) (time.Duration, error) {
	const schedClock = 2 // CPUCLOCK_SCHED, without CPUCLOCK_PERTHREAD_MASK
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|schedClock), &t); err != nil {
		return 0, err
	}
	return time.Duration(t.Nano()), nil
}
