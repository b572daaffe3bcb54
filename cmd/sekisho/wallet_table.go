package main

import (
	"io"
	"strings"
	"unicode/utf8"
)

// textTable is a table for a person. Amounts stand to the right.
type textTable struct {
	right []bool
	rows  [][]string
}

// columns begins a table; > before a name puts what is below it to the right.
func columns(names ...string) *textTable {
	t := &textTable{right: make([]bool, len(names))}
	for i, name := range names {
		names[i], t.right[i] = strings.CutPrefix(name, ">")
	}
	t.row(names...)
	return t
}

func (t *textTable) row(cells ...string) { t.rows = append(t.rows, cells) }

// write leaves out columns that nothing stands in.
func (t *textTable) write(w io.Writer) error {
	widths := make([]int, len(t.right))
	used := make([]bool, len(t.right))
	for at, row := range t.rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
			used[i] = used[i] || (at > 0 && cell != "")
		}
	}
	var b strings.Builder
	for _, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			if !used[i] && len(t.rows) > 1 {
				continue
			}
			if line.Len() > 0 {
				line.WriteString("  ")
			}
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if t.right[i] {
				line.WriteString(space + cell)
			} else {
				line.WriteString(cell + space)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
