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

// facts is the table of checks, and nil if there are none.
func facts(r *result.Run) *matrix {
	if len(r.Facts) == 0 {
		return nil
	}
	t := &matrix{Corner: "check"}
	var checks []string
	for _, f := range r.Facts {
		t.add(f.Peer)
		if !slices.Contains(checks, f.Check) {
			checks = append(checks, f.Check)
		}
	}
	for _, check := range checks {
		row := matrixRow{Name: check, Cells: make([]cell, len(t.Columns))}
		for _, f := range r.Facts {
			if f.Check != check {
				continue
			}
			one := cell{Text: f.Says, Class: "none"}
			mark := "–"
			switch f.Verdict {
			case result.Good:
				one.Class, mark = "good", "✓"
			case result.Bad:
				one.Class, mark = "bad", "✗"
			}
			one.Text = mark + " " + one.Text
			row.Cells[slices.IndexFunc(t.Columns, func(c column) bool { return c.Name == f.Peer })] = one
		}
		t.Rows = append(t.Rows, row)
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
