package simulate

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// config is what a day is like.
type config struct {
	seed     uint64
	sessions int           // arrive in a day
	day      time.Duration // how long that is
	buckets  int           // parts of the day that are counted apart
	warm     time.Duration // passed before the day begins; below 0, as long as sessions take
	nodes    int
	peak     float64 // arrivals at the busiest moment to the mean

	requests float64 // mean, of a session
	think    time.Duration
	shape    string // of the pauses
	timeouts timeouts
	lifetime time.Duration // 0 for none
	logout   float64       // share of sessions that are ended by the visitor
	hold     float64       // share whose last request is a stream
	holdFor  time.Duration
	sticky   float64 // how probably a request goes where the one before went

	changes float64       // share of requests that change a value
	touch   time.Duration // at most one touch is written in this time; 0 for a share of the timeout
	flush   time.Duration // how often a node writes its touches
	batch   int
	values  int // bytes of values in a session

	sample int // 0: as the budget allows
	budget int // operations to pass through the code
	steps  int // at most, of the clocks of all nodes
}

// The shapes of pauses.
const (
	exponential = "exponential"
	logNormal   = "log-normal"
)

// sigma is the standard deviation of the logarithm of log-normal pauses: half
// of them are below 0.6 of the mean, one in forty above four times the mean.
const sigma = 1.0

// hundredMillion is the day that the flags begin with.
func hundredMillion() config {
	return config{
		seed: 1, sessions: 100_000_000, day: 24 * time.Hour, buckets: 96, warm: -1, nodes: 8, peak: 2,
		requests: 10, think: 30 * time.Second, shape: logNormal, timeouts: timeouts{{15 * time.Minute, 1}},
		holdFor: 10 * time.Minute, sticky: 0.95,
		changes: 0.2, flush: 250 * time.Millisecond, batch: 128, values: 256,
		budget: 8_000_000, steps: 1_600_000,
	}
}

func (c *config) flags(set *flag.FlagSet) {
	set.Uint64Var(&c.seed, "seed", c.seed, "of the random numbers; the same gives the same day")
	set.IntVar(&c.sessions, "sessions", c.sessions, "that arrive in a day")
	set.DurationVar(&c.day, "day", c.day, "how long a day is")
	set.IntVar(&c.nodes, "nodes", c.nodes, "that share the sessions")
	set.Float64Var(&c.peak, "peak", c.peak, "arrivals at the busiest moment to the mean of the day; 1 for an even day")
	set.Float64Var(&c.requests, "requests", c.requests, "mean number of a session's requests")
	set.DurationVar(&c.think, "think", c.think, "mean pause between two requests")
	set.StringVar(&c.shape, "pauses", c.shape, "distribution of the pauses: "+logNormal+" or "+exponential)
	set.Var(&c.timeouts, "timeout", "how long sessions last without activity; several with their shares, as in 15m:0.8,8h:0.2")
	set.DurationVar(&c.lifetime, "lifetime", c.lifetime, "after which sessions end in any case; 0 for none")
	set.Float64Var(&c.logout, "logout", c.logout, "share of sessions that the visitor ends with the last request")
	set.Float64Var(&c.hold, "hold", c.hold, "share of sessions whose last request is a stream, which holds them")
	set.DurationVar(&c.holdFor, "hold-for", c.holdFor, "mean length of a stream")
	set.Float64Var(&c.sticky, "sticky", c.sticky, "how probably a request goes to the node of the one before; else to any")
	set.Float64Var(&c.changes, "changes", c.changes, "share of requests that change a value, which is saved")
	set.DurationVar(&c.touch, "touch", c.touch, "a session's touches are written to the store once in this time; 0 for a 32nd of the timeout")
	set.DurationVar(&c.flush, "flush", c.flush, "how often a node writes the touches that have come due")
	set.IntVar(&c.batch, "batch", c.batch, "how many touches or claims go to the store at once")
	set.IntVar(&c.values, "values", c.values, "bytes of a session's values in memory")
	set.IntVar(&c.sample, "sample", c.sample, "pass one in this many sessions; 0 for as many as take about ten seconds on two cores")
}

// Bounds beyond which a day is a slip of the keyboard, or arithmetic would fail.
const (
	maxSessions = 1_000_000_000_000
	maxNodes    = 1024
	maxTimeout  = 366 * 24 * time.Hour
	maxWork     = 1_000_000_000 // operations, about a quarter of an hour
)

