package dynamotest

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"
)

// Fault is what goes wrong with one call. The zero value: nothing.
type Fault struct {
	Delay  time.Duration   // the call is looked at after this
	Before <-chan struct{} // and not before this is closed
	Apply  When
	LateBy time.Duration   // with Late: how long after; 0: until Land
	After  <-chan struct{} // the answer is held back until this is closed
	Lost   bool            // the connection is closed instead of an answer
	Torn   bool            // half of the answer, then the connection is closed

	Code    string   // the answer is this error, whatever was done
	Status  int      // its HTTP status; 0: 400
	Reasons []string // codes of a cancelled transaction, one for each item
}

// When a call is done.
type When uint8

// The times.
const (
	Now When = iota
	Never
	Late // after the client has been answered, or not
)

// Slow is done after a while.
func Slow(d time.Duration) Fault { return Fault{Delay: d} }

// Lost is done, but the answer does not arrive.
func Lost() Fault { return Fault{Lost: true} }

// Dropped is not done and not answered.
func Dropped() Fault { return Fault{Apply: Never, Lost: true} }

// Zombie is not answered and done later: after a while, or by Land when that is 0.
func Zombie(after time.Duration) Fault { return Fault{Apply: Late, LateBy: after, Lost: true} }

// Torn is done and answered by half an answer.
func Torn() Fault { return Fault{Torn: true} }

// Refused is not done, and the answer is an error of DynamoDB.
func Refused(code string) Fault { return Fault{Apply: Never, Code: code} }

// Throttled is Refused because there is too much.
func Throttled() Fault { return Refused("ProvisionedThroughputExceededException") }

// ServerError is an internal error, after the call was done or without.
func ServerError(done bool) Fault {
	f := Fault{Apply: Never, Code: "InternalServerError", Status: http.StatusInternalServerError}
	if done {
		f.Apply = Now
	}
	return f
}

// Cancelled is a transaction that was not done, with a reason's code for each item.
func Cancelled(reasons ...string) Fault {
	return Fault{Apply: Never, Code: "TransactionCanceledException", Reasons: reasons}
}

// Collision is a write that met another transaction at work on one of its items.
func Collision(c Call) Fault {
	if c.Operation != "TransactWriteItems" {
		return Refused("TransactionConflictException")
	}
	reasons := make([]string, len(c.Keys))
	for i := range reasons {
		reasons[i] = "None"
	}
	reasons[0] = "TransactionConflict"
	return Cancelled(reasons...)
}

// Chances are chances of faults in a thousand writes.
type Chances struct {
	Lost, Zombie, Dropped, Throttled, ServerError, ServerErrorDone, Collision int
	LateBy                                                                    time.Duration // of a zombie
}

// Random chooses faults for writes by chance, for SetFaults: the same seed gives the same faults in the
// same order of calls. Reads are left alone.
func Random(seed uint64, c Chances) func(Call) Fault {
	random := rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // faults in tests
	return func(call Call) Fault {
		if !call.Writes() {
			return Fault{}
		}
		n := random.IntN(1000)
		for _, f := range []struct {
			chance int
			fault  func() Fault
		}{
			{c.Lost, Lost},
			{c.Zombie, func() Fault { return Zombie(c.LateBy) }},
			{c.Dropped, Dropped},
			{c.Throttled, Throttled},
			{c.ServerError, func() Fault { return ServerError(false) }},
			{c.ServerErrorDone, func() Fault { return ServerError(true) }},
			{c.Collision, func() Fault { return Collision(call) }},
		} {
			if n < f.chance {
				return f.fault()
			}
			n -= f.chance
		}
		return Fault{}
	}
}

// Land does the writes that were held back, in their order, and says how many there were.
func (s *Server) Land() int {
	s.mu.Lock()
	held := s.held
	s.held = nil
	s.mu.Unlock()
	for _, do := range held {
		do()
	}
	return len(held)
}

func (s *Server) later(after time.Duration, do func()) {
	if after > 0 {
		s.timers.Add(1)
		time.AfterFunc(after, func() {
			defer s.timers.Done()
			do()
		})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = append(s.held, do)
}

// begin waits until the call is looked at; false: the client has gone meanwhile.
func (f *Fault) begin(ctx context.Context) bool {
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return false
		}
	}
	return wait(ctx, f.Before)
}

// wait waits for a channel to be closed; false: the client has gone meanwhile.
func wait(ctx context.Context, until <-chan struct{}) bool {
	if until == nil {
		return true
	}
	select {
	case <-until:
		return true
	case <-ctx.Done():
		return false
	}
}

func (f *Fault) reasons() []reason {
	var reasons []reason
	for _, code := range f.Reasons {
		reasons = append(reasons, reason{Code: code})
	}
	return reasons
}
