package simulate

import (
	"math"
	"math/rand/v2"
	"time"
)

// busiest is when in the day most sessions arrive: eight in the evening.
const busiest = 20.0 / 24

// profile is how arrivals are spread over a day: e^(κ·cos) about the busiest
// moment, which is smooth, has a mean that is known, and any ratio of peak to
// mean from 1 on.
type profile struct {
	day   time.Duration
	kappa float64
}

func newProfile(day time.Duration, peak float64) profile {
	lo, hi := 0.0, 700.0 // e^700 is still a number
	for range 200 {
		mid := (lo + hi) / 2
		if math.Exp(mid)/bessel(mid) < peak {
			lo = mid
		} else {
			hi = mid
		}
	}
	return profile{day, lo}
}

// of returns the rate of arrivals at t to that of the busiest moment.
func (p profile) of(t time.Duration) float64 {
	angle := 2 * math.Pi * (float64(t)/float64(p.day) - busiest)
	return math.Exp(p.kappa * (math.Cos(angle) - 1))
}

// peak returns the rate of arrivals at the busiest moment to the mean.
func (p profile) peak() float64 { return math.Exp(p.kappa) / bessel(p.kappa) }

// bessel is the modified Bessel function I₀: the mean of e^(x·cos).
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-17; k++ {
		term *= x * x / (4 * k * k)
		sum += term
	}
	return sum
}

// draws are the random quantities of a visit.
type draws struct {
	*rand.Rand
	c *config
}

func newDraws(c *config) draws { return draws{rand.New(rand.NewPCG(c.seed, 0)), c} }

// requests is geometric: after each one it is as probable that another comes.
func (d draws) requests() int {
	if d.c.requests == 1 {
		return 1
	}
	return 1 + int(math.Log(1-d.Float64())/math.Log(1-1/d.c.requests))
}

func (d draws) think() time.Duration {
	mean := float64(d.c.think)
	if d.c.shape == exponential {
		return duration(mean * d.ExpFloat64())
	}
	return duration(mean * math.Exp(sigma*d.NormFloat64()-sigma*sigma/2))
}

func (d draws) stream() time.Duration { return duration(float64(d.c.holdFor) * d.ExpFloat64()) }

// class picks a timeout.
func (d draws) class() int {
	if len(d.c.timeouts) == 1 {
		return 0
	}
	at := d.Float64()
	for i, c := range d.c.timeouts {
		if at -= c.share; at < 0 {
			return i
		}
	}
	return len(d.c.timeouts) - 1
}

// duration keeps what is drawn within what can be added up.
func duration(ns float64) time.Duration { return time.Duration(min(ns, float64(maxTimeout))) }
