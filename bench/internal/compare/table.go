package compare

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// A table is text in columns; a cell like that above it in the first column is
// left empty. Numbers, in the columns after the second, are set to the right
// unless left is set.
type table struct {
	head []string
	rows [][]string
	left bool
}

func (t *table) write(out *bytes.Buffer) {
	rows := t.rows
	if t.head != nil {
		rows = append([][]string{t.head}, rows...)
	}
	var widths []int
	for _, row := range rows {
		for i, s := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(s))
		}
	}
	above := ""
	for _, row := range rows {
		line := " "
		for i, s := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(s))
			switch {
			case widths[i] == 0:
				continue
			case i == 0 && s == above:
				s, pad = "", strings.Repeat(" ", widths[0])
			case i == 0:
				above = s
			}
			if !t.left && t.head != nil && i < len(t.head) && t.head[i] != "" {
				line += "  " + pad + s
			} else {
				line += "  " + s + pad
			}
		}
		out.WriteString(strings.TrimRight(line[1:], " ") + "\n")
	}
}
