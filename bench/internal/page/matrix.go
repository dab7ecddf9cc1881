package page

import (
	"fmt"
	"slices"

	"github.com/spindleweb/spindle/bench/internal/result"
)

// A matrix is a table with a column for each peer.
type matrix struct {
	Corner  string
	Columns []column
	Rows    []matrixRow
}

type column struct {
	Name string
	Ours bool
}

type matrixRow struct {
	Name  string
	Cells []cell
}

// A cell with neither class nor text is empty: nothing was measured.
type cell struct {
	Text, Hint, Class string
}

// smallFigures is the table of families that have no plot, and nil if there are
// none.
func smallFigures(r *result.Run, all []*family) *matrix {
	if len(all) == 0 {
		return nil
	}
	t := &matrix{Corner: "medians"}
	for _, m := range all {
		for _, p := range m.peers {
			t.add(p)
		}
	}
	for _, m := range all {
		for _, size := range m.sizes {
			row := matrixRow{Name: m.Name, Cells: make([]cell, len(t.Columns))}
			if size != 0 {
				row.Name += sized(size, m.Of)
			}
			row.Name += " · " + m.Unit
			top := best(m, size, func(p string) bool { return !isBare(p) })
			for i, col := range t.Columns {
				f := m.at(col.Name, size)
				if f == nil || len(f.Samples) == 0 {
					continue
				}
				lo, hi := bounds(f)
				row.Cells[i] = cell{Text: result.Number(f.Median()), Hint: fmt.Sprintf("%s … %s, n = %d", result.Number(lo), result.Number(hi), len(f.Samples))}
				if v, ok := r.Ratio(f); ok {
					row.Cells[i].Hint += ", " + times(v) + " " + f.Base
				}
				if top != nil && f.Median() == top.Median() && !isBare(col.Name) {
					row.Cells[i].Class = "best"
				}
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

// facts are the tables of checks. A check in which none takes part of those in
// the table so far, but ourselves, begins another.
func facts(r *result.Run) (all []*matrix) {
	var checks []string
	for _, f := range r.Facts {
		if !slices.Contains(checks, f.Check) {
			checks = append(checks, f.Check)
		}
	}
	var tables [][]result.Fact
	for _, check := range checks {
		var of []result.Fact
		apart := false // from the table so far
		for _, f := range r.Facts {
			if f.Check == check {
				of = append(of, f)
				apart = apart || !isOurs(f.Peer)
			}
		}
		n := len(tables) - 1
		if n >= 0 {
			for _, f := range of {
				apart = apart && (isOurs(f.Peer) || !slices.ContainsFunc(tables[n], func(g result.Fact) bool { return g.Peer == f.Peer }))
			}
		}
		if n < 0 || apart {
			tables = append(tables, of)
		} else {
			tables[n] = append(tables[n], of...)
		}
	}
	for _, of := range tables {
		all = append(all, verdicts(of))
	}
	return all
}

// verdicts is the table of some facts.
func verdicts(facts []result.Fact) *matrix {
	t := &matrix{Corner: "check"}
	for _, f := range facts {
		t.add(f.Peer)
	}
	rows := make(map[string]int)
	for _, f := range facts {
		at, ok := rows[f.Check]
		if !ok {
			at = len(t.Rows)
			rows[f.Check] = at
			t.Rows = append(t.Rows, matrixRow{Name: f.Check, Cells: make([]cell, len(t.Columns))})
		}
		class, mark := "none", "–"
		switch f.Verdict {
		case result.Good:
			class, mark = "good", "✓"
		case result.Bad:
			class, mark = "bad", "✗"
		}
		i := slices.IndexFunc(t.Columns, func(c column) bool { return c.Name == f.Peer })
		t.Rows[at].Cells[i] = cell{Text: mark + " " + f.Says, Class: class}
	}
	return t
}

// add adds a column for a peer, ours before the others.
func (t *matrix) add(peer string) {
	if slices.ContainsFunc(t.Columns, func(c column) bool { return c.Name == peer }) {
		return
	}
	at := len(t.Columns)
	if isOurs(peer) {
		if i := slices.IndexFunc(t.Columns, func(c column) bool { return !c.Ours }); i >= 0 {
			at = i
		}
	}
	t.Columns = slices.Insert(t.Columns, at, column{peer, isOurs(peer)})
}
