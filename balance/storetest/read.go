package storetest

import (
	"testing"

	"sekisho/balance"
)

func readPromises() []promise {
	return []promise{
		{"a log that does not exist loads as nothing", absentLog},
		{"a load begins with the newest snapshot", loadFromSnapshot},
		{"a scan visits up and down from any version", scanBothWays},
		{"a scan stops when it is told to", scanStops},
		{"every log is visited with its last version", logsVisited},
	}
}

func absentLog(t testing.TB, h Harness) {
	c := open(t, h)
	defer c.close()
	c.in(entry("w1", 1, 1))
	c.wantLog("w2")
	for _, d := range []balance.Direction{balance.Forward, balance.Backward} {
		if visited := c.scan("w2", 0, d, 10); len(visited) != 0 {
			t.Errorf("a scan of a log that does not exist visits %d entries", len(visited))
		}
	}
}

func loadFromSnapshot(t testing.TB, h Harness) {
	c := open(t, h)
	defer c.close()
	entries := history("w1", 9)
	for _, at := range []int{2, 5} { // entries 3 and 6 carry one
		entries[at].Snapshot = noise(uint64(at), 500)
	}
	for i, e := range entries {
		c.in(e)
		c.in(entry("w2", uint64(i+1), 4)) //nolint:gosec // small
		l := c.load("w1")
		newest := -1
		if i >= 5 {
			newest = 5
		} else if i >= 2 {
			newest = 2
		}
		switch {
		case newest < 0 && l.Snapshot != nil:
			t.Fatalf("after entry %d there is a snapshot, none was written", i+1)
		case newest >= 0 && l.Snapshot == nil:
			t.Fatalf("after entry %d there is no snapshot", i+1)
		case newest >= 0:
			c.wantSame(*l.Snapshot, entries[newest])
		}
		c.wantEntries("w1", l.Entries, entries[newest+1:i+1])
	}
}

func scanBothWays(t testing.TB, h Harness) {
	c := open(t, h)
	defer c.close()
	const n = 12
	entries := history("w1", n)
	entries[4].Snapshot = noise(1, 100)
	down := make([]balance.Sealed, n)
	for i, e := range entries {
		c.in(e, entry("w2", e.Version, 3))
		down[n-1-i] = e
	}
	for from := uint64(1); from <= n; from++ {
		c.wantEntries("w1", c.scan("w1", from, balance.Forward, 99), entries[from-1:])
		c.wantEntries("w1", c.scan("w1", from, balance.Backward, 99), down[n-from:])
	}
	c.wantEntries("w1", c.scan("w1", 0, balance.Forward, 99), entries)
	c.wantEntries("w1", c.scan("w1", 0, balance.Backward, 99), down)
	c.wantEntries("w1", c.scan("w1", n+1, balance.Forward, 99), nil)
	c.wantEntries("w1", c.scan("w1", n+5, balance.Backward, 99), down)
}

func scanStops(t testing.TB, h Harness) {
	c := open(t, h)
	defer c.close()
	entries := history("w1", 8)
	c.in(entries...)
	for stop := 1; stop <= 8; stop++ {
		c.wantEntries("w1", c.scan("w1", 1, balance.Forward, stop), entries[:stop])
		if got := c.scan("w1", 0, balance.Backward, stop); len(got) != stop || got[stop-1].Version != uint64(9-stop) { //nolint:gosec // small
			t.Errorf("a scan downwards that stops after %d visits %d", stop, len(got))
		}
	}
}

func logsVisited(t testing.TB, h Harness) {
	c := open(t, h)
	defer c.close()
	if logs := c.logs(10); len(logs) != 0 {
		t.Errorf("an empty store has %d logs", len(logs))
	}
	want := map[string]uint64{"w1": 5, "w2": 1, "fees:prepaid": 3}
	for log, last := range want {
		c.in(history(log, last)...)
	}
	got := c.logs(10)
	for log, last := range want {
		if got[log] != last {
			t.Errorf("Logs says %q ends at %d, want %d", log, got[log], last)
		}
	}
	if len(got) != len(want) {
		t.Errorf("Logs visits %d logs, want %d", len(got), len(want))
	}
	if stopped := c.logs(2); len(stopped) != 2 {
		t.Errorf("Logs told to stop after 2 visits %d", len(stopped))
	}
}
