package simulate

import "time"

// tally is what happens in one part of the day. It counts what is passed
// through the code; scaled makes it what happens in full.
type tally struct {
	took time.Duration

	arrivals float64 // sessions made
	requests float64
	over     float64 // sessions ended: calls
	dropped  float64 // copies that ended on a node other than the session's last
	live     float64 // sessions, mean
	copies   float64 // of sessions, on all nodes, mean
	refiled  float64
	ups      []float64 // entries that came up in the wheels, of each timeout

	traffic
}

// traffic is what a store is asked to do, in single operations.
type traffic struct {
	creates, loads, reloads, saves, touches, claims, disposals, acks float64
}

func (t traffic) operations() float64 {
	return t.creates + t.loads + t.reloads + t.saves + t.touches + t.claims + t.disposals + t.acks
}

func (t traffic) times(k float64) traffic {
	return traffic{
		creates: k * t.creates, loads: k * t.loads, reloads: k * t.reloads, saves: k * t.saves,
		touches: k * t.touches, claims: k * t.claims, disposals: k * t.disposals, acks: k * t.acks,
	}
}

func (t traffic) plus(u traffic) traffic {
	return traffic{
		creates: t.creates + u.creates, loads: t.loads + u.loads, reloads: t.reloads + u.reloads, saves: t.saves + u.saves,
		touches: t.touches + u.touches, claims: t.claims + u.claims, disposals: t.disposals + u.disposals, acks: t.acks + u.acks,
	}
}

// perSecond returns the tally of the mean second of a part of a day of which
// only one session in k was passed through the code. Numbers of live sessions
// are not per second.
func (t tally) perSecond(k int) tally {
	scale := float64(k)
	rate := scale / t.took.Seconds()
	u := tally{
		took:     time.Second,
		arrivals: rate * t.arrivals, requests: rate * t.requests, over: rate * t.over, dropped: rate * t.dropped,
		live: scale * t.live, copies: scale * t.copies, refiled: rate * t.refiled,
		traffic: t.traffic.times(rate),
	}
	for _, n := range t.ups {
		u.ups = append(u.ups, rate*n)
	}
	return u
}

// merge returns the tally of parts of equal length together.
func merge(parts []tally) tally {
	var sum tally
	n := float64(len(parts))
	for _, t := range parts {
		sum.took += t.took
		sum.arrivals += t.arrivals
		sum.requests += t.requests
		sum.over += t.over
		sum.dropped += t.dropped
		sum.live += t.live / n
		sum.copies += t.copies / n
		sum.refiled += t.refiled
		sum.traffic = sum.traffic.plus(t.traffic)
		if sum.ups == nil {
			sum.ups = make([]float64, len(t.ups))
		}
		for i, u := range t.ups {
			sum.ups[i] += u
		}
	}
	return sum
}
