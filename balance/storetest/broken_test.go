package storetest

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// broken is a store with one promise broken: calls that have no replacement go to the good one.
type broken struct {
	balance.Store
	append func(good balance.Store, batch []balance.Append, done func(int, balance.Result))
	load   func(good balance.Store, log string, done func(balance.Loaded, error))
	scan   func(good balance.Store, log string, from uint64, d balance.Direction, visit func(balance.Sealed) bool, done func(error))
	logs   func(good balance.Store, visit func(string, uint64) bool, done func(error))
	card   func(good balance.Store, hash spec.CardHash, done func(balance.Row, bool, error))
	close  func(good balance.Store) error
}

func (b broken) Append(batch []balance.Append, done func(int, balance.Result)) {
	if b.append == nil {
		b.Store.Append(batch, done)
		return
	}
	b.append(b.Store, batch, done)
}

func (b broken) Load(log string, done func(balance.Loaded, error)) {
	if b.load == nil {
		b.Store.Load(log, done)
		return
	}
	b.load(b.Store, log, done)
}

func (b broken) Scan(log string, from uint64, d balance.Direction, visit func(balance.Sealed) bool, done func(error)) {
	if b.scan == nil {
		b.Store.Scan(log, from, d, visit, done)
		return
	}
	b.scan(b.Store, log, from, d, visit, done)
}

func (b broken) Logs(visit func(string, uint64) bool, done func(error)) {
	if b.logs == nil {
		b.Store.Logs(visit, done)
		return
	}
	b.logs(b.Store, visit, done)
}

func (b broken) Card(hash spec.CardHash, done func(balance.Row, bool, error)) {
	if b.card == nil {
		b.Store.Card(hash, done)
		return
	}
	b.card(b.Store, hash, done)
}

func (b broken) Close() error {
	if b.close == nil {
		return b.Store.Close()
	}
	return b.close(b.Store)
}

// one appends a single element through the good store.
func one(good balance.Store, a balance.Append, i int, done func(int, balance.Result)) {
	good.Append([]balance.Append{a}, func(_ int, r balance.Result) { done(i, r) })
}

// changed is a store that writes something else than what it was given.
func changed(change func(*balance.Append)) broken {
	return broken{append: func(good balance.Store, batch []balance.Append, done func(int, balance.Result)) {
		for i, a := range batch {
			a.Entries, a.Rows = slices.Clone(a.Entries), slices.Clone(a.Rows)
			change(&a)
			one(good, a, i, done)
		}
	}}
}

// answering is a store that gives other answers to appends.
func answering(change func(a balance.Append, r balance.Result) balance.Result) broken {
	return broken{append: func(good balance.Store, batch []balance.Append, done func(int, balance.Result)) {
		good.Append(batch, func(i int, r balance.Result) { done(i, change(batch[i], r)) })
	}}
}

