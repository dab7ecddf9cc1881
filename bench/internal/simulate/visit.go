package simulate

import "time"

// visit is one that is being made up.
type visit struct {
	*visits
	class          int
	timeout, limit time.Duration
	from, now      time.Duration
	node           int
	version        int     // how often its values have changed
	copy           *copied // on the node
}

// visit makes up a visit that begins at from.
func (v *visits) visit(from time.Duration) {
	x := visit{visits: v, from: from, now: from, limit: never}
	x.class = v.draws.class()
	x.timeout = v.c.timeouts[x.class].timeout
	if v.c.lifetime > 0 {
		x.limit = from + v.c.lifetime
	}
	x.node = v.draws.IntN(v.c.nodes)
	left, fate := v.draws.requests(), v.draws.Float64()
	v.begun++
	v.of(from).arrivals++
	for x.request(); left > 1; left-- {
		pause := v.draws.think()
		if pause >= x.timeout || pause >= x.limit-x.now {
			// The session ends first. What the visitor does later is another's.
			fate = 1
			break
		}
		x.now += pause
		if v.draws.Float64() >= v.c.sticky {
			x.node = v.draws.IntN(v.c.nodes)
		}
		x.request()
	}
	x.finish(fate)
}

// request is one at x.now to x.node.
func (x *visit) request() {
	part := x.of(x.now)
	part.requests++
	x.copy = x.on[x.node]
	if x.copy != nil && x.copy.pass(x.now) {
		x.add(x.now, x.node, touches, x.copy.v)
		x.copy.touch(x.now)
		if x.copy.version != x.version {
			part.reloads++
		}
	} else {
		x.open()
	}
	switch {
	case x.now == x.from:
		return // what the first request stores is part of the creation
	case x.c.changes > 0 && x.draws.Float64() < x.c.changes:
		x.version++
		part.saves++
		x.heard(x.copy, x.now)
	default:
		x.tell(x.copy, x.now)
	}
	x.copy.version = x.version
}

// open makes a session on a node, or loads it.
func (x *visit) open() {
	made := &copied{
		v:      &visited{timeout: x.timeout, limit: x.limit},
		opened: x.now,
		entry:  entry{timeout: x.timeout, limit: x.limit},
		every:  x.c.touchEvery(x.timeout),
	}
	made.met = func(at time.Duration, again bool) {
		part := x.of(at)
		part.ups[x.class]++
		if again {
			part.refiled++
		}
	}
	if x.copy == nil {
		x.used = append(x.used, x.node)
	} else {
		x.leave(x.copy, x.now)
		made.v.before = x.copy.v
	}
	if x.now == x.from {
		x.of(x.now).creates++
	} else {
		x.of(x.now).loads++
	}
	x.heard(made, x.now) // who loads is told how long is left
	made.entry.open(x.now)
	x.copy, x.on[x.node] = made, made
	x.add(x.now, x.node, opens, made.v)
}

// finish ends the visit after its last request.
func (x *visit) finish(fate float64) {
	last, c := x.copy, x.c
	switch {
	case fate < c.logout:
		x.add(x.now, x.node, expires, last.v)
		last.v.due, last.v.end = x.now, x.now
		last.met(last.up, false) // the wheel keeps the id until then
		x.of(x.now).disposals++
		x.ended(last)
	case fate < c.logout+c.hold:
		until := min(x.now+x.draws.stream(), x.stop) // what comes later is in no count
		x.add(x.now, x.node, holds, last.v)
		released := last.held(x.now, until)
		for at := max(x.now, last.written+last.every); at < min(until, x.limit); at += last.every {
			x.tell(last, at)
		}
		if released {
			x.add(until, x.node, releases, last.v)
			x.tell(last, until)
			last.pass(never)
		}
		x.left(last)
	default:
		last.pass(never)
		x.left(last)
	}
	last.v.last = true
	end := last.v.end
	x.of(end).over++
	x.of(end).acks++
	if end < x.stop {
		x.over++
	}
	x.during(x.from, end, func(t *tally) *float64 { return &t.live })
	for _, i := range x.used {
		if other := x.on[i]; other != last {
			other.pass(never)
			x.leave(other, never)
		}
		x.on[i] = nil
	}
	x.used = x.used[:0]
}
