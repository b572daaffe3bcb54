package balance

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"sekisho/spec"
)

// handOver moves money from one wallet to another, once for its key.
type handOver struct {
	key    Key
	amount spec.Money
	other  string
	mine   string
	done   chan error
}

var errShort = errors.New("not enough")

func (m *handOver) Decide(v *View) Decision {
	if v.Log != m.mine || v.Other.Log != m.other {
		return Decision{Undecided: fmt.Errorf("asked about %s and %s", v.Log, v.Other.Log)}
	}
	record, ready := v.Record(m.key)
	if !ready || record != nil {
		return Decision{}
	}
	if _, ready = v.Other.Record(m.key); !ready {
		return Decision{}
	}
	if v.Available() < m.amount {
		return Decision{Undecided: errShort}
	}
	to := Event{Kind: Funded, Key: m.key, Posted: m.amount, Counter: Account{AccountWallet, m.mine}, Answer: Answer{Amount: m.amount}}
	from := to
	from.Posted, from.Counter = -m.amount, Account{AccountWallet, m.other}
	return Decision{Events: []Event{from}, Also: []Event{to}}
}

func (m *handOver) Done(_ Decision, err error)      { m.done <- err }
func (m *handOver) Overdue(*Decision) (Mover, bool) { return nil, false }

func hand(b *Book, name, from, to string, amount spec.Money) *handOver {
	m := &handOver{key: CallKey("hand", name), amount: amount, mine: from, other: to, done: make(chan error, 1)}
	b.Submit(Post{Log: from, Other: to, At: time.Now(), Mover: m})
	return m
}

func postedOf(t *testing.T, b *Book, log string) spec.Money {
	t.Helper()
	var posted spec.Money
	m := &lookAt{see: func(v *View) { posted = v.Posted }, done: make(chan error, 1)}
	b.Submit(Post{Log: log, At: time.Now(), Mover: m})
	if err := <-m.done; err != nil {
		t.Fatal(err)
	}
	return posted
}

type lookAt struct {
	see  func(*View)
	done chan error
}

func (m *lookAt) Decide(v *View) Decision         { m.see(v); return Decision{} }
func (m *lookAt) Done(_ Decision, err error)      { m.done <- err }
func (m *lookAt) Overdue(*Decision) (Mover, bool) { return nil, false }

func TestMoneyIsHandedOverWhollyOrNotAtAllAndOnce(t *testing.T) {
	for _, single := range []bool{false, true} {
		inMemory(t, MemoryOptions{Single: single}, Options{Shards: 3}, func(b *Book, s *MemoryStore) {
			fund(t, b, "a", 100)
			fund(t, b, "b", 5)
			for _, row := range []struct {
				name, from, to string
				amount         spec.Money
				want           error
				a, b           spec.Money
			}{
				{"1", "a", "b", 60, nil, 40, 65},
				{"1", "a", "b", 60, nil, 40, 65},
				{"2", "a", "b", 60, errShort, 40, 65},
				{"3", "b", "a", 65, nil, 105, 0},
				{"4", "b", "a", 1, errShort, 105, 0},
			} {
				if err := <-hand(b, row.name, row.from, row.to, row.amount).done; !errors.Is(err, row.want) {
					t.Errorf("single %v, %s: %v, want %v", single, row.name, err, row.want)
				}
				if x, y := postedOf(t, b, "a"), postedOf(t, b, "b"); x != row.a || y != row.b {
					t.Errorf("single %v, %s: a has %d, b has %d, want %d and %d", single, row.name, x, y, row.a, row.b)
				}
			}
			audit, err := Verify(context.Background(), s, nil)
			if err != nil || !audit.OK() {
				t.Errorf("verify: %v %q", err, audit.Problems)
			}
		})
	}
}

