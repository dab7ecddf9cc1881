// Package correct is the step that tells what libraries do where a session can
// go wrong: whether numbers get lost, whose ids are taken, what a panic does.
// It has no figures, only facts. Each check of each library is made in a process
// of its own, since some end it.
package correct

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/spindleweb/spindle/bench/internal/child"
	"github.com/spindleweb/spindle/bench/internal/peer"
	"github.com/spindleweb/spindle/bench/internal/plan"
	"github.com/spindleweb/spindle/bench/internal/result"
)

// Step checks what libraries do.
var Step = plan.Step{Name: "correctness", Do: do}

func do(ctx context.Context, b *plan.Bench) error {
	var peers []*peer.Peer
	for _, p := range peer.All {
		if p.Base != "" && b.Wants(p.Name, p.Ours) {
			peers = append(peers, p)
		}
	}
	facts, errs := judge(ctx, peers)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var seen []result.Fact
	var failed []error
	for i, f := range facts {
		switch {
		case errs[i] == nil:
			seen = append(seen, f)
		case find(f.Peer).Ours:
			failed = append(failed, errs[i])
		default:
			b.Skip("%v", errs[i])
		}
	}
	b.Facts = append(b.Facts, seen...)
	b.Say("%d checks of %d libraries", len(checks), len(peers))
	return errors.Join(append(failed, ours(seen))...)
}

// ours returns an error if one of our own libraries does not do well.
func ours(facts []result.Fact) error {
	var bad []error
	for _, f := range facts {
		if p := find(f.Peer); p.Ours && f.Verdict != result.Good {
			bad = append(bad, fmt.Errorf("%s: %s: %s (%s)", f.Peer, f.Check, f.Says, f.Verdict))
		}
	}
	return errors.Join(bad...)
}

// A check sees what a library does in one situation. It returns an error if it
// could not see that.
type check struct {
	name  string
	needs func(*peer.Peer) string // why the library has nothing of the kind, or ""
	see   func(*peer.Peer) (verdict, error)
}

// A verdict is a Fact without the names.
type verdict struct {
	Verdict result.Verdict
	Says    string
}

func good(format string, args ...any) (verdict, error) {
	return verdict{result.Good, fmt.Sprintf(format, args...)}, nil
}

func bad(format string, args ...any) (verdict, error) {
	return verdict{result.Bad, fmt.Sprintf(format, args...)}, nil
}

func none(format string, args ...any) (verdict, error) {
	return verdict{result.None, fmt.Sprintf(format, args...)}, nil
}

// checks are in the order of what they are about: values, ids, ends.
var checks = []check{
	atOnce, beside,
	madeUp, stale, markings,
	overdue, atWork,
	tells, panics, shutdown,
}

// workers is how many processes there are at once. Most wait most of the time.
const workers = 24

// judge makes all checks of some libraries. Where there is an error there is no
// verdict.
func judge(ctx context.Context, peers []*peer.Peer) ([]result.Fact, []error) {
	facts := make([]result.Fact, len(checks)*len(peers))
	errs := make([]error, len(facts))
	places := make(chan struct{}, workers)
	var wg sync.WaitGroup
	// Those that wait are the last in the list and take longest.
	for i := range slices.Backward(facts) {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			facts[i], errs[i] = checks[i/len(peers)].of(ctx, peers[i%len(peers)])
		})
	}
	wg.Wait()
	return facts, errs
}

// of makes one check of one library, in a child.
func (c *check) of(ctx context.Context, p *peer.Peer) (result.Fact, error) {
	f := result.Fact{Check: c.name, Peer: p.Name}
	if c.needs != nil {
		if why := c.needs(p); why != "" {
			f.Verdict, f.Says = result.None, why
			return f, nil
		}
	}
	proc, err := child.Start(ctx, service)
	if err != nil {
		return f, err
	}
	defer proc.Close()
	var a answer
	switch err := proc.Call(c.name, p.Name, &a); {
	case ctx.Err() != nil:
		return f, ctx.Err()
	case errors.Is(err, child.ErrSilent):
		return f, fmt.Errorf("%s: %w", p.Name, err)
	case err != nil: // nobody is left to answer
		f.Verdict, f.Says = result.Bad, "the process ends"
	case a.Failed != "":
		return f, fmt.Errorf("%s: %s: %s", p.Name, c.name, a.Failed)
	default:
		f.Verdict, f.Says = a.Verdict, a.Says
	}
	return f, nil
}

// service is the name of the children.
const service = "correctness"

func init() {
	child.Register(service, func() child.Service {
		return func(method string, in json.RawMessage) (any, error) {
			var name string
			if err := json.Unmarshal(in, &name); err != nil {
				return nil, err
			}
			return see(method, name), nil
		}
	})
}

// An answer is a verdict, or why there is none. An error of the call itself
// means that the process is gone.
type answer struct {
	verdict
	Failed string
}

func see(check, name string) (a answer) {
	p := find(name)
	if p == nil {
		return answer{Failed: "there is no such library"}
	}
	for i := range checks {
		if checks[i].name != check {
			continue
		}
		v, err := checks[i].see(p)
		if err != nil {
			return answer{Failed: err.Error()}
		}
		return answer{verdict: v}
	}
	return answer{Failed: "there is no such check"}
}

// others are libraries besides those of package peer.
var others []*peer.Peer

// find returns the library of that name, or nil.
func find(name string) *peer.Peer {
	for _, p := range others {
		if p.Name == name {
			return p
		}
	}
	return peer.Get(name)
}
