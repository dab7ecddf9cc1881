package endings

import (
	"context"
	"errors"
	"time"

	"github.com/spindleweb/spindle/bench/internal/child"
	"github.com/spindleweb/spindle/bench/internal/usage"
)

// latencies are those of requests, before and while sessions ended.
type latencies struct{ quiet, meanwhile usage.Times }

// errShort is the error for sessions that are due before all is ready.
var errShort = errors.New("sessions are due before they are all made")

// tries is how often that is met by longer times.
const tries = 8

// calls measures one whose sessions call back.
func (b *bench) calls(ctx context.Context, subject string, s shape) error {
	for try := 1; ; try++ {
		lead := b.quiet + ahead + 100*time.Millisecond + time.Duration(b.n)*b.making[subject]
		w, l, err := b.watchCalls(ctx, subject, s, lead)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, errShort) && try < tries:
			b.making[subject] *= 2
			continue
		case err != nil:
			b.Skip("%s, %s: %v", subject, s.name, err)
			return nil
		}
		b.addTold(subject, s, w, l)
		b.Say("%s, %s: p99 %.1f ms late, %.2f µs CPU each, requests p99 %.2f ms, quiet %.2f ms",
			subject, s.name, w.Told.Late.P99, usage.MS(w.CPU)*1000, l.meanwhile.P99, l.quiet.P99)
		return nil
	}
}

func (b *bench) watchCalls(ctx context.Context, subject string, s shape, lead time.Duration) (w watched, l latencies, err error) {
	p, err := child.Start(ctx, name)
	if err != nil {
		return w, l, err
	}
	defer p.Close()
	var f filled
	if err := p.Call("make", makeIn{Subject: subject, N: b.n, Lead: lead, Quiet: b.quiet, Within: s.within}, &f); err != nil {
		return w, l, err
	}
	first := time.Now().Add(f.Left)
	if f.Short {
		return w, l, errShort
	}
	ld, err := startLoad(ctx, f.opened)
	if err != nil {
		return w, l, err
	}
	l, w, err = b.watch(p, ld, first)
	return w, l, err
}

// watch has the process watch its sessions end, and stops the load then. The
// first session is due at first.
func (b *bench) watch(p *child.Process, ld *load, first time.Time) (l latencies, w watched, err error) {
	if err = p.Call("watch", nil, &w); err != nil {
		p.Close() // else requests might never be answered
	}
	if err = errors.Join(err, ld.stop()); err != nil {
		return l, w, err
	}
	l.quiet = ld.between(first.Add(-b.quiet), first.Add(-eve))
	l.meanwhile = ld.between(first, first.Add(w.Took))
	return l, w, nil
}
