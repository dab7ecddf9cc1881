package inprocess

import "github.com/spindleweb/spindle/bench/internal/result"

// A yield is a sample that counts if the process comes to a good end.
type yield struct {
	figure result.Figure
	sample float64
}

// figure describes what was measured with a number of live sessions, if that
// makes a difference.
func figure(what string, all bool, live int) result.Figure {
	f := result.Figure{Step: name, Name: what + ", one core", At: live}
	if all {
		f.Name = what + ", all cores"
	}
	if live > 0 {
		f.Of = "live sessions"
	}
	return f
}

// add keeps a sample, as a ratio to the base's.
func (p *process) add(what string, all bool, live int, s sample) {
	f := figure(what, all, live)
	f.Base = p.peer.Base
	p.addEach(f, all, s)
}

// addDifference keeps what one sample is above another.
func (p *process) addDifference(what string, all bool, live int, s, under sample) {
	s.NS -= under.NS
	s.Bytes -= under.Bytes
	s.Allocs -= under.Allocs
	p.addEach(figure(what, all, live), all, s)
}

// addEach keeps what is in a sample. Memory is that of the whole process, so
// with all cores at it, it says nothing new.
func (p *process) addEach(f result.Figure, all bool, s sample) {
	f.Peer = p.peer.Name
	add := func(unit string, v float64) {
		f.Unit = unit
		f.Budget = 0
		if p.peer.Ours {
			f.Budget = budget(f)
		}
		p.yield = append(p.yield, yield{f, v})
	}
	add("ns", s.NS)
	if !all {
		f.Base = "" // allocates nothing
		add("B", s.Bytes)
		add("allocs", s.Allocs)
	}
}

// budget is what a figure of ours should be at most, 0 if nothing is said of it.
func budget(f result.Figure) float64 {
	switch f.Name {
	case "added by the session, one core":
		switch {
		case f.Unit == "allocs":
			return 0.01 // none, but for what the runtime allocates meanwhile
		case f.Unit == "ns" && f.At == 1:
			return 100
		case f.Unit == "ns" && f.At == 1_000_000:
			return 350
		}
	case "added by a new session, one core":
		switch f.Unit {
		case "allocs":
			return 4
		case "ns":
			return 700
		}
	}
	return 0
}
