package loopback

import (
	"context"
	"slices"
	"time"

	"github.com/spindleweb/spindle/bench/internal/result"
)

// round measures each target once, in an order that is another each time, since
// what comes after a busy server may find the processor hotter or slower; and
// spread over that, the blocks of the first.
func (t *trial) round(ctx context.Context, n int) error {
	others := t.others
	if len(others) > 0 {
		at := 5 * n % len(others)
		others = slices.Concat(others[at:], others[:at])
	}
	blocks := 1 + int(t.Scale.Load/(400*time.Millisecond))
	for i := range blocks {
		if err := t.block(ctx); err != nil {
			return err
		}
		for _, g := range others[len(others)*i/blocks : len(others)*(i+1)/blocks] {
			if err := t.once(ctx, g); err != nil {
				return err
			}
		}
	}
	return nil
}

// once measures one of the others, which is given up when it fails.
func (t *trial) once(ctx context.Context, g *target) error {
	if g.server.failed {
		return nil
	}
	_, err := t.measure(ctx, g, t.Scale.Load/2)
	if err == nil || g.server.must || ctx.Err() != nil {
		return err
	}
	t.Skip("%v", err)
	g.server.failed = true
	return nil
}

// block measures bare fasthttp and ours in the order A B C C B A, in short
// windows. What drifts evenly, as a processor that warms up, then adds as much
// to each, and a block's ratio is free of it; the median over blocks is free of
// single disturbances. Only so is a difference of three percent seen on a
// machine that has other things to do.
func (t *trial) block(ctx context.Context) error {
	windows := make([][]sample, len(t.first))
	for i := range 2 * len(t.first) {
		k := min(i, 2*len(t.first)-1-i)
		s, err := t.measure(ctx, t.first[k], min(t.Scale.Load/2, 250*time.Millisecond))
		if err != nil {
			return err
		}
		windows[k] = append(windows[k], s)
	}
	for k, g := range t.first[1:] {
		t.compare(g, windows[0], windows[k+1])
	}
	return nil
}

// compare adds the ratios that one block has shown. Requests per second say
// something only if neither server ever had to wait for work.
func (t *trial) compare(g *target, bare, ours []sample) {
	ratio := func(of func(sample) float64) (percent float64) {
		var a, b float64
		for i := range bare {
			a += of(bare[i])
			b += of(ours[i])
		}
		return 100 * b / a
	}
	like := result.Figure{Step: chapter, Peer: g.server.name, Unit: "%"}
	like.Name = "CPU per request of bare fasthttp's, block by block, " + g.what
	t.Add(like, ratio(sample.cpu))
	for _, s := range slices.Concat(bare, ours) {
		if s.busy < enough {
			return
		}
	}
	like.Name, like.More = "requests per second of bare fasthttp's, block by block, "+g.what, true
	t.Add(like, ratio(sample.perSecond))
}
