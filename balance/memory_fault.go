package balance

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Fault is what goes wrong with one append of a MemoryStore.
type Fault uint8

// The faults. The unknown ones end an ordered store: it answers Unknown from then on, as one on a
// disk that failed; start it again with Node.
const (
	FaultNone        Fault = iota
	FaultOut               // Out: not written
	FaultUnknown           // Unknown: not written
	FaultUnknownIn         // Unknown, though it was written
	FaultUnknownLate       // Unknown: written a while later, unless its version is taken by then
)

// ErrFault is the error of a MemoryStore's faults.
var ErrFault = errors.New("fault on demand")

// FaultChances are chances of faults in a thousand appends.
type FaultChances struct{ Out, Unknown, UnknownIn, UnknownLate int }

// RandomFaults is a Fault function for MemoryOptions: the same seed gives the same faults in the
// same order of appends.
func RandomFaults(seed uint64, c FaultChances) func(Append) Fault {
	random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // faults in tests
	return func(Append) Fault {
		n := random.IntN(1000)
		for _, f := range []struct {
			chance int
			fault  Fault
		}{{c.Out, FaultOut}, {c.Unknown, FaultUnknown}, {c.UnknownIn, FaultUnknownIn}, {c.UnknownLate, FaultUnknownLate}} {
			if n < f.chance {
				return f.fault
			}
			n -= f.chance
		}
		return FaultNone
	}
}

// RandomDelays is a Delay function for MemoryOptions: evenly from least to most.
func RandomDelays(seed uint64, least, most time.Duration) func(Append) time.Duration {
	random := rand.New(rand.NewPCG(seed, 2)) //nolint:gosec // delays in tests
	return func(Append) time.Duration {
		return least + time.Duration(random.Int64N(int64(most-least)+1))
	}
}

// append does one append with what goes wrong with it.
func (s *MemoryStore) append(a Append, fault Fault) Result {
	s.mu.Lock()
	failed := s.failed
	var before []Append
	if s.options.BeforeAppend != nil && failed == nil {
		before = s.options.BeforeAppend(a)
	}
	s.mu.Unlock()
	if failed != nil {
		return Result{Outcome: Unknown, Err: failed}
	}
	for _, other := range before {
		s.shared.append(other)
	}
	switch fault {
	case FaultNone:
		r := s.shared.append(a)
		if r.Outcome == In {
			s.meet(a.Rows...)
		}
		return r
	case FaultOut:
		return Result{Outcome: Out, Err: fmt.Errorf("%w: not written", ErrFault)}
	case FaultUnknown, FaultUnknownIn, FaultUnknownLate:
		return s.lose(a, fault)
	}
	panic("balance: no such fault")
}

// lose does an append whose outcome its caller does not learn.
func (s *MemoryStore) lose(a Append, fault Fault) Result {
	switch fault {
	case FaultUnknownIn:
		s.shared.append(a)
	case FaultUnknownLate:
		time.AfterFunc(s.options.LateBy, func() { s.shared.append(a) })
	}
	err := fmt.Errorf("%w: outcome unknown", ErrFault)
	if s.Ordered() {
		s.mu.Lock()
		s.failed = err
		s.mu.Unlock()
	}
	return Result{Outcome: Unknown, Err: err}
}
