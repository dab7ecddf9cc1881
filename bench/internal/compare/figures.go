package compare

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/spindleweb/spindle/bench/internal/result"
)

// absolute is how many columns come before those of the ratios.
const absolute = 7

// figures compares what both runs have, step by step.
func (c *comparison) figures() {
	var steps []string
	tables := make(map[string]*table)
	var tests, differ, within, others int
	var drift []float64 // of others, by how much
	related := false    // a ratio is shown
	few := make(map[string]int)
	for i := range c.new.Figures {
		f := &c.new.Figures[i]
		was := c.old.Find(f.Group(), f.Peer)
		if was == nil {
			continue
		}
		t := tables[f.Step]
		if t == nil {
			t = &table{head: []string{"", "", "old", "new", "change", "", "", "old ×", "new ×", "change", "", "", ""}}
			steps, tables[f.Step] = append(steps, f.Step), t
		}
		d := diff(was.Samples, f.Samples, f.More)
		row := append([]string{named(f), f.Peer}, d.cells(f.Unit)...)
		tests++
		changed := d.changed()
		if d.few != "" {
			few[d.few]++
		}
		a, ok := ratios(c.old, was)
		b, ok2 := ratios(c.new, f)
		if ok && ok2 && was.Base == f.Base {
			r := diff(a, b, f.More)
			tests++
			changed = changed || r.changed()
			row = append(append(row, r.cells("×")...), f.Base)
		}
		if changed {
			differ++
		} else {
			within++
		}
		if !strings.HasPrefix(f.Peer, "spindle") {
			others++
			if d.changed() && d.old > 0 {
				drift = append(drift, math.Abs(d.new/d.old-1))
			}
		}
		if changed || c.all {
			t.rows = append(t.rows, row)
			related = related || len(row) > absolute
		}
	}
	for _, s := range steps {
		t := tables[s]
		if len(t.rows) == 0 {
			continue
		}
		if !slices.ContainsFunc(t.rows, func(row []string) bool { return len(row) > absolute }) {
			t.head = t.head[:absolute]
		}
		c.say("\n%s", s)
		t.write(&c.out)
	}
	c.say("")
	if tests == 0 {
		c.say("The runs have no figure in common.")
		return
	}
	c.say("%d of %d figures changed beyond noise, %d did not.", differ, differ+within, within)
	if differ > 0 && tests >= 20 {
		c.say("In %d tests at a level of 5 %% up to about %d find a change by chance where there is none.", tests, tests/20)
	}
	if len(drift) > 0 && c.sameVersions() {
		slices.Sort(drift)
		c.say("Of %d figures of others, who are the same in both runs, %d changed as well, half of these by %.1f %% or more: so much is the machine.",
			others, len(drift), 100*drift[len(drift)/2])
	}
	if related {
		c.say("× is the ratio to the base named behind it: each sample over the base's of the same round.")
	}
	for _, why := range slices.Sorted(maps.Keys(few)) {
		c.say("Not decided for %d of the figures: %s.", few[why], why)
	}
}

// named is what a figure measures.
func named(f *result.Figure) string {
	s := f.Name
	if f.At != 0 {
		s += ", " + result.Number(float64(f.At))
		if f.Of != "" {
			s += " " + f.Of
		}
	}
	return s
}

// cells are the columns of a delta.
func (d delta) cells(unit string) []string {
	stat := fmt.Sprintf("p=%.3f n=%d", d.stat.P, d.stat.N1)
	if d.stat.N1 != d.stat.N2 {
		stat += fmt.Sprintf("+%d", d.stat.N2)
	}
	write := func(v float64) string {
		if unit == "×" {
			return result.Number(v) + unit
		}
		return result.Number(v) + " " + unit
	}
	return []string{write(d.old), write(d.new), d.change(), d.verdict(), stat}
}

// facts tells whose verdicts changed.
func (c *comparison) facts() {
	var t table
	for _, f := range c.new.Facts {
		was := fact(c.old, f)
		if was == nil || was.Verdict == f.Verdict {
			continue
		}
		verdict := ""
		switch {
		case f.Verdict == result.Good, f.Verdict == result.None && was.Verdict == result.Bad:
			verdict = "better"
		case f.Verdict == result.Bad, f.Verdict == result.None:
			verdict = "worse"
		}
		t.rows = append(t.rows, []string{f.Check, f.Peer, fmt.Sprintf("%s (%s)", was.Verdict, was.Says), "→", fmt.Sprintf("%s (%s)", f.Verdict, f.Says), verdict})
	}
	if len(t.rows) > 0 {
		c.say("\nverdicts that changed")
		t.left = true
		t.write(&c.out)
	}
}

// fact returns that of the same check and peer in r, or nil.
func fact(r *result.Run, like result.Fact) *result.Fact {
	for i := range r.Facts {
		if f := &r.Facts[i]; f.Check == like.Check && f.Peer == like.Peer {
			return f
		}
	}
	return nil
}

// single lists what only one of the runs has.
func (c *comparison) single() {
	only := func(which string, a, b *result.Run) {
		var names []string
		peers := make(map[string][]string)
		add := func(name, peer string) {
			if peers[name] == nil {
				names = append(names, name)
			}
			peers[name] = append(peers[name], peer)
		}
		for i := range a.Figures {
			if f := &a.Figures[i]; b.Find(f.Group(), f.Peer) == nil {
				add(fmt.Sprintf("%s: %s [%s]", f.Step, named(f), f.Unit), f.Peer)
			}
		}
		for _, f := range a.Facts {
			if fact(b, f) == nil {
				add("check: "+f.Check, f.Peer)
			}
		}
		if len(names) == 0 {
			return
		}
		c.say("\nonly in the %s run", which)
		for _, n := range names {
			c.say("  %s: %s", n, strings.Join(peers[n], ", "))
		}
	}
	only("old", c.old, c.new)
	only("new", c.new, c.old)
}
