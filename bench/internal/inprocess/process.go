package inprocess

import (
	"context"
	"runtime"
	"slices"
	"time"

	"github.com/spindleweb/spindle/bench/internal/child"
	"github.com/spindleweb/spindle/bench/internal/peer"
)

// A process is where one peer is measured. After an error nothing more is.
type process struct {
	peer  *peer.Peer
	child *child.Process
	err   error
	yield []yield
}

func (p *process) start(ctx context.Context, live int) {
	if p.err != nil {
		return
	}
	if p.child, p.err = child.Start(ctx, name); p.err == nil {
		p.do("start", population{p.peer.Name, live}, nil)
	}
}

func (p *process) close() {
	if p.child != nil {
		p.child.Close()
		p.child = nil
	}
}

func (p *process) do(method string, in, out any) {
	if p.err == nil {
		p.err = p.child.Call(method, in, out)
	}
}

func (p *process) sample(j job) (s sample) {
	p.do("sample", j, &s)
	return s
}

// existing measures, in the round-th round, requests of visitors that have a
// session, the i-th number of them.
func (p *process) existing(round, i, live int, each time.Duration) {
	for _, all := range []bool{false, true} {
		// In turn, as what comes second may have it easier.
		jobs := []job{{base, all, each}, {bare, all, each}, {existing, all, each}}
		if round%2 == 1 {
			slices.Reverse(jobs)
		}
		got := make(map[string]sample)
		for _, j := range jobs {
			if j.What == base && p.peer.Base == "" || j.What == bare && all && i > 0 {
				continue
			}
			got[j.What] = p.sample(j)
		}
		p.add("existing session", all, live, got[existing])
		if p.peer.Base != "" {
			p.addDifference("added by the session", all, live, got[existing], got[base])
		}
		if s, ok := got[bare]; ok {
			p.add("path without session", all, live, s)
			if p.peer.Base != "" {
				p.addDifference("added over the library's own path without session", all, live, got[existing], s)
			}
		}
	}
}

// values measures, in one round, requests that change the visitors' numbers. On
// all cores the visitors are divided among them.
func (p *process) values(i, live int, each time.Duration) {
	for _, all := range []bool{false, true} {
		if !all || i > 0 && live >= runtime.GOMAXPROCS(0) {
			p.add("value read and written", all, live, p.sample(job{value, all, each}))
		}
	}
}

// fresh measures, in one round, requests of visitors that have none. The base is
// the bare handler without a cookie.
func (p *process) fresh(each time.Duration) {
	for _, all := range []bool{false, true} {
		under := p.sample(job{nobody, all, each})
		if p.peer.Base == "" {
			p.add("new session", all, 0, under)
			continue
		}
		with := p.sample(job{fresh, all, each})
		p.add("new session", all, 0, with)
		p.addDifference("added by a new session", all, 0, with, under)
	}
}
