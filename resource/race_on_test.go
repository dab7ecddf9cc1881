//go:build race

package resource_test

// raceEnabled: under the race detector a sync.Pool drops things at random.
const raceEnabled = true
