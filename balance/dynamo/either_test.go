package dynamo_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sekisho/balance"
	"sekisho/balance/dynamo"
)

func sentAgain(t *testing.T, endpoint string) {
	d := node(t, endpoint)
	single, pair := alone(entry("a", 1, 7)), balance.Append{
		Entries: []balance.Sealed{entry("b", 1, 8), entry("c", 1, 8)}, Rows: []balance.Row{row(1, "b")},
	}
	for range 3 {
		d.want(d.append(single), balance.In)
		d.want(d.append(pair), balance.In)
	}
	other := node(t, endpoint)
	other.want(other.append(single), balance.In)
	other.want(other.append(pair), balance.In)
	if n := len(d.load("b").Entries); n != 1 {
		t.Errorf("the log has %d entries, want 1", n)
	}
}

func takenByAnother(t *testing.T, endpoint string) {
	ours, theirs := node(t, endpoint), node(t, endpoint)
	theirs.in(entry("a", 1, 1), entry("a", 2, 1))
	for v := uint64(1); v <= 2; v++ {
		r := ours.append(alone(entry("a", v, 2)))
		ours.want(r, balance.Conflict)
		if r.Theirs == nil || r.Theirs.Version != v || r.Theirs.Attempt != 1 || !bytes.Equal(r.Theirs.Body, entry("a", v, 1).Body) {
			t.Errorf("the conflict at version %d hands back something else than the entry that is there", v)
		}
	}
	if n := ours.Stats().Conflicts.Load(); n != 2 {
		t.Errorf("%d conflicts are counted, want 2", n)
	}
	ours.in(entry("a", 3, 2))
}

func cancelled(t *testing.T, endpoint string) {
	d := node(t, endpoint)
	d.in(entry("a", 1, 1), entry("b", 1, 1))
	d.want(d.append(balance.Append{Entries: []balance.Sealed{entry("c", 1, 1)}, Rows: []balance.Row{row(1, "c")}}), balance.In)
	pair := func(one, two balance.Sealed, rows ...balance.Row) balance.Append {
		return balance.Append{Entries: []balance.Sealed{one, two}, Rows: rows}
	}
	for _, c := range []struct {
		what   string
		append balance.Append
		want   balance.Outcome
		theirs string // log of the entry handed back
	}{
		{"the first is taken", pair(entry("a", 1, 2), entry("b", 2, 2)), balance.Conflict, "a"},
		{"the second is taken", pair(entry("a", 2, 2), entry("b", 1, 2)), balance.Conflict, "b"},
		{"a row is there", pair(entry("a", 2, 2), entry("b", 2, 2), row(2, "a"), row(1, "a")), balance.Conflict, ""},
		{"an entry is taken and a row is there", pair(entry("a", 1, 2), entry("b", 2, 2), row(1, "a")), balance.Conflict, "a"},
		{"nothing is in the way", pair(entry("a", 2, 3), entry("b", 2, 3), row(3, "a")), balance.In, ""},
		{"it is there already", pair(entry("a", 2, 3), entry("b", 2, 3), row(3, "a")), balance.In, ""},
	} {
		r := d.append(c.append)
		if r.Outcome != c.want {
			t.Errorf("%s: %s (%v), want %s", c.what, outcomeName(r.Outcome), r.Err, outcomeName(c.want))
		}
		if (r.Theirs == nil) != (c.theirs == "") || r.Theirs != nil && r.Theirs.Log != c.theirs {
			t.Errorf("%s: handed back %v, want the entry of log %q", c.what, r.Theirs, c.theirs)
		}
	}
	if _, found, err := d.card(row(2, "a").Hash); found || err != nil {
		t.Errorf("the row of a transaction that was cancelled is found (%v)", err)
	}
}

func faulty(t *testing.T, endpoint string) {
	d := node(t, endpoint)
	large := entry("a", 1, 1)
	large.Body = make([]byte, 390<<10)
	r := d.append(alone(large))
	d.want(r, balance.Out)
	if !errors.Is(r.Err, dynamo.ErrTooLarge) {
		t.Errorf("the error is %v, want ErrTooLarge", r.Err)
	}
	two := balance.Append{Entries: []balance.Sealed{entry("a", 1, 1), entry("b", 1, 1)}}
	for i := range two.Entries {
		two.Entries[i].Body = make([]byte, 370<<10)
	}
	d.want(d.append(two), balance.In)
	if l := d.load("a"); len(l.Entries) != 1 || len(l.Entries[0].Body) != 370<<10 {
		t.Error("a large entry does not come back")
	}
}

