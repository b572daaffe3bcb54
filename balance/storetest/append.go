package storetest

import (
	"errors"
	"strings"
	"testing"

	"sekisho/balance"
)

func appendPromises() []promise {
	return []promise{
		{"an entry that follows the last one is in", entryThatFollows},
		{"an entry whose version is taken conflicts and is handed the one in the way", versionTaken},
		{"an entry that would leave a gap is out", gapRefused},
		{"an entry sent again with its attempt is in once", sentAgain},
		{"an append of a wrong shape is out and says why", wrongShape},
		{"one refused element leaves the others of its batch alone", independent},
		{"everything about an entry is kept", everythingKept},
		{"a body of 64 KiB and a snapshot of 2 MiB are kept", bigEntries},
	}
}

func entryThatFollows(t testing.TB, h Harness) {
	c := open(t, h)
	defer c.close()
	entries := history("w1", 20)
	c.in(entries...)
	c.wantLog("w1", entries...)
}

func versionTaken(t testing.TB, h Harness) {
	c := open(t, h)
	defer c.close()
	entries := history("w1", 3)
	c.in(entries...)
	for _, theirs := range entries {
		ours := entry("w1", theirs.Version, 5)
		c.wantConflict(c.append(ours), theirs)
	}
	c.wantLog("w1", entries...)
}

func gapRefused(t testing.TB, h Harness) {
	c := open(t, h)
	defer c.close()
	entries := history("w1", 2)
	c.in(entries[0])
	for _, e := range []balance.Sealed{entry("w1", 3, 1), entry("w1", 9, 1), entry("w2", 2, 1)} {
		r := c.append(e)
		c.want(r, balance.Out)
		if !errors.Is(r.Err, balance.ErrGap) {
			t.Errorf("the error of a gap is %v, want ErrGap", r.Err)
		}
	}
	c.wantLog("w1", entries[0])
	c.wantLog("w2")
	c.in(entries[1])
	c.wantLog("w1", entries...)
}

func sentAgain(t testing.TB, h Harness) {
	c := open(t, h)
	defer c.close()
	entries := history("w1", 3)
	c.in(entries...)
	c.in(entries[2], entries[0])
	c.wantLog("w1", entries...)

	pair := balance.Append{Entries: []balance.Sealed{entry("w2", 1, 8), entry("w3", 1, 8)}, Rows: []balance.Row{row(1, "w2", balance.RowNumber)}}
	for range 2 {
		c.want(c.appendAll(pair)[0], balance.In)
	}
	c.wantLog("w2", pair.Entries[0])
	c.wantLog("w3", pair.Entries[1])
}

func wrongShape(t testing.TB, h Harness) {
	c := open(t, h)
	defer c.close()
	twice := row(1, "w1", balance.RowNumber)
	long := strings.Repeat("x", balance.LogNameMax+1)
	for what, a := range map[string]balance.Append{
		"rows alone":           {Rows: []balance.Row{twice}},
		"three entries":        {Entries: []balance.Sealed{entry("w1", 1, 1), entry("w2", 1, 1), entry("w3", 1, 1)}},
		"one log twice":        {Entries: []balance.Sealed{entry("w1", 1, 1), entry("w1", 2, 1)}},
		"a log without a name": {Entries: []balance.Sealed{entry("", 1, 1)}},
		"too long a name":      {Entries: []balance.Sealed{entry(long, 1, 1)}},
		"version 0":            {Entries: []balance.Sealed{entry("w1", 0, 1)}},
		"a number twice":       {Entries: []balance.Sealed{entry("w1", 1, 1)}, Rows: []balance.Row{twice, twice}},
		"a row without a log":  {Entries: []balance.Sealed{entry("w1", 1, 1)}, Rows: []balance.Row{row(2, "", balance.RowNumber)}},
	} {
		r := c.appendAll(a)[0]
		if r.Outcome != balance.Out || !errors.Is(r.Err, balance.ErrShape) {
			t.Errorf("%s: %s (%v), want Out with ErrShape", what, outcomeName(r.Outcome), r.Err)
		}
	}
	if logs := c.logs(10); len(logs) != 0 {
		t.Errorf("what was refused left %d logs behind", len(logs))
	}
	c.in(entry(long[1:], 1, 1))
}

func independent(t testing.TB, h Harness) {
	c := open(t, h)
	defer c.close()
	c.in(entry("w1", 1, 1))
	one := func(e balance.Sealed) balance.Append { return balance.Append{Entries: []balance.Sealed{e}} }
	results := c.appendAll(
		one(entry("w2", 1, 2)),
		one(entry("w1", 1, 2)), // taken
		one(entry("w3", 1, 2)),
		one(entry("w4", 2, 2)), // a gap
		balance.Append{Rows: []balance.Row{row(1, "w1", balance.RowNumber)}}, // of a wrong shape
		one(entry("w1", 2, 2)),
	)
	for i, want := range []balance.Outcome{balance.In, balance.Conflict, balance.In, balance.Out, balance.Out, balance.In} {
		if results[i].Outcome != want {
			t.Errorf("element %d is %s (%v), want %s", i, outcomeName(results[i].Outcome), results[i].Err, outcomeName(want))
		}
	}
	c.wantLog("w1", entry("w1", 1, 1), entry("w1", 2, 2))
	c.wantLog("w2", entry("w2", 1, 2))
	c.wantLog("w3", entry("w3", 1, 2))
	c.wantLog("w4")
}

func everythingKept(t testing.TB, h Harness) {
	c := open(t, h)
	defer c.close()
	entries := []balance.Sealed{
		{Log: "file:2026-01-02/0001 \x00\xff", Version: 1, Attempt: 1<<64 - 1, At: -1, Body: noise(1, 300)},
		{Log: "file:2026-01-02/0001 \x00\xff", Version: 2, Attempt: 0, At: 1<<62 + 5, Body: nil},
		{Log: "file:2026-01-02/0001 \x00\xff", Version: 3, Attempt: 1 << 63, At: 1<<62 + 5, Body: noise(2, 1)},
	}
	c.in(entries...)
	c.wantLog(entries[0].Log, entries...)
}

func bigEntries(t testing.TB, h Harness) {
	c := open(t, h)
	defer c.close()
	entries := history("w1", 5)
	entries[1].Body = noise(1, 64<<10)
	entries[2].Body, entries[2].Snapshot = noise(2, 64<<10), noise(3, 2<<20)
	c.in(entries...)
	l := c.load("w1")
	if l.Snapshot == nil {
		t.Fatal("the snapshot is not there")
	}
	c.wantSame(*l.Snapshot, entries[2])
	c.wantEntries("w1", l.Entries, entries[3:])
	c.wantEntries("w1", c.scan("w1", 1, balance.Forward, 10), entries)
}
