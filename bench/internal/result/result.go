// Package result is what a run has measured, as it is shown, kept in a file and
// compared with another.
package result

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"
)

// A Run is everything that one run has found out.
type Run struct {
	Started  time.Time         `json:"started"`
	Took     float64           `json:"took"` // seconds
	Quick    bool              `json:"quick"`
	Machine  Machine           `json:"machine"`
	Versions map[string]string `json:"versions"` // of modules and programs
	Figures  []Figure          `json:"figures"`
	Curves   []Curve           `json:"curves,omitempty"`
	Facts    []Fact            `json:"facts,omitempty"`
	LeftOut  []string          `json:"left_out,omitempty"` // what was not measured, and why
}

// A Machine is where a run took place.
type Machine struct {
	System    string  `json:"system"`
	CPU       string  `json:"cpu"`
	Cores     int     `json:"cores"`
	MemoryGiB float64 `json:"memory_gib"`
	Go        string  `json:"go"`
}

// A Figure is one quantity, measured once in each of several rounds.
type Figure struct {
	Step    string    `json:"step"`             // the chapter it belongs to: "in process"
	Name    string    `json:"name"`             // what was measured: "existing session, one core"
	At      int       `json:"at,omitempty"`     // with how many, for what is measured at several sizes
	Of      string    `json:"of,omitempty"`     // how many of what: "live sessions"
	Peer    string    `json:"peer"`             // who was measured
	Unit    string    `json:"unit"`             // "ns", "B", "allocs", "req/s", "%"
	More    bool      `json:"more,omitempty"`   // more is better
	Base    string    `json:"base,omitempty"`   // the peer whose figure this one is a ratio to
	Budget  float64   `json:"budget,omitempty"` // what we want of ourselves at most, or with More at least; a ratio if OfBase
	OfBase  bool      `json:"of_base,omitempty"`
	Samples []float64 `json:"samples"`
}

// Group is what Figures have in common that are measured side by side.
type Group struct {
	Step, Name, Of, Unit string
	At                   int
}

// Group returns the group that f is in.
func (f *Figure) Group() Group { return Group{f.Step, f.Name, f.Of, f.Unit, f.At} }

// Median is the middle of the samples, and 0 if there are none.
func (f *Figure) Median() float64 {
	s := slices.Sorted(slices.Values(f.Samples))
	switch n := len(s); {
	case n == 0:
		return 0
	case n%2 == 1:
		return s[n/2]
	default:
		return (s[n/2-1] + s[n/2]) / 2
	}
}

// A Curve is a distribution or a course, drawn as a line.
type Curve struct {
	Step string       `json:"step"`
	Name string       `json:"name"`
	Peer string       `json:"peer"`
	X    string       `json:"x"` // what runs along, with its unit
	Y    string       `json:"y"`
	At   [][2]float64 `json:"at"`
}

// A Verdict judges a Fact.
type Verdict string

// The verdicts.
const (
	Good Verdict = "good"
	Bad  Verdict = "bad"
	None Verdict = "none" // the library has nothing of the kind
)

// A Fact is what one library does in one situation.
type Fact struct {
	Check   string  `json:"check"` // the situation
	Peer    string  `json:"peer"`
	Verdict Verdict `json:"verdict"`
	Says    string  `json:"says"` // what was seen, in a few words
}

// Find returns the figure of a peer in a group, or nil.
func (r *Run) Find(g Group, peer string) *Figure {
	for i := range r.Figures {
		if f := &r.Figures[i]; f.Peer == peer && f.Group() == g {
			return f
		}
	}
	return nil
}

// Ratio returns the median of f over that of its base; ok is false if it has
// none.
func (r *Run) Ratio(f *Figure) (ratio float64, ok bool) {
	if f.Base == "" {
		return 0, false
	}
	base := r.Find(f.Group(), f.Base)
	if base == nil || base.Median() == 0 {
		return 0, false
	}
	return f.Median() / base.Median(), true
}

// Within tells whether f holds its budget; ok is false if it has none.
func (r *Run) Within(f *Figure) (within, ok bool) {
	v := f.Median()
	if f.OfBase {
		if v, ok = r.Ratio(f); !ok {
			return false, false
		}
	}
	if f.Budget == 0 {
		return false, false
	}
	if f.More {
		return v >= f.Budget, true
	}
	return v <= f.Budget, true
}

// Add records one sample of the figure that like describes.
func (r *Run) Add(like Figure, sample float64) {
	f := r.Find(like.Group(), like.Peer)
	if f == nil {
		like.Samples = nil
		r.Figures = append(r.Figures, like)
		f = &r.Figures[len(r.Figures)-1]
	}
	f.Samples = append(f.Samples, sample)
}

// Judge records a fact. Of several rounds the last counts, but a bad one stays.
func (r *Run) Judge(f Fact) {
	for i := range r.Facts {
		if old := &r.Facts[i]; old.Check == f.Check && old.Peer == f.Peer {
			if old.Verdict != Bad {
				*old = f
			}
			return
		}
	}
	r.Facts = append(r.Facts, f)
}

// Save writes r to a file as JSON.
func (r *Run) Save(path string) error {
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

// Load reads what Save wrote.
func Load(path string) (*Run, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := new(Run)
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("%s is not a result of bench: %w", path, err)
	}
	if len(r.Figures) == 0 && len(r.Facts) == 0 {
		return nil, fmt.Errorf("%s is not a result of bench: it has no figures", path)
	}
	return r, nil
}
