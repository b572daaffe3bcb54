package balance_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"sekisho/balance"
	"sekisho/balance/storetest"
)

func memoryHarness(o func() balance.MemoryOptions) func(*testing.T) storetest.Harness {
	return func(*testing.T) storetest.Harness {
		first := balance.NewMemoryStore(balance.MemoryOptions{})
		return storetest.Harness{
			Open:    func(testing.TB) balance.Store { return first.Node(o()) },
			Reopens: true,
			Crash:   func(testing.TB) {},
		}
	}
}

func TestMemoryStoreKeepsEveryPromise(t *testing.T) {
	slow := func(single bool) func() balance.MemoryOptions {
		return func() balance.MemoryOptions {
			return balance.MemoryOptions{
				Single:    single,
				Delay:     balance.RandomDelays(1, 0, 100*time.Microsecond),
				ReadDelay: 10 * time.Microsecond,
			}
		}
	}
	for name, options := range map[string]func() balance.MemoryOptions{
		"ordered":      func() balance.MemoryOptions { return balance.MemoryOptions{} },
		"single":       func() balance.MemoryOptions { return balance.MemoryOptions{Single: true} },
		"ordered slow": slow(false),
		"single slow":  slow(true),
	} {
		t.Run(name, func(t *testing.T) { storetest.Run(t, memoryHarness(options)) })
	}
}

func memoryEntry(log string, v uint64, attempt balance.Attempt) balance.Append {
	return balance.Append{Entries: []balance.Sealed{{Log: log, Version: v, Attempt: attempt}}}
}

// appendTo appends in a synctest bubble and says how long the answer took.
func appendTo(s balance.Store, a balance.Append) (balance.Result, time.Duration) {
	begun := time.Now()
	answer := make(chan balance.Result, 1)
	s.Append([]balance.Append{a}, func(_ int, r balance.Result) { answer <- r })
	return <-answer, time.Since(begun)
}

func lastOf(s balance.Store, log string) (last uint64) {
	answer := make(chan uint64, 1)
	s.Load(log, func(l balance.Loaded, _ error) { answer <- uint64(len(l.Entries)) })
	return <-answer
}

func TestASlowAppendHappensHalfwayAndIsAnsweredAtItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := balance.NewMemoryStore(balance.MemoryOptions{Single: true, Delay: func(balance.Append) time.Duration { return 30 * time.Second }})
		answered := make(chan balance.Result, 1)
		s.Append([]balance.Append{memoryEntry("w1", 1, 1)}, func(_ int, r balance.Result) { answered <- r })
		for _, step := range []struct {
			at       time.Duration
			last     uint64
			answered int
		}{{14 * time.Second, 0, 0}, {16 * time.Second, 1, 0}, {31 * time.Second, 1, 1}} {
			<-time.After(step.at - time.Since(bubbleStart))
			if last := lastOf(s, "w1"); last != step.last || len(answered) != step.answered {
				t.Errorf("after %v the log ends at %d with %d answers, want %d and %d", step.at, last, len(answered), step.last, step.answered)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// bubbleStart is when time begins in every synctest bubble.
var bubbleStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func TestAnUnknownOutcomeIsWrittenOrNotOrLater(t *testing.T) {
	for _, row := range []struct {
		name        string
		fault       balance.Fault
		now, later  uint64
		sentAgain   balance.Outcome
		secondLater uint64
	}{
		{"not written", balance.FaultUnknown, 0, 0, balance.In, 1},
		{"written", balance.FaultUnknownIn, 1, 1, balance.In, 1},
		{"written later", balance.FaultUnknownLate, 0, 1, balance.In, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				faults := []balance.Fault{row.fault}
				s := balance.NewMemoryStore(balance.MemoryOptions{Single: true, LateBy: time.Minute, Fault: func(balance.Append) balance.Fault {
					if len(faults) == 0 {
						return balance.FaultNone
					}
					f := faults[0]
					faults = faults[1:]
					return f
				}})
				r, _ := appendTo(s, memoryEntry("w1", 1, 7))
				if r.Outcome != balance.Unknown || !errors.Is(r.Err, balance.ErrFault) {
					t.Errorf("outcome %d (%v), want Unknown with ErrFault", r.Outcome, r.Err)
				}
				if last := lastOf(s, "w1"); last != row.now {
					t.Errorf("at once the log ends at %d, want %d", last, row.now)
				}
				<-time.After(2 * time.Minute)
				if last := lastOf(s, "w1"); last != row.later {
					t.Errorf("later the log ends at %d, want %d", last, row.later)
				}
				if r, _ := appendTo(s, memoryEntry("w1", 1, 7)); r.Outcome != row.sentAgain {
					t.Errorf("sent again: outcome %d, want %d", r.Outcome, row.sentAgain)
				}
				if last := lastOf(s, "w1"); last != row.secondLater {
					t.Errorf("at the end the log ends at %d, want %d", last, row.secondLater)
				}
			})
		})
	}
}

func TestALateWriteLosesAgainstWhatCameBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := balance.NewMemoryStore(balance.MemoryOptions{Single: true, LateBy: time.Minute, Fault: func(balance.Append) balance.Fault { return balance.FaultUnknownLate }})
		other := late.Node(balance.MemoryOptions{Single: true})
		appendTo(late, memoryEntry("w1", 1, 1))
		if r, _ := appendTo(other, memoryEntry("w1", 1, 2)); r.Outcome != balance.In {
			t.Fatalf("outcome %d, want In", r.Outcome)
		}
		<-time.After(2 * time.Minute)
		r, _ := appendTo(other, memoryEntry("w1", 1, 3))
		if r.Outcome != balance.Conflict || r.Theirs.Attempt != 2 {
			t.Errorf("the late write took the place of an entry that was in")
		}
	})
}

func TestAnInterloperGoesInFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		once := []balance.Append{memoryEntry("w1", 1, 99)}
		s := balance.NewMemoryStore(balance.MemoryOptions{BeforeAppend: func(balance.Append) []balance.Append {
			first := once
			once = nil
			return first
		}})
		r, _ := appendTo(s, memoryEntry("w1", 1, 1))
		if r.Outcome != balance.Conflict || r.Theirs.Attempt != 99 {
			t.Errorf("outcome %d, want Conflict with the interloper", r.Outcome)
		}
		if r, _ := appendTo(s, memoryEntry("w1", 2, 1)); r.Outcome != balance.In {
			t.Errorf("outcome %d, want In after the interloper", r.Outcome)
		}
	})
}

func TestAnOrderedStoreThatFailedAnswersUnknownUntilItIsStartedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		s := balance.NewMemoryStore(balance.MemoryOptions{Fault: func(balance.Append) balance.Fault {
			if calls++; calls == 2 {
				return balance.FaultUnknownIn
			}
			return balance.FaultNone
		}})
		for v, want := range []balance.Outcome{balance.In, balance.Unknown, balance.Unknown, balance.Unknown} {
			if r, _ := appendTo(s, memoryEntry("w1", uint64(v+1), 1)); r.Outcome != want { //nolint:gosec // small
				t.Errorf("version %d: outcome %d, want %d", v+1, r.Outcome, want)
			}
		}
		failed := make(chan error, 1)
		s.Load("w1", func(_ balance.Loaded, err error) { failed <- err })
		if err := <-failed; !errors.Is(err, balance.ErrFault) {
			t.Errorf("a load from a failed store gives %v", err)
		}
		if last := lastOf(s.Node(balance.MemoryOptions{}), "w1"); last != 2 {
			t.Errorf("started again the log ends at %d, want 2", last)
		}
	})
}

func TestANodePeeksOnlyAtCardsItHasMet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := balance.NewMemoryStore(balance.MemoryOptions{Single: true})
		two := one.Node(balance.MemoryOptions{Single: true})
		row := balance.Row{Hash: [32]byte{1}, Card: [12]byte{2}, Log: "w1", Kind: balance.RowNumber}
		a := memoryEntry("w1", 1, 1)
		a.Rows = []balance.Row{row}
		appendTo(one, a)
		peeks := func() string {
			_, inOne := one.Peek(row.Hash)
			_, inTwo := two.Peek(row.Hash)
			return fmt.Sprint(inOne, inTwo)
		}
		if got := peeks(); got != "true false" {
			t.Errorf("peeks find %s, want true false", got)
		}
		looked := make(chan bool, 1)
		two.Card(row.Hash, func(_ balance.Row, found bool, _ error) { looked <- found })
		if !<-looked {
			t.Error("the other node does not find the card for certain")
		}
		if got := peeks(); got != "true true" {
			t.Errorf("peeks find %s, want true true", got)
		}
	})
}

func TestTheSameSeedGivesTheSameFaults(t *testing.T) {
	draw := func(seed uint64) string {
		faults := balance.RandomFaults(seed, balance.FaultChances{Out: 100, Unknown: 100, UnknownIn: 100, UnknownLate: 100})
		delays := balance.RandomDelays(seed, time.Second, time.Minute)
		text := ""
		for range 200 {
			d := delays(balance.Append{})
			if d < time.Second || d > time.Minute {
				t.Fatalf("a delay of %v is not between a second and a minute", d)
			}
			text += fmt.Sprint(faults(balance.Append{}), d, " ")
		}
		return text
	}
	if first, second := draw(1), draw(1); first != second {
		t.Error("seed 1 gives other faults the second time")
	}
	if draw(1) == draw(2) {
		t.Error("seeds 1 and 2 give the same faults")
	}
}
