package storetest

import (
	"fmt"
	"testing"

	"sekisho/balance"
)

func durablePromises() []promise {
	return []promise{
		{"what was answered is there when the store is opened again", afterReopen},
		{"what was answered is there after a crash", afterCrash},
	}
}

func afterReopen(t testing.TB, h Harness) {
	if h.Reopens {
		outlive(t, h, func(c caller) { c.close() })
	}
}

func afterCrash(t testing.TB, h Harness) {
	if h.Crash != nil {
		outlive(t, h, func(caller) { h.Crash(t) })
	}
}

// outlive writes in several rounds, ends the store after each, and looks for everything.
func outlive(t testing.TB, h Harness, end func(caller)) {
	const rounds, logs = 4, 5
	var rows []balance.Row
	for round := range uint64(rounds) {
		c := open(t, h)
		for i := range logs {
			log := fmt.Sprintf("w%d", i)
			a := balance.Append{Entries: []balance.Sealed{entry(log, round+1, balance.Attempt(i))}} //nolint:gosec // small
			if round == 2 {
				a.Entries[0].Snapshot = noise(uint64(i), 100)                                                         //nolint:gosec // small
				a.Entries = append(a.Entries, entry("twin of "+log, 1, 1))                                            // two logs
				a.Rows = []balance.Row{row(byte(i), log, balance.RowNumber), row(byte(100+i), log, balance.RowToken)} //nolint:gosec // small
				rows = append(rows, a.Rows...)
			}
			c.want(c.appendAll(a)[0], balance.In)
		}
		end(c)
	}
	c := open(t, h)
	defer c.close()
	for i := range logs {
		log := fmt.Sprintf("w%d", i)
		visited := c.scan(log, 1, balance.Forward, 99)
		if len(visited) != rounds {
			t.Fatalf("log %q has %d entries, %d were answered", log, len(visited), rounds)
		}
		for v, e := range visited {
			want := entry(log, uint64(v+1), balance.Attempt(i)) //nolint:gosec // small
			if v == 2 {
				want.Snapshot = noise(uint64(i), 100) //nolint:gosec // small
			}
			c.wantSame(e, want)
		}
		c.wantLog("twin of "+log, entry("twin of "+log, 1, 1))
		c.wantConflict(c.append(entry(log, rounds, 99)), visited[rounds-1])
		c.in(entry(log, rounds+1, 1))
	}
	for _, r := range rows {
		c.wantRow(r)
	}
}
