package simulate

import (
	"cmp"
	"slices"
	"time"
)

// kind is what a node has to do.
type kind uint8

const (
	opens    kind = iota // a new session, or one that it does not have and loads
	touches              // a request of one it has
	expires              // the visitor logs out
	holds                // a stream begins
	releases             // it ends
)

// event is one thing for a node to do.
type event struct {
	at   time.Duration
	seq  uint64 // tells events of one moment apart
	copy *visited
	node uint16
	kind kind
}

func (e event) compare(f event) int {
	if c := cmp.Compare(e.at, f.at); c != 0 {
		return c
	}
	return cmp.Compare(e.seq, f.seq)
}

// visited is a session on one node, from when it is made or loaded there until
// it ends there.
type visited struct {
	timeout, limit time.Duration
	before         *visited      // the session's earlier copy on this node, ended when this one is loaded
	last           bool          // the session ends with this copy
	due, end       time.Duration // by the model; the real one must end then

	real // what the node makes of it
}

// visits makes up the visits of a day, in the order in which they begin, and
// counts what follows from their requests alone. A visit does not depend on
// what the code under test does, so all its events are known when it begins.
type visits struct {
	c       *config
	draws   draws
	profile profile
	start   time.Duration // the day's beginning on the clock of the wheels
	stop    time.Duration // its end
	gap     float64       // mean time between arrivals at the busiest moment
	next    time.Duration // candidate for an arrival
	seq     uint64

	width time.Duration // of a span
	n     int           // the span under way
	spans [][]event     // what is to come, from that one on

	part   time.Duration
	parts  []tally
	beside tally // for what is not in the day
	begun  int   // visits, from the start of the warming up
	over   int   // of those, ended before stop

	on   []*copied // by node, of the visit that is made up
	used []int     // the nodes that have one
}

func newVisits(c *config, width time.Duration) *visits {
	v := &visits{
		c: c, draws: newDraws(c), profile: newProfile(c.day, c.peak),
		start: c.warmUp(), width: width,
		part: c.day / time.Duration(c.buckets), on: make([]*copied, c.nodes),
		beside: tally{ups: make([]float64, len(c.timeouts))},
	}
	v.stop = v.start + v.part*time.Duration(c.buckets)
	v.gap = float64(c.day) / float64(c.sessions) * float64(c.scale()) / v.profile.peak()
	for range c.buckets {
		v.parts = append(v.parts, tally{took: v.part, ups: make([]float64, len(c.timeouts))})
	}
	v.next = v.wait()
	return v
}

func (v *visits) wait() time.Duration { return max(1, duration(v.gap*v.draws.ExpFloat64())) }

// span returns the events of the next span, in order.
func (v *visits) span() []event {
	for end := time.Duration(v.n+1) * v.width; v.next < end; v.next += v.wait() {
		// Thinned from the rate of the busiest moment.
		if v.next < v.stop && v.draws.Float64() < v.profile.of(v.next-v.start) {
			v.visit(v.next)
		}
	}
	v.n++
	if len(v.spans) == 0 {
		return nil
	}
	events := v.spans[0]
	v.spans[0] = nil
	v.spans = v.spans[1:]
	slices.SortFunc(events, event.compare)
	return events
}

// add keeps an event for its span.
func (v *visits) add(at time.Duration, node int, k kind, c *visited) {
	if at >= v.stop {
		return
	}
	v.seq++
	i := int(at/v.width) - v.n
	for len(v.spans) <= i {
		v.spans = append(v.spans, nil)
	}
	v.spans[i] = append(v.spans[i], event{at: at, seq: v.seq, copy: c, node: uint16(node), kind: k})
}

// of returns the tally of the part of the day that a moment is in.
func (v *visits) of(at time.Duration) *tally {
	if at < v.start || at >= v.stop {
		return &v.beside
	}
	return &v.parts[(at-v.start)/v.part]
}

// during adds the time from one moment to another to what add returns of each
// part of the day, as a share of the part.
func (v *visits) during(from, to time.Duration, add func(*tally) *float64) {
	from, to = max(from, v.start), min(to, v.stop)
	for from < to {
		next := min(to, from+v.part-(from-v.start)%v.part)
		*add(v.of(from)) += float64(next-from) / float64(v.part)
		from = next
	}
}