func brokenStores() map[string]broken {
	return map[string]broken{
		"forgets rows": changed(func(a *balance.Append) {
			if len(a.Entries) > 0 {
				a.Rows = nil
			}
		}),
		"writes rows on their own": {append: func(good balance.Store, batch []balance.Append, done func(int, balance.Result)) {
			for i, a := range batch {
				for _, r := range a.Rows {
					lone := balance.Append{Entries: []balance.Sealed{entry(fmt.Sprint("row ", r.Hash), 1, 1)}, Rows: []balance.Row{r}}
					one(good, lone, i, func(int, balance.Result) {})
				}
				a.Rows = nil
				one(good, a, i, done)
			}
		}},
		"loses the second log": changed(func(a *balance.Append) {
			if len(a.Entries) == 2 {
				a.Entries = a.Entries[:1]
			}
		}),
		"appends two logs one by one": {append: func(good balance.Store, batch []balance.Append, done func(int, balance.Result)) {
			for i, a := range batch {
				if len(a.Entries) != 2 || a.Check() != nil {
					one(good, a, i, done)
					continue
				}
				one(good, balance.Append{Entries: a.Entries[:1], Rows: a.Rows}, i, func(int, balance.Result) {})
				one(good, balance.Append{Entries: a.Entries[1:]}, i, done)
			}
		}},
		"lets gaps pass": answering(func(a balance.Append, r balance.Result) balance.Result {
			if r.Outcome == balance.Out && a.Check() == nil {
				return balance.Result{Outcome: balance.In}
			}
			return r
		}),
		"takes any shape": answering(func(a balance.Append, r balance.Result) balance.Result {
			if a.Check() != nil {
				return balance.Result{Outcome: balance.In}
			}
			return r
		}),
		"says in when another is": answering(func(_ balance.Append, r balance.Result) balance.Result {
			if r.Outcome == balance.Conflict {
				return balance.Result{Outcome: balance.In}
			}
			return r
		}),
		"keeps their entry to itself": answering(func(_ balance.Append, r balance.Result) balance.Result {
			r.Theirs = nil
			return r
		}),
		"hands back ours as theirs": answering(func(a balance.Append, r balance.Result) balance.Result {
			if r.Theirs != nil {
				r.Theirs = &a.Entries[0]
			}
			return r
		}),
		"calls a resend a conflict": {append: func(good balance.Store, batch []balance.Append, done func(int, balance.Result)) {
			for i, a := range batch {
				if a.Barrier() || a.Check() != nil {
					one(good, a, i, done)
					continue
				}
				good.Load(a.Entries[0].Log, func(l balance.Loaded, _ error) {
					for _, e := range l.Entries {
						if e.Version == a.Entries[0].Version {
							done(i, balance.Result{Outcome: balance.Conflict, Theirs: &e})
							return
						}
					}
					one(good, a, i, done)
				})
			}
		}},
		"drops a batch with a bad element": {append: func(good balance.Store, batch []balance.Append, done func(int, balance.Result)) {
			for _, a := range batch {
				if err := a.Check(); err != nil {
					for i := range batch {
						done(i, balance.Result{Outcome: balance.Out, Err: err})
					}
					return
				}
			}
			good.Append(batch, done)
		}},
		"flips a bit": changed(func(a *balance.Append) {
			for i := range a.Entries {
				if body := slices.Clone(a.Entries[i].Body); len(body) > 0 {
					body[len(body)/2] ^= 4
					a.Entries[i].Body = body
				}
			}
		}),
		"cuts what is big": changed(func(a *balance.Append) {
			for i := range a.Entries {
				a.Entries[i].Body = bytes.Clone(a.Entries[i].Body[:min(len(a.Entries[i].Body), 4000)])
			}
		}),
		"loads without the snapshot": {load: func(good balance.Store, log string, done func(balance.Loaded, error)) {
			good.Load(log, func(l balance.Loaded, err error) {
				l.Snapshot = nil
				done(l, err)
			})
		}},
		"loads the oldest of what it has last": {load: func(good balance.Store, log string, done func(balance.Loaded, error)) {
			good.Load(log, func(l balance.Loaded, err error) {
				l.Entries = slices.Clone(l.Entries)
				slices.Reverse(l.Entries)
				done(l, err)
			})
		}},
		"invents a log": {load: func(good balance.Store, log string, done func(balance.Loaded, error)) {
			good.Load(log, func(l balance.Loaded, err error) {
				if l.Snapshot == nil && len(l.Entries) == 0 {
					l.Entries = history(log, 1)
				}
				done(l, err)
			})
		}},
		"scans past the stop": {scan: func(good balance.Store, log string, from uint64, d balance.Direction, visit func(balance.Sealed) bool, done func(error)) {
			good.Scan(log, from, d, func(e balance.Sealed) bool { visit(e); return true }, done)
		}},
		"scans from the beginning": {scan: func(good balance.Store, log string, _ uint64, d balance.Direction, visit func(balance.Sealed) bool, done func(error)) {
			good.Scan(log, 0, d, visit, done)
		}},
		"forgets a log": {logs: func(good balance.Store, visit func(string, uint64) bool, done func(error)) {
			good.Logs(func(log string, last uint64) bool { return log == "w2" || visit(log, last) }, done)
		}},
		"does not find cards": {card: func(_ balance.Store, _ spec.CardHash, done func(balance.Row, bool, error)) {
			done(balance.Row{}, false, nil)
		}},
		"answers twice": {append: func(good balance.Store, batch []balance.Append, done func(int, balance.Result)) {
			good.Append(batch, func(i int, r balance.Result) {
				done(i, r)
				if i == 0 && len(batch) > 1 {
					done(i, r)
				}
			})
		}},
		"does not wait in Close": {close: func(balance.Store) error { return nil }},
		"answers a batch from its end": {append: func(good balance.Store, batch []balance.Append, done func(int, balance.Result)) {
			results := make([]balance.Result, len(batch))
			good.Append(batch, func(i int, r balance.Result) {
				if results[i] = r; i == len(batch)-1 { // the good store answers in order
					for i := range batch {
						done(len(batch)-1-i, results[len(batch)-1-i])
					}
				}
			})
		}},
		"loads all but the newest": {load: func(good balance.Store, log string, done func(balance.Loaded, error)) {
			good.Load(log, func(l balance.Loaded, err error) {
				l.Entries = l.Entries[:max(0, len(l.Entries)-1)]
				done(l, err)
			})
		}},
		"never answers": {append: func(balance.Store, []balance.Append, func(int, balance.Result)) {}},
	}
}

