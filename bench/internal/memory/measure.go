package memory

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/spindleweb/spindle/bench/internal/child"
	"github.com/spindleweb/spindle/bench/internal/plan"
	"github.com/spindleweb/spindle/bench/internal/usage"
)

// errShort is the error for sessions that end while being measured.
var errShort = errors.New("sessions end while being measured")

// one measures a row with n sessions and leaves the process to wait for their
// end.
func one(ctx context.Context, b *plan.Bench, r row, n int, known map[row]measured, over time.Time) (filled, error) {
	timeout, err := timeoutFor(r, n, known, over)
	if err != nil {
		return filled{}, err
	}
	for try := 1; ; try++ {
		f, m, err := attempt(ctx, b, r, n, timeout)
		if errors.Is(err, errShort) && try < 4 {
			timeout *= 2
			continue
		}
		if err == nil {
			known[r] = m
		}
		return f, err
	}
}

func attempt(ctx context.Context, b *plan.Bench, r row, n int, timeout time.Duration) (f filled, m measured, err error) {
	p, err := child.Start(ctx, name)
	if err != nil {
		return f, m, err
	}
	defer func() {
		if err != nil {
			p.Close()
		}
	}()
	var made fillOut
	if err := p.Call("fill", fillIn{Peer: r.Name, N: n, Timeout: timeout, Told: r.told}, &made); err != nil {
		return f, m, err
	}
	var got collectOut
	if err := p.Call("collect", collections(b, n), &got); err != nil {
		return f, m, err
	}
	if got.Age > timeout {
		return f, m, fmt.Errorf("%w: they last %v and it took %v", errShort, timeout, got.Age)
	}
	f = filled{row: r, Process: p, due: time.Now().Add(timeout + 2*time.Second)} // some libraries count in seconds
	if !r.timers() {
		if err := f.signal(syscall.SIGSTOP); err != nil {
			return f, m, err
		}
	}
	add(b, r, n, made, got)
	b.Say("%s: %d made in %.1f s, %.0f B each, collection %.0f ms", r, n, made.Took.Seconds(), made.Each.RSS, got.Walls[0])
	return f, measured{
		n: n, took: made.Took, rss: made.Each.RSS * float64(n),
		collected: time.Duration(got.Walls[0] * float64(time.Millisecond)),
	}, nil
}

// collections says how many are measured with n sessions, and for how long
// requests are.
func collections(b *plan.Bench, n int) collectIn {
	switch {
	case n < 10_000:
		return collectIn{Times: 3, For: 20 * time.Millisecond}
	case b.Quick:
		return collectIn{Times: 3, For: 150 * time.Millisecond}
	default:
		return collectIn{Times: 5, For: 2 * time.Second}
	}
}

// timeoutFor returns for how long n sessions must live, so that the last is made
// and all is measured before the first ends, or why they are not to be made.
func timeoutFor(r row, n int, known map[row]measured, over time.Time) (time.Duration, error) {
	k, ok := known[r]
	if !ok {
		timeout := whole(time.Duration(n) * 30 * time.Microsecond)
		if time.Now().Add(timeout).After(over) {
			return 0, errors.New("there is no time left")
		}
		const likely = 600 // bytes each, of a library that takes much
		return timeout, room(likely * float64(n))
	}
	times := float64(n) / float64(k.n)
	// Settling takes collections as well, and requests are made during some.
	need := time.Duration(times*float64(k.took+10*k.collected)*1.2) + 6*time.Second
	timeout := whole(5*time.Second + need*3/2)
	if end := time.Now().Add(need + timeout + time.Duration(times)*time.Second); end.After(over) {
		return 0, fmt.Errorf("would take %v, and %v until they have ended, and there is not so much time left", need.Round(time.Second), timeout)
	}
	return timeout, room(times * k.rss)
}

// room returns an error if there is not enough memory for sessions of so many
// bytes. The heap doubles before the collector comes.
func room(rss float64) error {
	free, err := usage.Available()
	if err != nil {
		return err
	}
	if want := 2.2 * rss; want > free {
		return fmt.Errorf("would take %.1f GiB, and %.1f are free", want/(1<<30), free/(1<<30))
	}
	return nil
}

// whole rounds up to a second, as some libraries count in seconds.
func whole(d time.Duration) time.Duration { return (d + time.Second - 1).Truncate(time.Second) }