// TestManyHandOversBetweenManyWalletsLoseNothing runs them on several nodes over one table that loses answers, is
// late, refuses and has other writers, and on an ordered store, with plain requests of the same wallets between.
func TestManyHandOversBetweenManyWalletsLoseNothing(t *testing.T) {
	for seed := range uint64(12) {
		synctest.Test(t, func(t *testing.T) {
			options := func(node int) MemoryOptions {
				own := seed*10 + uint64(node) //nolint:gosec // small
				if seed%3 == 0 {
					return MemoryOptions{Delay: RandomDelays(own, 0, 3*time.Millisecond)}
				}
				return MemoryOptions{
					Single: true, Delay: RandomDelays(own, time.Millisecond, 9*time.Millisecond), ReadDelay: time.Millisecond, LateBy: 30 * time.Millisecond,
					Fault: RandomFaults(own, FaultChances{Out: 40, Unknown: 40, UnknownIn: 40, UnknownLate: 40}),
				}
			}
			nodes := 3
			if seed%3 == 0 {
				nodes = 1
			}
			stores := []*MemoryStore{NewMemoryStore(options(0))}
			for n := range nodes - 1 {
				stores = append(stores, stores[0].Node(options(n+1)))
			}
			var books []*Book
			for _, s := range stores {
				books = append(books, NewBook(s, Options{Shards: 2}))
			}
			wallets := []string{"a", "b", "c", "d", "e"}
			for _, w := range wallets {
				fund(t, books[0], w, 1000)
			}
			random := rand.New(rand.NewPCG(seed, 3)) //nolint:gosec // repeatable
			var all []*handOver
			for n := range 300 {
				from, to := random.IntN(5), random.IntN(4)
				if to >= from {
					to++
				}
				amount := spec.Money(1 + random.IntN(400))
				for range 1 + random.IntN(2) { // some are asked of two nodes
					all = append(all, hand(books[random.IntN(nodes)], fmt.Sprint(n), wallets[from], wallets[to], amount))
				}
				if random.IntN(3) == 0 {
					s := newSpend(n, 0)
					books[random.IntN(nodes)].Submit(Post{Log: wallets[from], At: time.Now(), Mover: s})
				}
				if random.IntN(4) == 0 {
					time.Sleep(time.Duration(random.IntN(20)) * time.Millisecond)
				}
			}
			handed := 0
			for _, m := range all {
				switch err := <-m.done; {
				case err == nil:
					handed++
				case !errors.Is(err, errShort) && !errors.Is(err, ErrOverloaded):
					t.Errorf("seed %d: %v", seed, err)
				}
			}
			if handed < 100 {
				t.Errorf("seed %d: only %d of %d were handed over", seed, handed, len(all))
			}
			for _, b := range books {
				closeBook(t, b)
			}
			audit, err := Verify(context.Background(), stores[0], nil)
			if err != nil || !audit.OK() || audit.Posted != 5000 {
				t.Errorf("seed %d: verify: %v posted %d %q", seed, err, audit.Posted, audit.Problems)
			}
			for _, s := range stores {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestADecisionAboutTwoLogsWithEventsForOneIsRefused(t *testing.T) {
	inMemory(t, MemoryOptions{}, Options{}, func(b *Book, _ *MemoryStore) {
		fund(t, b, "a", 100)
		m := &oneSided{done: make(chan error, 1)}
		b.Submit(Post{Log: "a", Other: "b", At: time.Now(), Mover: m})
		if err := <-m.done; !errors.Is(err, ErrOneSided) {
			t.Errorf("%v, want %v", err, ErrOneSided)
		}
		if got := postedOf(t, b, "a"); got != 100 {
			t.Errorf("a has %d", got)
		}
	})
}

type oneSided struct{ done chan error }

func (m *oneSided) Decide(*View) Decision {
	return Decision{Events: []Event{{Kind: Funded, Posted: 1}}}
}
func (m *oneSided) Done(_ Decision, err error)      { m.done <- err }
func (m *oneSided) Overdue(*Decision) (Mover, bool) { return nil, false }

func TestABookThatClosesEndsHandOversThatAreOnTheirWay(t *testing.T) {
	inMemory(t, MemoryOptions{Single: true, Delay: func(Append) time.Duration { return time.Second }}, Options{Shards: 4}, func(b *Book, s *MemoryStore) {
		wallets := []string{"a", "b", "c", "d", "e", "f"}
		for _, w := range wallets {
			fund(t, b, w, 100)
		}
		var all []*handOver
		for i := range wallets {
			for j := range wallets {
				if i != j {
					all = append(all, hand(b, fmt.Sprint(i, j), wallets[i], wallets[j], 1))
				}
			}
		}
		if err := b.Close(context.Background()); err != nil {
			t.Error(err)
		}
		for _, m := range all {
			if err := <-m.done; err != nil {
				t.Error(err)
			}
		}
		if late := hand(b, "late", "a", "b", 1); !errors.Is(<-late.done, ErrStopped) {
			t.Error("a closed book took a hand-over")
		}
	})
}

func TestABookGivenUpEndsHandOversWithAnError(t *testing.T) {
	stuck := MemoryOptions{Single: true, Fault: func(a Append) Fault {
		if len(a.Entries) == 2 {
			return FaultUnknown
		}
		return FaultNone
	}}
	inMemory(t, stuck, Options{Shards: 4}, func(b *Book, _ *MemoryStore) {
		fund(t, b, "a", 100)
		fund(t, b, "b", 100)
		m, n := hand(b, "1", "a", "b", 1), hand(b, "2", "b", "a", 1)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := b.Close(ctx); err == nil {
			t.Error("the book closed, though an append has no outcome")
		}
		for _, m := range []*handOver{m, n} {
			if err := <-m.done; !errors.Is(err, ErrStopped) {
				t.Errorf("%v, want %v", err, ErrStopped)
			}
		}
	})
}
