package dynamo_test

import (
	"fmt"
	"testing"

	"sekisho/balance"
)

// The bugs that the test of three nodes must see. Each stands between a book and its store.

// forgetful finds no key that has left memory.
type forgetful struct{ balance.Store }

func (s forgetful) Scan(log string, from uint64, d balance.Direction, visit func(balance.Sealed) bool, done func(error)) {
	if d == balance.Backward {
		done(nil)
		return
	}
	s.Store.Scan(log, from, d, visit, done)
}

// hasty says that an entry is in before that is known.
type hasty struct{ balance.Store }

func (s hasty) Append(batch []balance.Append, done func(int, balance.Result)) {
	s.Store.Append(batch, func(i int, r balance.Result) {
		if r.Outcome == balance.Unknown {
			r = balance.Result{Outcome: balance.In}
		}
		done(i, r)
	})
}

// anew does not send the same entry again when its outcome is unknown, but the decision in a new one.
type anew struct{ balance.Store }

func (s anew) Append(batch []balance.Append, done func(int, balance.Result)) {
	s.Store.Append(batch, func(i int, r balance.Result) {
		if r.Outcome != balance.Unknown || len(batch[i].Entries) != 1 || len(batch[i].Rows) > 0 {
			done(i, r)
			return
		}
		sealed := batch[i].Entries[0]
		var e balance.Entry
		if err := balance.DecodeEntry(sealed.Body, &e); err != nil {
			panic(err)
		}
		e.Previous, e.Version, e.Attempt = balance.HashOf(sealed.Body), e.Version+1, e.Attempt+1
		again := balance.Sealed{Log: e.Log, Version: e.Version, Attempt: e.Attempt, At: e.At, Body: balance.AppendEntry(nil, &e)}
		s.Store.Append([]balance.Append{{Entries: []balance.Sealed{again}}}, func(_ int, r balance.Result) { done(i, r) })
	})
}

// stale does not look whether another node has moved the wallet.
type stale struct{ balance.Store }

func (s stale) Scan(log string, from uint64, d balance.Direction, visit func(balance.Sealed) bool, done func(error)) {
	if d == balance.Forward {
		done(nil)
		return
	}
	s.Store.Scan(log, from, d, visit, done)
}

func TestThreeNodesWithABugAreFoundOut(t *testing.T) {
	for name, bug := range map[string]plant{
		"a key is forgotten":                     func(s balance.Store) balance.Store { return forgetful{s} },
		"an answer before the append is known":   func(s balance.Store) balance.Store { return hasty{s} },
		"a retry with a new decision":            func(s balance.Store) balance.Store { return anew{s} },
		"a balance from a cache that is too old": func(s balance.Store) balance.Store { return stale{s} },
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(10) {
				var found []string
				underFaults(t, seed, bug, func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) })
				if len(found) > 0 {
					t.Logf("seed %d: %d things, the first: %.200s", seed, len(found), found[0])
					return
				}
			}
			t.Error("nothing was found in ten seeds")
		})
	}
}