func (c *config) validate() error {
	if c.shape != exponential && c.shape != logNormal {
		return fmt.Errorf("-pauses is %s or %s, not %q", logNormal, exponential, c.shape)
	}
	err := errors.Join(
		within("sessions", c.sessions, 1, maxSessions),
		within("day", c.day, time.Second, maxTimeout),
		within("nodes", c.nodes, 1, maxNodes),
		within("peak", c.peak, 1, 10),
		within("requests", c.requests, 1, 1e6),
		within("think", c.think, time.Microsecond, maxTimeout),
		c.timeouts.validate(),
		within("lifetime", c.lifetime, 0, maxTimeout),
		within("logout", c.logout, 0, 1),
		within("hold", c.hold, 0, 1),
		within("logout and hold together", c.logout+c.hold, 0, 1),
		within("hold-for", c.holdFor, time.Microsecond, maxTimeout),
		within("sticky", c.sticky, 0, 1),
		within("changes", c.changes, 0, 1),
		within("touch", c.touch, 0, maxTimeout),
		within("flush", c.flush, time.Millisecond, time.Minute),
		within("batch", c.batch, 1, 1_000_000),
		within("values", c.values, 0, 1<<30),
		within("sample", c.sample, 0, maxSessions),
	)
	if err != nil {
		return err
	}
	if c.lifetime != 0 && c.lifetime < time.Second {
		return errors.New("-lifetime is 0 or at least 1s")
	}
	if c.touch != 0 && c.touch < 10*time.Millisecond {
		return errors.New("-touch is 0 or at least 10ms")
	}
	for _, t := range c.timeouts {
		if c.touch > t.timeout/2 {
			return fmt.Errorf("-touch %v is more than half of the timeout %v: sessions would end early", c.touch, t.timeout)
		}
	}
	if w := c.work() / float64(c.scale()); w > maxWork {
		return fmt.Errorf("-sample %d leaves %.2g operations to pass through the code: choose a larger one", c.scale(), w)
	}
	return nil
}

// within returns an error if v is not from lo to hi; NaN is not.
func within[T int | float64 | time.Duration](name string, v, lo, hi T) error {
	if v >= lo && v <= hi {
		return nil
	}
	return fmt.Errorf("-%s is %v, and must be from %v to %v", name, v, lo, hi)
}

// work estimates the operations that passing all sessions would take.
func (c *config) work() float64 {
	each := c.requests + 2
	if c.hold > 0 {
		// A stream is touched, and comes up in the wheel, as long as it lasts.
		for _, t := range c.timeouts {
			each += t.share * c.hold * float64(min(c.holdFor, c.day)) / float64(c.touchEvery(t.timeout))
		}
	}
	span := c.day + c.warmUp()
	return float64(c.sessions) * each * (float64(span) / float64(c.day))
}

// scale returns for how many sessions one stands.
func (c *config) scale() int {
	if c.sample > 0 {
		return c.sample
	}
	return max(1, int(math.Ceil(c.work()/float64(c.budget))))
}

// warmUp is how long before the day the sessions begin to come, so that the
// day begins with what it would end with.
func (c *config) warmUp() time.Duration {
	if c.warm >= 0 {
		return c.warm
	}
	life := 4*(c.requests-1)*float64(c.think) + 2*float64(c.timeouts.longest())
	if c.hold > 0 {
		life += 3 * float64(c.holdFor)
	}
	if c.lifetime > 0 {
		life = min(life, 1.1*float64(c.lifetime))
	}
	return time.Duration(min(life, float64(c.day)))
}

// touchEvery returns how often touches of a session with that timeout are
// written.
func (c *config) touchEvery(timeout time.Duration) time.Duration {
	if c.touch > 0 {
		return c.touch
	}
	return timeout / 32
}

// timeouts is what sites ask for, each with its share of all sessions.
type timeouts []class

type class struct {
	timeout time.Duration
	share   float64
}

// String is what Set reads.
func (t *timeouts) String() string {
	if len(*t) == 1 {
		return (*t)[0].timeout.String()
	}
	var parts []string
	for _, c := range *t {
		parts = append(parts, fmt.Sprintf("%v:%v", c.timeout, c.share))
	}
	return strings.Join(parts, ",")
}

// Set reads "15m", or "15m:0.8,8h:0.2".
func (t *timeouts) Set(text string) error {
	*t = nil
	for _, part := range strings.Split(text, ",") {
		long, share, shared := strings.Cut(part, ":")
		c := class{share: 1}
		var err error
		if c.timeout, err = time.ParseDuration(long); err != nil {
			return err
		}
		if shared {
			if c.share, err = strconv.ParseFloat(share, 64); err != nil {
				return fmt.Errorf("share %q is no number", share)
			}
		}
		*t = append(*t, c)
	}
	return nil
}

func (t timeouts) validate() error {
	var sum float64
	for _, c := range t {
		if err := within("timeout", c.timeout, time.Second, maxTimeout); err != nil {
			return err
		}
		if !(c.share > 0) {
			return fmt.Errorf("-timeout %v has a share of %v", c.timeout, c.share)
		}
		sum += c.share
	}
	if !(math.Abs(sum-1) < 1e-6) {
		return fmt.Errorf("the shares of -timeout come to %v, not to 1", sum)
	}
	return nil
}

func (t timeouts) longest() (d time.Duration) {
	for _, c := range t {
		d = max(d, c.timeout)
	}
	return d
}