// acksEarly answers In at once and writes only when it is closed.
func acksEarly(good balance.Store) (balance.Store, func()) {
	var mu sync.Mutex
	var waiting []balance.Append
	b := broken{Store: good, append: func(_ balance.Store, batch []balance.Append, done func(int, balance.Result)) {
		mu.Lock()
		waiting = append(waiting, batch...)
		mu.Unlock()
		for i := range batch {
			done(i, balance.Result{Outcome: balance.In})
		}
	}, close: func(good balance.Store) error {
		for i, a := range waiting {
			one(good, a, i, func(int, balance.Result) {})
		}
		return good.Close()
	}}
	return b, func() { waiting = nil }
}

// verdict stands in for a test that is expected to fail.
type verdict struct {
	testing.TB
	failed atomic.Bool
}

func (v *verdict) Helper()               {}
func (v *verdict) Errorf(string, ...any) { v.failed.Store(true) }
func (v *verdict) Error(...any)          { v.failed.Store(true) }
func (v *verdict) Fatal(...any)          { v.failed.Store(true); runtime.Goexit() }
func (v *verdict) Fatalf(string, ...any) { v.failed.Store(true); runtime.Goexit() }

// fails says whether a store breaks a promise.
func fails(t *testing.T, p promise, h Harness) bool {
	v := &verdict{TB: t}
	synctest.Test(t, func(*testing.T) {
		over := make(chan struct{})
		go func() {
			defer close(over)
			p.check(v, h)
		}()
		<-over
		<-time.After(time.Hour) // what a store that did not wait for it still has to do
	})
	return v.failed.Load()
}

func goodHarness() Harness {
	// It takes its time, so that not to wait for it is seen.
	options := balance.MemoryOptions{Delay: func(balance.Append) time.Duration { return time.Millisecond }}
	first := balance.NewMemoryStore(options)
	return Harness{Open: func(testing.TB) balance.Store { return first.Node(options) }, Reopens: true, Crash: func(testing.TB) {}}
}

func TestEveryBrokenStoreIsFoundOutAndEveryPromiseCanFail(t *testing.T) {
	caught := map[string]int{}
	try := func(name string, harness func() Harness) {
		var by []string
		for _, p := range promises() {
			if fails(t, p, harness()) {
				by = append(by, p.name)
				caught[p.name]++
			}
		}
		if len(by) == 0 {
			t.Errorf("a store that %s keeps every promise", name)
		}
	}
	for name, b := range brokenStores() {
		try(name, func() Harness {
			h := goodHarness()
			good := h.Open
			h.Open = func(t testing.TB) balance.Store {
				b.Store = good(t)
				return b
			}
			return h
		})
	}
	try("acknowledges before it writes", func() Harness {
		h := goodHarness()
		good, lose := h.Open, func() {}
		h.Open = func(t testing.TB) (s balance.Store) {
			s, lose = acksEarly(good(t))
			return s
		}
		h.Crash = func(testing.TB) { lose() }
		return h
	})
	try("is empty when it is opened again", func() Harness {
		return Harness{Open: func(testing.TB) balance.Store { return balance.NewMemoryStore(balance.MemoryOptions{}) }, Reopens: true}
	})
	for _, p := range promises() {
		if caught[p.name] == 0 {
			t.Errorf("no broken store fails %q: can it fail?", p.name)
		}
		if fails(t, p, goodHarness()) {
			t.Errorf("a good store fails %q", p.name)
		}
	}
}
