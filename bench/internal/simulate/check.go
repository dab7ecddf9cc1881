package simulate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"time"
)

// million is the day of the check: a million sessions in 22 seconds.
func million() config {
	c := hundredMillion()
	c.sessions, c.day, c.buckets, c.warm, c.nodes, c.peak = 1_000_000, 22*time.Second, 22, 0, 1, 1
	c.requests, c.think, c.shape, c.timeouts = 4, 1500*time.Millisecond, exponential, timeouts{{5 * time.Second, 1}}
	c.holdFor, c.sticky, c.sample = 3*time.Second, 1, 20
	return c
}

// measured is what came of a day in real time.
type measured struct {
	live           []float64 // mean, of each part of the day
	made, requests float64
	called         float64 // by the end of the day
	after          int64   // in all, when the Manager was closed
	early, missed  int64
	late, lag      time.Duration
	processor      time.Duration
	bytes          float64 // of heap, of one session live at the end
	peak           float64 // the most that lived at once
	resident       int64   // what the process grew by, at most
}

// check passes a sample of a day in virtual time and all of another like it in
// real time, and compares.
func check(ctx context.Context, c *config, out io.Writer) error {
	if c.nodes != 1 || len(c.timeouts) != 1 || c.lifetime != 0 {
		return errors.New("simulate: -check passes one node, one timeout and no lifetimes")
	}
	if c.day > 10*time.Minute || c.sessions > 5_000_000 {
		return errors.New("simulate: -check passes the whole day in real time: give it at most 10m and 5,000,000 sessions")
	}
	k, err := measureCosts(ctx, costSessions)
	if err != nil {
		return fmt.Errorf("simulate: measuring costs: %w", err)
	}
	d, err := pass(ctx, c)
	if err != nil {
		return fmt.Errorf("simulate: in virtual time: %w", err)
	}
	whole := *d.config
	whole.sample = 1
	whole.seed++ // so that the sample is no part of it
	m, err := observe(ctx, &whole)
	if err != nil {
		return fmt.Errorf("simulate: in real time: %w", err)
	}
	if err := compare(d, m, k, out); err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	return nil
}

// observe passes all of a day in real time.
func observe(ctx context.Context, c *config) (m *measured, err error) {
	r := newRealtime(c.timeouts[0].timeout)
	shares := whole(c, max(2, runtime.GOMAXPROCS(0)))
	debug.FreeOSMemory()
	m = new(measured)
	before, residentBefore, processorBefore := heap(), resident(), processor()

	running, stop := context.WithCancel(ctx)
	defer stop()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_ = r.wheel.Run(running)
	}()
	r.began = time.Now()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m.watch(running, r, c, residentBefore)
	}()
	err = r.pass(ctx, shares, c.day)
	m.processor = processor() - processorBefore
	m.made, m.requests, m.called = float64(r.made.Load()), float64(r.requests.Load()), float64(r.called.Load())
	<-ended
	if live := r.manager.Stats().Live; err == nil && live > 0 {
		// What we keep of each, the id as text, is no part of a session.
		m.bytes = (float64(heap()-before) - 24*m.made) / float64(live)
	}
	r.closing.Store(true)
	m.late = r.manager.Stats().WorstLate
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	err = errors.Join(err, r.manager.Close(closing))
	stop()
	<-stopped
	m.after, m.early, m.missed = r.called.Load(), r.early.Load(), r.missed.Load()
	m.lag = time.Duration(r.lag.Load())
	runtime.KeepAlive(shares)
	return m, err
}

// whole returns all events of a day, dealt to so many goroutines, each session
// to one of them.
func whole(c *config, n int) [][]event {
	v := newVisits(c, c.day/64+1)
	shares := make([][]event, n)
	owner := make(map[*visited]int)
	for at := time.Duration(0); at < v.stop; at += v.width {
		for _, e := range v.span() {
			i, ok := owner[e.copy]
			if !ok {
				i = len(owner) % n
				owner[e.copy] = i
			}
			shares[i] = append(shares[i], e)
		}
	}
	return shares
}

// watch looks at the numbers from time to time until the day is over.
func (m *measured) watch(ctx context.Context, r *realtime, c *config, residentBefore int64) {
	m.live = make([]float64, c.buckets)
	looks := make([]float64, c.buckets)
	part := c.day / time.Duration(c.buckets)
	ticker := time.NewTicker(min(part/10, 50*time.Millisecond))
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		now := time.Since(r.began)
		if now >= c.day {
			break
		}
		live := float64(r.manager.Stats().Live)
		m.live[now/part] += live
		looks[now/part]++
		m.peak = max(m.peak, live)
		m.resident = max(m.resident, resident()-residentBefore)
	}
	for i := range m.live {
		m.live[i] /= max(looks[i], 1)
	}
}