func longLog(t *testing.T, endpoint string) {
	d := node(t, endpoint)
	const n = 90
	for v := uint64(1); v <= n; v++ {
		e := entry("a", v, 1)
		e.Body = append(e.Body, make([]byte, 30<<10)...) // a page holds 34
		d.in(e)
	}
	cold := node(t, endpoint)
	l := cold.load("a")
	if len(l.Entries) != n || l.Entries[0].Version != 1 || l.Entries[n-1].Version != n {
		t.Fatalf("a load has %d entries, want 1 to %d in order", len(l.Entries), n)
	}
	up, err := cold.scan("a")
	if err != nil || len(up) != n || up[n-1].Version != n {
		t.Fatalf("a scan has %d entries (%v), want %d", len(up), err, n)
	}
	least := uint64(n * 30 / 4) // 4 KB a unit
	if read := cold.Stats().ReadUnits.Load(); read < 2*least || read > 3*least {
		t.Errorf("reading it twice took %d units, want a little over %d", read, 2*least)
	}
}

// What a cold wallet costs: the entries since its last snapshot, not its whole log.
func coldLoad(t *testing.T, endpoint string) {
	d := node(t, endpoint)
	for v := uint64(1); v <= 200; v++ {
		e := entry("a", v, 1)
		e.Body = append(e.Body, make([]byte, 900)...)
		if v == 190 {
			e.Snapshot = make([]byte, 20<<10)
		}
		d.in(e)
	}
	cold := node(t, endpoint)
	if l := cold.load("a"); l.Snapshot == nil || l.Snapshot.Version != 190 || len(l.Entries) != 10 {
		t.Fatalf("a load has %d entries behind its snapshot, want 10", len(l.Entries))
	}
	if n := cold.Stats().ReadUnits.Load(); n > 15 {
		t.Errorf("a load from a snapshot 10 entries back takes %d units, want at most 15", n)
	}
	for v := uint64(1); v <= 32; v++ {
		d.in(entry("b", v, 1))
	}
	before := cold.Stats().Calls.Load()
	if l := cold.load("b"); len(l.Entries) != 32 {
		t.Errorf("a load has %d entries, want 32", len(l.Entries))
	}
	if n := cold.Stats().Calls.Load() - before; n != 1 {
		t.Errorf("a log that fits into the first page takes %d calls, want 1", n)
	}
}

func listedOverPages(t *testing.T, endpoint string) {
	d := node(t, endpoint)
	want := map[string]uint64{}
	for i := range byte(30) {
		log := fmt.Sprintf("log %d %%\xfe", i)
		last := uint64(1 + i%5)
		for v := uint64(1); v <= last; v++ {
			a := alone(entry(log, v, 1))
			a.Entries[0].Body = append(a.Entries[0].Body, make([]byte, 30<<10)...)
			if v == 1 {
				a.Rows = []balance.Row{row(i, log)}
			}
			if i == 3 && v == 3 {
				a.Entries[0].Snapshot = make([]byte, 600<<10)
			}
			d.want(d.append(a), balance.In)
		}
		want[log] = last
	}
	got := map[string]uint64{}
	answers := make(chan error, 1)
	d.Logs(func(log string, last uint64) bool {
		if _, twice := got[log]; twice {
			t.Errorf("log %q is visited twice", log)
		}
		got[log] = last
		return true
	}, func(err error) { answers <- err })
	if err := await(t, "logs", answers); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Errorf("%d logs are visited, want %d", len(got), len(want))
	}
	for log, last := range want {
		if got[log] != last {
			t.Errorf("log %q ends at %d, want %d", log, got[log], last)
		}
	}
}

func snapshotSizes(t *testing.T, endpoint string) {
	d := node(t, endpoint)
	cold := node(t, endpoint)
	for i, size := range []int{1, 256<<10 - 200, 256 << 10, 256<<10 + 1, 512 << 10, 512<<10 + 1, 1_300_000} {
		log := fmt.Sprintf("log-%d", i)
		first, e, last := entry(log, 1, 1), entry(log, 2, balance.Attempt(i)), entry(log, 3, 1)
		e.Snapshot = bytes.Repeat([]byte{byte(i + 1), 7, 8}, size)[:size]
		e.Snapshot[size-1] = 99
		d.in(first, e, last)
		l := cold.load(log)
		if l.Snapshot == nil || !bytes.Equal(l.Snapshot.Snapshot, e.Snapshot) || !bytes.Equal(l.Snapshot.Body, e.Body) {
			t.Errorf("a snapshot of %d bytes does not come back", size)
		}
		if len(l.Entries) != 1 || l.Entries[0].Version != 3 {
			t.Errorf("behind a snapshot of %d bytes there are %d entries, want one", size, len(l.Entries))
		}
		r := cold.append(alone(entry(log, 2, 77)))
		cold.want(r, balance.Conflict)
		if r.Theirs == nil || !bytes.Equal(r.Theirs.Snapshot, e.Snapshot) {
			t.Errorf("an entry in the way with a snapshot of %d bytes is not handed back whole", size)
		}
	}
}

