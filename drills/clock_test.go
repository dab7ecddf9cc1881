package drills_test

import (
	"testing"
	"time"
)

// Clocks that run 5 % too fast and too slow, and one that jumps an hour ahead
// when all is silent, end nothing before its time: that is the database's.
func TestClocks(t *testing.T) {
	onEach(t, func(t *testing.T, name string) {
		sc := stage(t, name, 0).fresh(5 * time.Second)
		rates := []float64{1.05, 0.95, 1}
		c := sc.gather(t, 3, 1800, func(o *orders) { o.Rate = rates[o.First/1_000_000] })
		c.told(t)
		c.all[2].tell(nil, "/advance", nil)
		c.requireOnce(t)
	}, "PostgreSQL", "MariaDB")
}
