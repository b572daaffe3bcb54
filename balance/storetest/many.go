package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"sekisho/balance"
)

func manyPromises() []promise {
	return []promise{
		{"an ordered store takes a log's next entries before the first is answered, and answers in their order", pipelined},
		{"an ordered store's load sees what was appended before it", loadAfterAppend},
		{"an ordered store answers a barrier after everything that was appended before it", barrier},
		{"of all who append the same version exactly one is in", oneIn},
		{"each element is answered once, and all before Close returns", answeredOnce},
	}
}

// pipelined appends a whole history without waiting, some of it in one batch.
func pipelined(t testing.TB, h Harness) {
	c := open(t, h)
	defer c.close()
	if !c.store.Ordered() {
		return
	}
	const n = 300
	entries := history("w1", n)
	answers := make(chan answer, 2*n)
	for first := 0; first < n; {
		var batch []balance.Append
		for k := first; k < min(n, first+1+first%7); k++ {
			batch = append(batch, balance.Append{Entries: entries[k : k+1]})
		}
		start := first
		c.store.Append(batch, func(i int, r balance.Result) { answers <- answer{start + i, r} })
		first += len(batch)
	}
	for k := range n {
		a := await(t, "append", answers)
		if a.i != k {
			t.Fatalf("answer %d is for entry %d", k+1, a.i+1)
		}
		c.want(a.Result, balance.In)
	}
	c.wantLog("w1", entries...)
}

// barrier puts appends of nothing between the entries of a log, in one batch and in batches of
// their own.
func barrier(t testing.TB, h Harness) {
	c := open(t, h)
	defer c.close()
	if !c.store.Ordered() {
		return
	}
	const n = 40
	entries := history("w1", n)
	answers := make(chan answer, 6*n) // a broken store answers twice
	for k := range n {
		batch := []balance.Append{{Entries: entries[k : k+1]}, {}}
		c.store.Append(batch, func(i int, r balance.Result) { answers <- answer{3*k + i, r} })
		c.store.Append([]balance.Append{{}}, func(_ int, r balance.Result) { answers <- answer{3*k + 2, r} })
	}
	for k := range 3 * n {
		a := await(t, "append", answers)
		if a.i != k {
			t.Fatalf("answer %d is for append %d", k+1, a.i+1)
		}
		c.want(a.Result, balance.In)
	}
	c.wantLog("w1", entries...)
}

func loadAfterAppend(t testing.TB, h Harness) {
	c := open(t, h)
	defer c.close()
	if !c.store.Ordered() {
		return
	}
	for v := uint64(1); v <= 50; v++ {
		r := row(byte(v), "w1", balance.RowNumber)
		answers := make(chan balance.Result, 1)
		c.store.Append([]balance.Append{{Entries: []balance.Sealed{entry("w1", v, 1)}, Rows: []balance.Row{r}}},
			func(_ int, r balance.Result) { answers <- r })
		if got := uint64(len(c.load("w1").Entries)); got != v {
			t.Fatalf("a load after entry %d was appended has %d", v, got)
		}
		c.want(await(t, "append", answers), balance.In)
		c.wantRow(r)
	}
}

// oneIn lets several write the same log, each its own entry for the version after the last it
// knows of.
func oneIn(t testing.TB, h Harness) {
	c := open(t, h)
	defer c.close()
	const writers, versions = 4, 40
	var in [versions + 1]atomic.Int64
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for v := uint64(1); v <= versions; v++ {
				r := c.append(entry("w1", v, balance.Attempt(w+1))) //nolint:gosec // small
				switch r.Outcome {
				case balance.In:
					in[v].Add(1)
				case balance.Conflict:
					if r.Theirs == nil || r.Theirs.Version != v || r.Theirs.Attempt == balance.Attempt(w+1) { //nolint:gosec // small
						t.Errorf("the conflict at version %d does not hand back another's entry", v)
					}
				default:
					t.Errorf("version %d is %s (%v)", v, outcomeName(r.Outcome), r.Err)
				}
			}
		})
	}
	group.Wait()
	for v := 1; v <= versions; v++ {
		if n := in[v].Load(); n != 1 {
			t.Errorf("version %d is in %d times", v, n)
		}
	}
	if n := len(c.load("w1").Entries); n != versions {
		t.Errorf("the log has %d entries, want %d", n, versions)
	}
}

func answeredOnce(t testing.TB, h Harness) {
	c := open(t, h)
	const batches, size = 20, 10
	var answers [batches][size]atomic.Int64
	for b := range batches {
		var batch []balance.Append
		for i := range size {
			version := uint64(1)
			if i%4 == 3 {
				version = 2 // a gap
			}
			batch = append(batch, balance.Append{Entries: []balance.Sealed{entry(fmt.Sprintf("w%d-%d", b, i), version, 1)}})
		}
		c.store.Append(batch, func(i int, _ balance.Result) { answers[b][i].Add(1) })
	}
	c.close()
	for b := range batches {
		for i := range size {
			if n := answers[b][i].Load(); n != 1 {
				t.Fatalf("element %d of batch %d is answered %d times when Close has returned", i, b, n)
			}
		}
	}
}
