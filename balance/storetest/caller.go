package storetest

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// patience bounds the wait for an answer. Only a store that never answers uses it up.
const patience = 20 * time.Second

// caller drives a store and waits for each answer.
type caller struct {
	testing.TB
	store balance.Store
}

func open(t testing.TB, h Harness) caller {
	t.Helper()
	return caller{t, h.Open(t)}
}

func (c caller) close() {
	c.Helper()
	if err := c.store.Close(); err != nil {
		c.Errorf("close: %v", err)
	}
}

// await waits for what an answer sends.
func await[T any](t testing.TB, what string, answers <-chan T) T {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case answer := <-answers:
		return answer
	case <-timer.C:
		t.Fatalf("%s: not answered", what)
		panic("unreachable")
	}
}

// answer is the result of one element of a batch.
type answer struct {
	i int
	balance.Result
}

// appendAll appends the elements in one batch and gives their results in the batch's order.
func (c caller) appendAll(batch ...balance.Append) []balance.Result {
	c.Helper()
	answers := make(chan answer, 2*len(batch)) // room for a store that answers twice
	c.store.Append(batch, func(i int, r balance.Result) { answers <- answer{i, r} })
	results := make([]balance.Result, len(batch))
	for range batch {
		a := await(c, "append", answers)
		if results[a.i].Outcome != 0 {
			c.Errorf("element %d is answered twice", a.i)
		}
		results[a.i] = a.Result
	}
	return results
}

func (c caller) append(entries ...balance.Sealed) balance.Result {
	c.Helper()
	return c.appendAll(balance.Append{Entries: entries})[0]
}

// in appends the entries, each on its own and one after the other, and expects all to be in.
func (c caller) in(entries ...balance.Sealed) {
	c.Helper()
	for _, e := range entries {
		c.want(c.append(e), balance.In)
	}
}

func (c caller) want(r balance.Result, outcome balance.Outcome) {
	c.Helper()
	if r.Outcome != outcome {
		c.Fatalf("the append is %s (%v), want %s", outcomeName(r.Outcome), r.Err, outcomeName(outcome))
	}
	if outcome == balance.Out && r.Err == nil {
		c.Errorf("the append is Out and no error says why")
	}
}

func (c caller) wantConflict(r balance.Result, theirs balance.Sealed) {
	c.Helper()
	c.want(r, balance.Conflict)
	if r.Theirs == nil {
		c.Fatalf("the conflict does not hand back the entry in the way")
	}
	c.wantSame(*r.Theirs, theirs)
}

type loaded struct {
	balance.Loaded
	err error
}

func (c caller) load(log string) balance.Loaded {
	c.Helper()
	answers := make(chan loaded, 1)
	c.store.Load(log, func(l balance.Loaded, err error) { answers <- loaded{l, err} })
	l := await(c, "load", answers)
	if l.err != nil {
		c.Fatalf("load %q: %v", log, l.err)
	}
	return l.Loaded
}

// wantLog expects a log without snapshots to hold exactly these entries.
func (c caller) wantLog(log string, want ...balance.Sealed) {
	c.Helper()
	l := c.load(log)
	if l.Snapshot != nil {
		c.Errorf("log %q loads with a snapshot, none was written", log)
	}
	c.wantEntries(log, l.Entries, want)
}

func (c caller) wantEntries(log string, got, want []balance.Sealed) {
	c.Helper()
	if len(got) != len(want) {
		c.Fatalf("log %q has %d entries, want %d", log, len(got), len(want))
	}
	for i := range got {
		c.wantSame(got[i], want[i])
	}
}

func (c caller) wantSame(got, want balance.Sealed) {
	c.Helper()
	if got.Log != want.Log || got.Version != want.Version || got.Attempt != want.Attempt || got.At != want.At ||
		!bytes.Equal(got.Body, want.Body) || !bytes.Equal(got.Snapshot, want.Snapshot) {
		c.Fatalf("the store hands back %s, want %s", entryText(got), entryText(want))
	}
}

// scan collects what Scan visits, at most limit entries.
func (c caller) scan(log string, from uint64, d balance.Direction, limit int) []balance.Sealed {
	c.Helper()
	var visited []balance.Sealed
	answers := make(chan error, 1)
	c.store.Scan(log, from, d, func(e balance.Sealed) bool {
		visited = append(visited, e)
		return len(visited) < limit
	}, func(err error) { answers <- err })
	if err := await(c, "scan", answers); err != nil {
		c.Fatalf("scan %q: %v", log, err)
	}
	return visited
}

func (c caller) logs(limit int) map[string]uint64 {
	c.Helper()
	visited := map[string]uint64{}
	answers := make(chan error, 1)
	c.store.Logs(func(log string, last uint64) bool {
		if _, twice := visited[log]; twice {
			c.Errorf("Logs visits %q twice", log)
		}
		visited[log] = last
		return len(visited) < limit
	}, func(err error) { answers <- err })
	if err := await(c, "logs", answers); err != nil {
		c.Fatalf("logs: %v", err)
	}
	return visited
}

func (c caller) card(hash spec.CardHash) (row balance.Row, found bool) {
	c.Helper()
	answers := make(chan error, 1)
	c.store.Card(hash, func(r balance.Row, f bool, err error) {
		row, found = r, f
		answers <- err
	})
	if err := await(c, "card", answers); err != nil {
		c.Fatalf("card %v: %v", hash, err)
	}
	return row, found
}

func outcomeName(o balance.Outcome) string {
	switch o {
	case balance.In:
		return "In"
	case balance.Conflict:
		return "Conflict"
	case balance.Out:
		return "Out"
	case balance.Unknown:
		return "Unknown"
	}
	return fmt.Sprintf("outcome %d", o)
}

func entryText(e balance.Sealed) string {
	return fmt.Sprintf("%s v%d attempt %x at %d (body %d bytes, snapshot %d)", e.Log, e.Version, uint64(e.Attempt), e.At, len(e.Body), len(e.Snapshot))
}
