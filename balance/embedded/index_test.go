package embedded

import (
	"fmt"
	"testing"
)

func TestManyLogsAndOneNameAreKeptApart(t *testing.T) {
	var n names
	h := heads{names: &n}
	const logs = 200_000 / slower
	name := func(i int) string { return fmt.Sprintf("w%d%.*s", i, i%100, zeroPage+zeroPage) }
	for round := range uint64(2) {
		for i := range logs {
			f := h.find(name(i))
			if f.version != round || f.is != (round > 0) {
				t.Fatalf("round %d: log %d is at version %d", round, i, f.version)
			}
			h.set(name(i), &f, position(i)+1, round+1)
		}
	}
	if h.rows.length != logs {
		t.Errorf("%d logs, want %d", h.rows.length, logs)
	}
	for i := range logs {
		if f := h.find(name(i)); f.last != position(i)+1 || f.version != 2 || n.get(f.name) != name(i) {
			t.Fatalf("log %d: %+v", i, f)
		}
	}
	if f := h.find("w"); f.is {
		t.Error("a log is found that was never set")
	}
}

func TestRowsWithOneHashAreKeptApart(t *testing.T) {
	var x index
	for row := range uint32(1000) {
		x.add(uint64(row%3)<<56|7, row)
	}
	for row := range uint32(1000) {
		got, found := x.find(uint64(row%3)<<56|7, func(r uint32) bool { return r == row })
		if !found || got != row {
			t.Fatalf("row %d: found %v, %d", row, found, got)
		}
	}
	if _, found := x.find(7, func(uint32) bool { return false }); found {
		t.Error("a row is found that nothing confirms")
	}
}
