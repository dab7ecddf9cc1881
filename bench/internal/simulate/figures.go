package simulate

import (
	"math"
	"time"
)

// part returns the mean second of the i-th of n equal parts of the day.
func (d *day) part(i, n int) tally {
	from, to := i*len(d.parts)/n, (i+1)*len(d.parts)/n
	return merge(d.parts[from:to]).perSecond(d.scale)
}

// whole returns the mean second of the day.
func (d *day) whole() tally { return d.part(0, 1) }

// peak returns the largest value of a quantity in any part of the day.
func (d *day) peak(of func(tally) float64) (most float64) {
	for _, t := range d.parts {
		most = max(most, of(t.perSecond(d.scale)))
	}
	return most
}

// busiest returns the mean second of the part of the day with most store
// operations.
func (d *day) busiest() tally {
	var most tally
	for _, p := range d.parts {
		if t := p.perSecond(d.scale); most.took == 0 || t.operations() > most.operations() {
			most = t
		}
	}
	return most
}

// nodePart returns the mean second of one node in one part of the day, as its
// Manager had it.
func (d *day) nodePart(node, part int) nodeTally {
	t := d.nodes[node][part]
	rate := float64(d.scale) / (d.day / time.Duration(d.buckets)).Seconds()
	return nodeTally{
		requests: rate * t.requests, made: rate * t.made, calls: rate * t.calls, dropped: rate * t.dropped,
		live: float64(d.scale) * t.live / max(t.looks, 1), looks: 1,
	}
}

// nodePeaks returns a quantity on each node in the part of the day in which it
// is largest on all together. The largest on each by itself would be what
// sampling makes of it.
func (d *day) nodePeaks(of func(t nodeTally, refiled float64) float64) []float64 {
	var most []float64
	for i := range d.parts {
		refiled := d.parts[i].perSecond(d.scale).refiled / float64(len(d.nodes))
		now := make([]float64, len(d.nodes))
		for n := range d.nodes {
			now[n] = of(d.nodePart(n, i), refiled)
		}
		if most == nil || sum(now) > sum(most) {
			most = now
		}
	}
	return most
}

// onNode returns the mean of nodePeaks.
func (d *day) onNode(of func(t nodeTally, refiled float64) float64) float64 {
	return sum(d.nodePeaks(of)) / float64(len(d.nodes))
}

// cpu returns which share of a core the sessions of a node take.
func (k costs) cpu(t nodeTally, refiled float64) float64 {
	return k.share(tally{arrivals: t.made, requests: t.requests, refiled: refiled, over: t.calls, dropped: t.dropped})
}

// gib returns the live heap that so many sessions take.
func (d *day) gib(k costs, sessions float64) float64 {
	return sessions * (k.bytes + float64(d.values)) / (1 << 30)
}

// wakings returns how often the wheel of one node wakes in a second like t.
func (d *day) wakings(t tally) float64 {
	rates := make([]float64, len(t.ups))
	for i, r := range t.ups {
		rates[i] = r / float64(len(d.nodes))
	}
	return wakeUps(comings(d.timeouts, rates))
}

// trips returns how many times a second all nodes together go to the store:
// alone for what a request waits for and for each acknowledgement, in batches
// for touches, as the flushes find them due, and for claims, as the wheel does.
func (d *day) trips(t tally) float64 {
	n := float64(len(d.nodes))
	all := t.creates + t.loads + t.reloads + t.saves + t.disposals + t.acks
	all += n * batchesPerSecond(t.touches/n, d.flush, d.batch)
	for i, c := range d.timeouts {
		all += n * batchesPerSecond(t.claims*portion(t.ups, i)/n, grain(c.timeout), d.batch)
	}
	return all
}

// portion returns the share of one of several numbers.
func portion(of []float64, i int) float64 {
	var sum float64
	for _, v := range of {
		sum += v
	}
	if sum == 0 {
		return 0
	}
	return of[i] / sum
}

// sampling returns the relative error of a number of which so many were
// counted: one standard deviation.
func sampling(counted float64) float64 { return 1 / math.Sqrt(max(counted, 1)) }
