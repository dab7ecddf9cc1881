// Package timers is the step that measures timers: what it costs to schedule,
// call off and move one with others standing by, what many take that wait, and
// how exactly they are called. Each library is in a process of its own; a file
// is a library.
package timers

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/spindleweb/spindle/bench/internal/child"
	"github.com/spindleweb/spindle/bench/internal/plan"
	"github.com/spindleweb/spindle/bench/internal/result"
)

// Step measures timers.
var Step = plan.Step{Name: "timers", Do: do}

// step is the chapter that all figures are in.
const step = "timers"

func do(ctx context.Context, b *plan.Bench) error {
	versions(b)
	for _, k := range wanted(b) {
		if k.noCancel != "" {
			b.Skip("%s, calling off: %s", k.name, k.noCancel)
		}
		if k.noRearm != "" {
			b.Skip("%s, moving: %s", k.name, k.noRearm)
		}
		if k.noCall != "" {
			b.Skip("%s, calls: %s", k.name, k.noCall)
		}
	}
	for _, n := range b.Scale.Timers {
		if err := beside(ctx, b, n); err != nil {
			return err
		}
	}
	if err := idle(ctx, b); err != nil {
		return err
	}
	if err := firings(ctx, b); err != nil {
		return err
	}
	return habits(ctx, b)
}

// versions notes which versions of the libraries there are in this program.
func versions(b *plan.Bench) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return
	}
	if b.Versions == nil {
		b.Versions = make(map[string]string)
	}
	for _, m := range info.Deps {
		for _, k := range wanted(b) {
			if k.module == m.Path {
				b.Versions[m.Path] = m.Version
			}
		}
	}
}

// wanted are the kinds that are to be measured.
func wanted(b *plan.Bench) []*kind {
	var all []*kind
	for i := range kinds {
		if k := &kinds[i]; b.Wants(k.name, k.ours || k.name == runtimes) {
			all = append(all, k)
		}
	}
	return all
}

// spare returns an error of ours, or of the base: then the step makes no sense.
// Another's is noted, and the library left out.
func (k *kind) spare(ctx context.Context, b *plan.Bench, err error) error {
	if err == nil || ctx.Err() != nil || k.ours || k.name == runtimes {
		return err
	}
	b.Skip("%v", err)
	return nil
}

// A subject is a library in its process.
type subject struct {
	*kind
	*child.Process
	failed bool // and is not measured any more
}

// begin starts a process for a library.
func (k *kind) begin(ctx context.Context) (*subject, error) {
	p, err := child.Start(ctx, service)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k.name, err)
	}
	if err := p.Call("start", question{Kind: k.name}, nil); err != nil {
		p.Close()
		return nil, fmt.Errorf("%s: %w", k.name, err)
	}
	return &subject{kind: k, Process: p}, nil
}

// ask makes a call and says who was asked if it fails.
func ask[T any](s *subject, method string, q question) (out T, err error) {
	if err = s.Call(method, q, &out); err != nil {
		err = fmt.Errorf("%s: %w", s.name, err)
	}
	return out, err
}

// figure adds a sample of this library's.
func (k *kind) figure(b *plan.Bench, f result.Figure, sample float64) {
	f.Step, f.Peer, f.Base = step, k.name, runtimes
	if !k.ours {
		f.Budget, f.OfBase = 0, false
	}
	b.Add(f, sample)
}

// together does n things at the same time and returns the error of each.
func together(n int, do func(i int) error) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = do(i) })
	}
	all.Wait()
	return errs
}
