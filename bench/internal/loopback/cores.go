package loopback

import "runtime"

// divide gives one half of the cores to the server and the other to the load;
// an odd one is the load's, so that the server is the limit.
func divide(all []int) (c struct{ server, load []int }) {
	if len(all) == 0 {
		for i := range runtime.NumCPU() {
			all = append(all, i)
		}
	}
	if len(all) == 1 {
		c.server, c.load = all, all
		return c
	}
	half := (len(all) + 1) / 2
	c.load, c.server = all[:half], all[half:]
	return c
}
