// Package storetest holds the promises that every balance.Store keeps, as one test suite.
package storetest

import (
	"testing"

	"sekisho/balance"
)

// Harness is one store under test, with what can be done to it from outside.
type Harness struct {
	// Open opens the store: empty at first, after Close or Crash with what it held.
	Open func(t testing.TB) balance.Store
	// Reopens says that what was appended outlives Close.
	Reopens bool
	// Crash ends the store that was opened last as a power failure does. nil: it cannot.
	Crash func(t testing.TB)
}

// Run holds the stores that fresh makes, one for each promise, to all promises.
func Run(t *testing.T, fresh func(t *testing.T) Harness) {
	for _, p := range promises() {
		t.Run(p.name, func(t *testing.T) { p.check(t, fresh(t)) })
	}
}

// promise is a sentence about stores and the check that it is true of one.
type promise struct {
	name  string
	check func(t testing.TB, h Harness)
}

func promises() []promise {
	var all []promise
	for _, some := range [][]promise{appendPromises(), pairPromises(), rowPromises(), readPromises(), manyPromises(), durablePromises()} {
		all = append(all, some...)
	}
	return all
}
