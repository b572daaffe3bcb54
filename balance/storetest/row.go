package storetest

import (
	"testing"

	"sekisho/balance"
)

func rowPromises() []promise {
	return []promise{
		{"a card is found once its row is answered", rowFound},
		{"a row goes in with its entry or not at all", rowAllOrNothing},
		{"a row that exists conflicts and nothing is written", rowExists},
	}
}

// wantRow expects a card to be found, and Peek not to say anything else.
func (c caller) wantRow(want balance.Row) {
	c.Helper()
	if got, found := c.card(want.Hash); !found || got != want {
		c.Errorf("card %v: found %v, of log %q, want log %q", want.Hash, found, got.Log, want.Log)
	}
	if got, found := c.store.Peek(want.Hash); found && got != want {
		c.Errorf("peek at card %v: log %q, want %q", want.Hash, got.Log, want.Log)
	}
}

func (c caller) wantNoRow(r balance.Row) {
	c.Helper()
	if _, found := c.card(r.Hash); found {
		c.Errorf("card %v is found, its row never went in", r.Hash)
	}
	if _, found := c.store.Peek(r.Hash); found {
		c.Errorf("peek finds card %v, its row never went in", r.Hash)
	}
}

func rowFound(t testing.TB, h Harness) {
	c := open(t, h)
	defer c.close()
	rows := []balance.Row{row(1, "w1", balance.RowNumber), row(2, "w1", balance.RowToken), row(3, "w-other", balance.RowOldNumber)}
	c.wantNoRow(rows[0])
	c.want(c.appendAll(balance.Append{Entries: history("w1", 1), Rows: rows})[0], balance.In)
	for _, r := range rows {
		c.wantRow(r)
	}
	c.wantNoRow(row(4, "w1", balance.RowNumber))
	if logs := c.logs(10); len(logs) != 1 || logs["w1"] != 1 {
		t.Errorf("Logs visits %v, want w1 at 1: a row makes no log", logs)
	}
}

func rowAllOrNothing(t testing.TB, h Harness) {
	c := open(t, h)
	defer c.close()
	c.in(entry("w1", 1, 1))
	r := row(1, "w1", balance.RowNumber)
	c.wantConflict(c.appendAll(balance.Append{Entries: []balance.Sealed{entry("w1", 1, 9)}, Rows: []balance.Row{r}})[0], entry("w1", 1, 1))
	c.wantNoRow(r)
	c.want(c.appendAll(balance.Append{Entries: []balance.Sealed{entry("w1", 3, 9)}, Rows: []balance.Row{r}})[0], balance.Out)
	c.wantNoRow(r)
	c.want(c.appendAll(balance.Append{Entries: []balance.Sealed{entry("w1", 2, 9)}, Rows: []balance.Row{r}})[0], balance.In)
	c.wantRow(r)
	c.wantLog("w1", entry("w1", 1, 1), entry("w1", 2, 9))
}

func rowExists(t testing.TB, h Harness) {
	c := open(t, h)
	defer c.close()
	first := row(1, "w1", balance.RowNumber)
	c.want(c.appendAll(balance.Append{Entries: []balance.Sealed{entry("w1", 1, 1)}, Rows: []balance.Row{first}})[0], balance.In)
	second := first
	second.Log, second.Card = "w2", row(2, "w2", balance.RowNumber).Card
	other := row(3, "w2", balance.RowNumber)
	r := c.appendAll(balance.Append{Entries: []balance.Sealed{entry("w2", 1, 1)}, Rows: []balance.Row{other, second}})[0]
	c.want(r, balance.Conflict)
	if r.Theirs != nil {
		t.Errorf("the conflict hands back %s, no entry was in the way", entryText(*r.Theirs))
	}
	c.wantLog("w2")
	c.wantNoRow(other)
	c.wantRow(first)
}