func units(t *testing.T, endpoint string) {
	d := node(t, endpoint)
	wrote := func(a balance.Append) uint64 {
		before := d.Stats().WriteUnits.Load()
		d.want(d.append(a), balance.In)
		return d.Stats().WriteUnits.Load() - before
	}
	e := entry(strings.Repeat("w", 64), 1, 1<<64-1)
	e.Body = make([]byte, 850) // an authorization has about 350
	if n := wrote(alone(e)); n != 1 {
		t.Errorf("an entry with a body of %d bytes takes %d units, want 1", len(e.Body), n)
	}
	wrote(balance.Append{Entries: []balance.Sealed{entry("b", 1, 1), entry("c", 1, 1)}, Rows: []balance.Row{row(1, "b")}})
	wrote(balance.Append{Entries: []balance.Sealed{entry("b", 2, 1), entry("c", 2, 1)}})
	if n := d.Stats().ReadUnits.Load(); n != 0 {
		t.Errorf("appends to logs whose last entry is known read %d units, want none", n)
	}
	cold := node(t, endpoint)
	cold.want(cold.append(alone(entry("b", 2, 9))), balance.Conflict)
	cold.in(entry("b", 3, 1))
	if n := cold.Stats().ReadUnits.Load(); n != 1 {
		t.Errorf("an append to a log that was never read takes %d read units, want 1", n)
	}
}

func madeAndOpened(t *testing.T, endpoint string) {
	_, err := dynamo.Open(t.Context(), dynamo.Options{Table: tableOf(t), Endpoint: endpoint})
	if !errors.Is(err, dynamo.ErrNoTable) || errors.Is(err, dynamo.ErrUnreachable) {
		t.Errorf("open without a table: %v, want ErrNoTable", err)
	}
	node(t, endpoint).in(entry("a", 1, 1))
	d := node(t, endpoint, func(o *dynamo.Options) { o.Create = false })
	if n := len(d.load("a").Entries); n != 1 {
		t.Errorf("the log has %d entries, want 1", n)
	}
	o := small(endpoint, tableOf(t))
	o.CheckValue = [8]byte{9}
	_, err = dynamo.Open(t.Context(), o)
	var key *dynamo.CardKeyError
	if !errors.Is(err, dynamo.ErrCardKey) || !errors.As(err, &key) || key.Store != testKey || key.Got != o.CheckValue {
		t.Errorf("open with another card key: %v, want a CardKeyError with both check values", err)
	}
	for _, value := range []string{"0102030405060708", "0900000000000000"} {
		if !strings.Contains(err.Error(), value) {
			t.Errorf("the error %q does not name %s", err, value)
		}
	}
}

func anotherShape(t *testing.T, endpoint string) {
	makeOther(t, endpoint, tableOf(t))
	_, err := dynamo.Open(t.Context(), small(endpoint, tableOf(t)))
	if !errors.Is(err, dynamo.ErrShape) || !strings.Contains(err.Error(), "id HASH S") {
		t.Errorf("open: %v, want ErrShape and the keys that are there", err)
	}
	differences, err := dynamo.Compare(t.Context(), small(endpoint, tableOf(t)))
	if err != nil || !slices.ContainsFunc(differences, func(d string) bool { return strings.Contains(d, "id HASH S") }) {
		t.Errorf("compare: %v (%v), want the keys among the differences", differences, err)
	}
}

func withoutTable(t *testing.T, endpoint string) {
	d := node(t, endpoint)
	d.in(entry("a", 1, 1))
	dropTable(t, endpoint, tableOf(t))
	for what, a := range map[string]balance.Append{
		"one entry":   alone(entry("a", 2, 1)),
		"two entries": {Entries: []balance.Sealed{entry("a", 2, 1), entry("b", 1, 1)}},
	} {
		r := d.append(a)
		if r.Outcome != balance.Out || !strings.Contains(r.Err.Error(), "the table is not there") {
			t.Errorf("%s: %s (%v), want Out, and that the table is not there", what, outcomeName(r.Outcome), r.Err)
		}
	}
	if _, err := d.tryLoad("a"); err == nil || !strings.Contains(err.Error(), "the table is not there") {
		t.Errorf("load: %v, want that the table is not there", err)
	}
}
