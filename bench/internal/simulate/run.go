package simulate

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// day is what a day came to. Its tallies count the sample.
type day struct {
	*config
	scale int
	parts []tally // in all, by the model
	nodes [][]nodeTally
	nodeResult
	begun int // visits since the warming up began
	over  int // of those, over by the end of the day
	steps time.Duration
	took  time.Duration
}

// maxSpans is in how many pieces the events of a run are made up.
const maxSpans = 3_000

// step returns how far the clocks go at once: the finest grain of all timeouts,
// or a multiple that keeps the steps few.
func (c *config) step() time.Duration {
	step := time.Duration(maxSlack)
	for _, t := range c.timeouts {
		step = min(step, max(grain(t.timeout), tick))
	}
	for (c.day+c.warmUp())/step*time.Duration(c.nodes) > time.Duration(c.steps) {
		step *= 2
	}
	return step
}

// pass passes a day.
func pass(ctx context.Context, c *config) (*day, error) {
	began := time.Now()
	step := c.step()
	fitted := *c
	c = &fitted
	c.buckets = max(1, min(c.buckets, int(c.day/(4*step)))) // what steps cannot tell apart is not counted apart
	part := c.day / time.Duration(c.buckets)
	width := roundUp(max(step, (c.day+c.warmUp())/maxSpans), step)
	visits := newVisits(c, width)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	nodes := make([]*node, c.nodes)
	spans := make([]chan []event, c.nodes)
	done := make(chan struct{})
	for i := range nodes {
		nodes[i] = newNode(step, visits.start, part, c.buckets)
		spans[i] = make(chan []event, 2)
		go func() {
			defer func() { done <- struct{}{} }()
			if err := nodes[i].follow(ctx, spans[i], width, visits.stop); err != nil {
				cancel(err)
			}
		}()
	}
	visits.deal(ctx, spans)
	for range nodes {
		<-done
	}
	d := &day{config: c, scale: c.scale(), parts: visits.parts, begun: visits.begun, over: visits.over, steps: step}
	for i, n := range nodes {
		d.nodes = append(d.nodes, n.parts)
		d.merge(n.nodeResult)
		if err := n.close(ctx); err != nil {
			cancel(fmt.Errorf("node %d: %w", i, err))
		}
	}
	d.took = time.Since(began)
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if merge(d.parts).arrivals == 0 {
		return nil, errors.New("no session arrived: give more -sessions, or a smaller -sample")
	}
	return d, d.sound()
}

// deal makes up the visits and sends each node its events.
func (v *visits) deal(ctx context.Context, spans []chan []event) {
	for at := time.Duration(0); at < v.stop && ctx.Err() == nil; at += v.width {
		mine := make([][]event, len(spans))
		for _, e := range v.span() {
			mine[e.node] = append(mine[e.node], e)
		}
		for i, events := range mine {
			select {
			case spans[i] <- events:
			case <-ctx.Done():
			}
		}
	}
	for _, span := range spans {
		close(span)
	}
}

// follow passes the spans of a node.
func (n *node) follow(ctx context.Context, spans <-chan []event, width, stop time.Duration) error {
	var end time.Duration
	for events := range spans {
		end = min(end+width, stop)
		if err := n.pass(ctx, events, end); err != nil {
			return err
		}
	}
	return n.collect(ctx)
}

func (r *nodeResult) merge(s nodeResult) {
	r.made += s.made
	r.called += s.called
	r.ends += s.ends
	r.live += s.live
	r.early += s.early
	r.astray += s.astray
	r.late.merge(s.late)
}

// sound returns an error if the code under test broke a promise.
func (d *day) sound() error {
	var errs []error
	if d.early > 0 {
		errs = append(errs, fmt.Errorf("%d sessions ended early", d.early))
	}
	if d.astray > 0 {
		errs = append(errs, fmt.Errorf("%d sessions did not end when they were due", d.astray))
	}
	if d.made != d.called+d.live {
		errs = append(errs, fmt.Errorf("%d sessions were made, but %d ended and %d are alive", d.made, d.called, d.live))
	}
	if d.ends != d.over {
		errs = append(errs, fmt.Errorf("%d sessions were over, but %d calls were made", d.over, d.ends))
	}
	if d.late.worst > d.late.bound {
		errs = append(errs, fmt.Errorf("a session ended %v late, more than the %v of its slack", d.late.worst, d.late.bound))
	}
	return errors.Join(errs...)
}
