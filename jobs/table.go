package jobs

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"sekisho/spec"
)

// Table is a report as rows: for a person, or for a spreadsheet.
type Table struct {
	Title    string
	Columns  []Column
	Rows     [][]Cell
	Notes    []string // below the table, for a person
	OK       bool     // whether it adds up
	Holds    string   // what the check says then; "it adds up"
	Problems []string
}

// Column of a table.
type Column struct {
	Name  string
	Right bool // numbers
}

// Cell is text, a whole number, or an amount of minor units.
type Cell struct {
	Text     string
	Number   int64
	Currency string // of an amount
	IsText   bool
}

// row adds a row of strings, whole numbers and amounts.
func (t *Table) row(values ...any) {
	cells := make([]Cell, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case string:
			cells[i] = Cell{Text: v, IsText: true}
		case spec.Money: // of DE4 in whatever currency
			cells[i] = Cell{Number: int64(v)}
		case Amount:
			cells[i] = Cell{Number: int64(v.Amount), Currency: v.Currency}
		case int:
			cells[i] = Cell{Number: int64(v)}
		default:
			panic(fmt.Sprintf("a cell of %T", v)) // the caller is a few lines away
		}
	}
	t.Rows = append(t.Rows, cells)
}

func (t *Table) note(format string, args ...any) {
	t.Notes = append(t.Notes, fmt.Sprintf(format, args...))
}

// String of a cell is how a person reads it.
func (c Cell) String() string {
	if c.IsText {
		return c.Text
	}
	return MoneyText(spec.Money(c.Number), c.Currency)
}

// WriteText writes the table for a person, with a line at its end that says whether it adds up.
func (t *Table) WriteText(w io.Writer) error {
	widths := make([]int, len(t.Columns))
	for i, c := range t.Columns {
		widths[i] = utf8.RuneCountInString(c.Name)
		for _, r := range t.Rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(r[i].String()))
		}
	}
	var b strings.Builder
	line := func(text func(i int) string) {
		var l strings.Builder
		for i, c := range t.Columns {
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text(i)))
			if i > 0 {
				l.WriteString("  ")
			}
			if c.Right {
				l.WriteString(gap + text(i))
			} else {
				l.WriteString(text(i) + gap)
			}
		}
		b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
	}
	fmt.Fprintf(&b, "%s\n\n", t.Title)
	line(func(i int) string { return t.Columns[i].Name })
	for _, r := range t.Rows {
		line(func(i int) string { return r[i].String() })
	}
	b.WriteString("\n")
	for _, n := range t.Notes {
		b.WriteString(n + "\n")
	}
	if t.OK {
		b.WriteString("check: ok, " + cmp.Or(t.Holds, "it adds up") + "\n")
	} else {
		b.WriteString("check: FAILED\n")
	}
	for _, p := range t.Problems {
		b.WriteString("problem: " + p + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteCSV writes the rows and a last one that says whether they add up, in UTF-8, numbers bare and amounts in
// minor units. With bom
// it begins with the mark by which Excel knows UTF-8.
func (t *Table) WriteCSV(w io.Writer, bom bool) error {
	if bom {
		if _, err := io.WriteString(w, "\ufeff"); err != nil {
			return err
		}
	}
	out := csv.NewWriter(w)
	var errs []error
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	errs = append(errs, out.Write(names))
	for _, r := range t.Rows {
		fields := make([]string, len(r))
		for i, c := range r {
			if fields[i] = plain(c.Text); !c.IsText {
				fields[i] = strconv.FormatInt(c.Number, 10)
			}
		}
		errs = append(errs, out.Write(fields))
	}
	last := make([]string, len(t.Columns))
	last[0], last[1] = "check", map[bool]string{true: "ok", false: "failed"}[t.OK]
	errs = append(errs, out.Write(last))
	out.Flush()
	return errors.Join(append(errs, out.Error())...)
}

// plain is text that a spreadsheet takes for text, whoever wrote it: behind an apostrophe where it would take
// it for a formula.
func plain(text string) string {
	if text != "" && strings.ContainsRune("=+-@", rune(text[0])) {
		return "'" + text
	}
	return text
}

// Counted is so many of something: 1 entry, 412,300 entries.
func Counted[N int | int64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return spec.Grouped(int64(n)) + " " + many
}
