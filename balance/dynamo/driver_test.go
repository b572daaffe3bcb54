package dynamo_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/balance/dynamo"
	"sekisho/spec"
)

var testKey = [8]byte{1, 2, 3, 4, 5, 6, 7, 8}

// small are options for a table on a server of a test.
func small(endpoint, table string) dynamo.Options {
	return dynamo.Options{
		Table: table, Endpoint: endpoint, Region: "us-east-1", Create: true, CheckValue: testKey,
		LogsMax: 1000, RowsMax: 2000, Appends: 16, Reads: 8, Scans: 4,
	}
}

func tableOf(t testing.TB) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, t.Name())
}

// node opens a store on the test's own table. It is closed with the test.
func node(t testing.TB, endpoint string, change ...func(*dynamo.Options)) driver {
	t.Helper()
	o := small(endpoint, tableOf(t))
	for _, c := range change {
		c(&o)
	}
	s := mustOpen(t, o)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return driver{t, s}
}

func mustOpen(t testing.TB, o dynamo.Options) *dynamo.Store {
	t.Helper()
	s, err := dynamo.Open(t.Context(), o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return s
}

// driver waits for the answers of a store.
type driver struct {
	testing.TB
	*dynamo.Store
}

const patience = 20 * time.Second

func await[T any](t testing.TB, what string, answers <-chan T) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	select {
	case answer := <-answers:
		return answer
	case <-ctx.Done():
		t.Fatalf("%s: not answered", what)
		panic("unreachable")
	}
}

func (d driver) append(a balance.Append) balance.Result {
	d.Helper()
	answers := make(chan balance.Result, 1)
	d.Append([]balance.Append{a}, func(_ int, r balance.Result) { answers <- r })
	return await(d, "append", answers)
}

func (d driver) want(r balance.Result, outcome balance.Outcome) {
	d.Helper()
	if r.Outcome != outcome {
		d.Fatalf("the append is %s (%v), want %s", outcomeName(r.Outcome), r.Err, outcomeName(outcome))
	}
}

func (d driver) in(entries ...balance.Sealed) {
	d.Helper()
	for _, e := range entries {
		d.want(d.append(alone(e)), balance.In)
	}
}

type loaded struct {
	balance.Loaded
	err error
}

func (d driver) tryLoad(log string) (balance.Loaded, error) {
	d.Helper()
	answers := make(chan loaded, 1)
	d.Load(log, func(l balance.Loaded, err error) { answers <- loaded{l, err} })
	l := await(d, "load", answers)
	return l.Loaded, l.err
}

func (d driver) load(log string) balance.Loaded {
	d.Helper()
	l, err := d.tryLoad(log)
	if err != nil {
		d.Fatalf("load: %v", err)
	}
	return l
}

func (d driver) scan(log string) ([]balance.Sealed, error) {
	d.Helper()
	var visited []balance.Sealed
	answers := make(chan error, 1)
	d.Scan(log, 1, balance.Forward, func(e balance.Sealed) bool { visited = append(visited, e); return true }, func(err error) { answers <- err })
	return visited, await(d, "scan", answers)
}

func (d driver) card(hash spec.CardHash) (row balance.Row, found bool, err error) {
	d.Helper()
	answers := make(chan struct{})
	d.Card(hash, func(r balance.Row, f bool, e error) {
		row, found, err = r, f, e
		close(answers)
	})
	await(d, "card", answers)
	return row, found, err
}

func entry(log string, v uint64, attempt balance.Attempt) balance.Sealed {
	return balance.Sealed{Log: log, Version: v, Attempt: attempt, At: 1_700_000_000_000 + int64(v), Body: fmt.Appendf(nil, "%s/%d/%x", log, v, uint64(attempt))}
}

func alone(e balance.Sealed) balance.Append { return balance.Append{Entries: []balance.Sealed{e}} }

func row(n byte, log string) balance.Row {
	return balance.Row{Hash: spec.CardHash{n, 1, 2, 3, 4, 5, 6, 7, n}, Card: spec.CardID{n, 9}, Log: log, Kind: balance.RowNumber}
}

func outcomeName(o balance.Outcome) string {
	return map[balance.Outcome]string{balance.In: "In", balance.Conflict: "Conflict", balance.Out: "Out", balance.Unknown: "Unknown"}[o]
}
