package endings

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spindleweb/spindle/bench/internal/child"
	"github.com/spindleweb/spindle/bench/internal/peer"
	"github.com/spindleweb/spindle/bench/internal/usage"
)

// priced is a library, and what a session takes to be made by requests.
type priced struct {
	*peer.Peer
	each time.Duration
}

// priced returns the libraries that keep sessions, ours first and then the
// fastest, so that most are measured if there is not enough time for all.
func (b *bench) priced(ctx context.Context) (all []priced, err error) {
	for _, p := range peer.All {
		// Ours makes no difference between its two programs here.
		if !p.Kept || !b.Wants(p.Name, p.Ours) || p.Name == "spindle/session" {
			continue
		}
		each, err := price(ctx, openIn{Peer: p.Name, N: max(b.n/50, 10), Timeout: time.Hour})
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err != nil:
			b.Skip("%s, one timeout: %v", p.Name, err)
			continue
		}
		all = append(all, priced{p, each})
	}
	slices.SortStableFunc(all, func(x, y priced) int {
		switch {
		case x.Ours:
			return -1
		case y.Ours:
			return 1
		}
		return cmp.Compare(x.each, y.each)
	})
	return all, nil
}

// price has a process of its own find out what a session takes.
func price(ctx context.Context, in openIn) (each time.Duration, err error) {
	p, err := child.Start(ctx, name)
	if err != nil {
		return 0, err
	}
	defer p.Close()
	err = p.Call("price", in, &each)
	return each, err
}

// sweeps measures a library by when it lets go of sessions with one timeout.
func (b *bench) sweeps(ctx context.Context, library priced) error {
	in := openIn{Peer: library.Name, N: b.n, Sweep: time.Second, Quiet: b.quiet}
	making := library.each * time.Duration(b.n)
	for try := 1; ; try++ {
		// Some libraries count in seconds.
		in.Timeout = (making*3/2 + b.quiet + ahead + 100*time.Millisecond + time.Second).Truncate(time.Second) << (try - 1)
		if need := 2*making + in.Timeout + 1200*time.Millisecond; b.n >= 10_000 && time.Now().Add(need).After(b.over) {
			b.Skip("%s, one timeout: would take %v, and there is not so much time left", library.Name, need.Round(time.Second))
			return nil
		}
		w, l, err := b.watchSweeps(ctx, in)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, errShort) && try < tries:
			continue
		case err != nil:
			b.Skip("%s, one timeout: %v", library.Name, err)
			return nil
		}
		b.addGone(library.Name, w, l)
		b.Say("%s, one timeout of %v: p50 %.0f, last %.0f ms late, %.2f µs CPU each, requests p99 %.2f, worst %.1f ms, quiet %.2f and %.1f ms",
			library.Name, in.Timeout, w.Gone.Late.P50, w.Gone.Late.Max, usage.MS(w.CPU)*1000, l.meanwhile.P99, l.meanwhile.Max, l.quiet.P99, l.quiet.Max)
		return nil
	}
}

func (b *bench) watchSweeps(ctx context.Context, in openIn) (w watched, l latencies, err error) {
	p, err := child.Start(ctx, name)
	if err != nil {
		return w, l, err
	}
	defer p.Close()
	var o opened
	if err := p.Call("open", in, &o); err != nil {
		return w, l, err
	}
	// Requests go on while sessions are made, so that their own live on.
	ld, err := startLoad(ctx, o)
	if err != nil {
		return w, l, err
	}
	var f filled
	if err = p.Call("fill", nil, &f); err == nil && f.Short {
		err = errShort
	}
	if err != nil {
		p.Close()
		return w, l, errors.Join(err, ld.stop())
	}
	l, w, err = b.watch(p, ld, time.Now().Add(f.Left))
	if err == nil && w.Gone.Left > 0 {
		err = fmt.Errorf("%d sessions were still kept %v after they were due", w.Gone.Left, limit)
	}
	return w, l, err
}
