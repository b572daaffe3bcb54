package balance

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sekisho/spec"
)

// spend is a request for one yen of a wallet, under its own key: taken when there is one.
type spend struct {
	key     Key
	amount  spec.Money
	rows    []Row
	name    string
	done    chan error
	taken   bool
	decided int
	overdue atomic.Bool
}

func newSpend(n int, amount spec.Money) *spend {
	return &spend{key: CallKey("spend", fmt.Sprint(n)), amount: amount, done: make(chan error, 1)}
}

func (s *spend) Decide(v *View) Decision {
	s.decided++
	record, ready := v.Record(s.key)
	switch {
	case !ready:
		return Decision{}
	case record != nil:
		s.taken = record.Answer.Reason == spec.Approved
		return Decision{}
	}
	e := Event{Kind: Funded, Key: s.key, Answer: Answer{Reason: spec.InsufficientFunds}, Profile: Profile{Name: s.name}}
	if s.taken = v.Posted >= s.amount; s.taken {
		e.Answer.Reason, e.Posted, e.Counter = spec.Approved, -s.amount, Account{AccountTopUp, "p"}
	}
	return Decision{Events: []Event{e}, Rows: s.rows}
}

func (s *spend) Done(_ Decision, err error)      { s.done <- err }
func (s *spend) Overdue(*Decision) (Mover, bool) { s.overdue.Store(true); return nil, false }

func fund(t *testing.T, b *Book, log string, amount spec.Money) {
	t.Helper()
	if err := ask(b, log, newSpendOf(log, -amount)); err != nil {
		t.Fatal(err)
	}
}

func newSpendOf(name string, amount spec.Money) *spend {
	return &spend{key: CallKey("fund", name), amount: amount, done: make(chan error, 1)}
}

func ask(b *Book, log string, s *spend) error {
	b.Submit(Post{Log: log, At: time.Now(), Mover: s})
	return <-s.done
}

func closeBook(t *testing.T, b *Book) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	if err := b.Close(ctx); err != nil {
		t.Errorf("close: %v", err)
	}
}

func audit(t *testing.T, s Store) Audit {
	t.Helper()
	a, err := Verify(context.Background(), s, nil)
	if err != nil || !a.OK() {
		t.Errorf("verify: %v %q", err, a.Problems)
	}
	return a
}

// TestNodesThatKnowNothingOfEachOtherSpendEachYenOnce has three books over one single store, with
// answers lost, writes that land late, errors, and every request sent to two of them.
func TestNodesThatKnowNothingOfEachOtherSpendEachYenOnce(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { spendOverNodes(t, seed) })
		})
	}
}

func spendOverNodes(t *testing.T, seed uint64) {
	const funds, requests, wallets = 40, 60, 3
	first := NewMemoryStore(MemoryOptions{Single: true})
	var mu sync.Mutex // the nodes draw from one source
	chances := rand.New(rand.NewPCG(seed, 2))
	draw := func(n int) int {
		mu.Lock()
		defer mu.Unlock()
		return chances.IntN(n)
	}
	options := MemoryOptions{
		Single: true, LateBy: 30 * time.Millisecond,
		Delay: func(Append) time.Duration { return time.Duration(draw(8)) * time.Millisecond },
		Fault: func(Append) Fault {
			switch n := draw(100); {
			case n < 8:
				return FaultUnknownIn
			case n < 12:
				return FaultUnknownLate
			case n < 16:
				return FaultUnknown
			case n < 19:
				return FaultOut
			}
			return FaultNone
		},
	}
	setup := NewBook(first, Options{})
	for w := range wallets {
		fund(t, setup, fmt.Sprint("w", w), funds)
	}
	closeBook(t, setup)
	var stores []*MemoryStore
	var books []*Book
	for range 3 {
		s := first.Node(options)
		stores = append(stores, s)
		books = append(books, NewBook(s, Options{}))
	}
	var clients sync.WaitGroup
	taken := make([][requests]atomic.Int32, wallets)
	for w := range wallets {
		for n := range requests {
			for k := range 2 {
				clients.Go(func() {
					s := newSpend(n, 1)
					if err := ask(books[(n+k)%3], fmt.Sprint("w", w), s); err != nil {
						t.Errorf("request %d: %v", n, err)
					}
					if s.taken {
						taken[w][n].Add(1)
					}
				})
			}
		}
	}
	clients.Wait()
	for w := range wallets {
		spent := 0
		for n := range requests {
			switch taken[w][n].Load() {
			case 2:
				spent++
			case 1:
				t.Errorf("w%d: request %d was taken once and refused once", w, n)
			}
		}
		if spent != funds {
			t.Errorf("w%d: %d yen of %d were spent", w, spent, funds)
		}
	}
	for i, b := range books {
		closeBook(t, b)
		if err := stores[i].Close(); err != nil {
			t.Error(err)
		}
	}
	audit(t, first)
	if err := first.Close(); err != nil {
		t.Error(err)
	}
}

// inMemory runs f with a book over a memory store, in a bubble of time.
func inMemory(t *testing.T, m MemoryOptions, o Options, f func(b *Book, s *MemoryStore)) {
	synctest.Test(t, func(t *testing.T) {
		s := NewMemoryStore(m)
		b := NewBook(s, o)
		f(b, s)
		closeBook(t, b)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAWalletTakesNoMoreThanItsBoundOfWaitingRequests(t *testing.T) {
	inMemory(t, MemoryOptions{Single: true, Delay: func(Append) time.Duration { return time.Second }}, Options{ParkedMax: 10}, func(b *Book, _ *MemoryStore) {
		fund(t, b, "w", 100)
		var all []*spend
		for n := range 30 {
			s := newSpend(n, 1)
			all = append(all, s)
			b.Submit(Post{Log: "w", At: time.Now(), Mover: s})
		}
		shed := 0
		for _, s := range all {
			if errors.Is(<-s.done, ErrOverloaded) {
				shed++
			}
		}
		if shed == 0 || shed > 20 || b.Stats().Shed.Load() != uint64(shed) {
			t.Errorf("%d of 30 were shed, counted %d", shed, b.Stats().Shed.Load())
		}
	})
}

func TestRequestsThatWaitForOneAppendAreDecidedTogether(t *testing.T) {
	inMemory(t, MemoryOptions{Single: true, Delay: func(Append) time.Duration { return 5 * time.Millisecond }}, Options{}, func(b *Book, s *MemoryStore) {
		fund(t, b, "w", 1000)
		var all []*spend
		began := time.Now()
		for n := range 200 {
			m := newSpend(n, 1)
			all = append(all, m)
			b.Submit(Post{Log: "w", At: time.Now(), Mover: m})
		}
		for _, m := range all {
			if err := <-m.done; err != nil || !m.taken {
				t.Fatalf("%v", err)
			}
		}
		if took := time.Since(began); took > 50*time.Millisecond {
			t.Errorf("200 requests took %v on a store of 5 ms", took)
		}
		if a := audit(t, s); a.Entries > 6 || a.Events != 201 {
			t.Errorf("%d events in %d entries", a.Events, a.Entries)
		}
	})
}

func TestANumberThatExistsFailsOnlyItsOwnRequest(t *testing.T) {
	for _, single := range []bool{false, true} {
		inMemory(t, MemoryOptions{Single: single}, Options{}, func(b *Book, s *MemoryStore) {
			fund(t, b, "w", 10)
			card := func(n int) *spend {
				m := newSpend(n, 1)
				m.rows = []Row{{Hash: spec.CardHash{9}, Log: "w", Kind: RowNumber}}
				return m
			}
			first, other, second, after := card(1), newSpend(2, 1), card(3), newSpend(4, 1)
			for _, m := range []*spend{first, other, second, after} {
				b.Submit(Post{Log: "w", At: time.Now(), Mover: m})
			}
			for i, m := range []*spend{first, other, second, after} {
				if err := <-m.done; errors.Is(err, ErrRowExists) != (i == 2) {
					t.Errorf("single=%v: request %d: %v", single, i, err)
				}
			}
			if a := audit(t, s); a.Posted != 7 {
				t.Errorf("single=%v: %d yen are left, want 7", single, a.Posted)
			}
		})
	}
}

func TestAWalletThatLeftMemoryIsReadAgain(t *testing.T) {
	for _, single := range []bool{false, true} {
		inMemory(t, MemoryOptions{Single: single}, Options{WalletsMax: 4, Shards: 1}, func(b *Book, s *MemoryStore) {
			for w := range 20 {
				fund(t, b, fmt.Sprint("w", w), 2)
			}
			for n := range 3 {
				for w := range 20 {
					m := newSpend(n, 1)
					if err := ask(b, fmt.Sprint("w", w), m); err != nil || m.taken != (n < 2) {
						t.Fatalf("single=%v: w%d: %v, taken %v", single, w, err, m.taken)
					}
				}
			}
			if got := b.Stats().Loads.Load(); got < 60 {
				t.Errorf("%d loads", got)
			}
			audit(t, s)
		})
	}
}

func TestARequestIsOverdueWhileItsEntryIsOnTheWay(t *testing.T) {
	inMemory(t, MemoryOptions{Single: true, Delay: func(Append) time.Duration { return 4 * time.Second }}, Options{}, func(b *Book, _ *MemoryStore) {
		fund(t, b, "w", 10)
		m, parked := newSpend(1, 1), newSpend(2, 1)
		began := time.Now()
		for _, s := range []*spend{m, parked} {
			b.Submit(Post{Log: "w", At: began, Deadline: began.Add(3 * time.Second), Mover: s})
		}
		time.Sleep(3*time.Second + 100*time.Millisecond)
		synctest.Wait()
		if !m.overdue.Load() || !parked.overdue.Load() {
			t.Error("three seconds later nobody is overdue")
		}
		<-m.done
		<-parked.done
		if took := time.Since(began); took < 7*time.Second {
			t.Errorf("both were done after %v", took)
		}
	})
}

func TestABookThatIsClosedTakesNothingAndGivesUpInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewMemoryStore(MemoryOptions{Single: true, Fault: func(Append) Fault { return FaultUnknown }})
		b := NewBook(s, Options{})
		m := newSpend(1, 1)
		b.Submit(Post{Log: "w", At: time.Now(), Mover: m})
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := b.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("close: %v", err)
		}
		if err := <-m.done; !errors.Is(err, ErrStopped) {
			t.Errorf("what was open got %v", err)
		}
		if err := ask(b, "w", newSpend(2, 1)); !errors.Is(err, ErrStopped) {
			t.Errorf("after close: %v", err)
		}
		time.Sleep(time.Minute) // what is sent again until then ends
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAWalletThatIsEvictedBeforeItsEntryWasHandedOverIsReadWithIt(t *testing.T) {
	inMemory(t, MemoryOptions{}, Options{Shards: 1, WalletsMax: 1}, func(b *Book, s *MemoryStore) {
		fund(t, b, "other", 100)
		fund(t, b, "w", 100)
		first, other, second := newSpend(1, 60), newSpend(2, 1), newSpend(3, 60)
		b.Submit(Post{Log: "w", At: time.Now(), Mover: first}, Post{Log: "other", At: time.Now(), Mover: other}, Post{Log: "w", At: time.Now(), Mover: second})
		if err := errors.Join(<-first.done, <-other.done, <-second.done); err != nil || !first.taken || second.taken {
			t.Errorf("%v, taken %v and %v of 100, 60 each", err, first.taken, second.taken)
		}
		audit(t, s)
	})
}

func TestAnEntryThatAnOrderedStoreRefusesTakesNothingWithIt(t *testing.T) {
	refuse := atomic.Bool{}
	fault := func(Append) Fault {
		if refuse.CompareAndSwap(true, false) {
			return FaultOut
		}
		return FaultNone
	}
	inMemory(t, MemoryOptions{Fault: fault}, Options{}, func(b *Book, s *MemoryStore) {
		fund(t, b, "w", 100)
		refuse.Store(true)
		var all []*spend
		for n := range 5 {
			m := newSpend(n, 1)
			all = append(all, m)
			b.Submit(Post{Log: "w", At: time.Now(), Mover: m})
		}
		spent := spec.Money(0)
		for _, m := range all {
			if err := <-m.done; err == nil {
				spent++
			} else if !errors.Is(err, ErrNotTaken) {
				t.Errorf("refused with %v", err)
			}
		}
		if err := ask(b, "w", newSpend(9, 1)); err != nil {
			t.Errorf("afterwards: %v", err)
		}
		if a := audit(t, s); a.Posted != 100-spent-1 || spent == 5 {
			t.Errorf("%d yen are left, %d of 5 were spent", a.Posted, spent)
		}
	})
}

// slowReads is a store whose log takes long to read.
type slowReads struct{ Store }

func (s slowReads) Scan(log string, from uint64, d Direction, visit func(Sealed) bool, done func(error)) {
	time.AfterFunc(15*time.Second, func() { s.Store.Scan(log, from, d, visit, done) })
}

func TestABookGivesUpALookUpThatTakesTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewMemoryStore(MemoryOptions{Single: true})
		b := NewBook(slowReads{s}, Options{})
		fund(t, b, "w", 100)
		again := newSpendOf("w", -100) // a repeat: it appends nothing and reads the log first
		b.Submit(Post{Log: "w", At: time.Now(), Mover: again})
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := b.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("close: %v", err)
		}
		if err := <-again.done; !errors.Is(err, ErrStopped) {
			t.Errorf("what was open got %v", err)
		}
		time.Sleep(time.Minute)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAWalletInTroubleShedsWhatHasADeadlineEarly(t *testing.T) {
	trouble := atomic.Bool{}
	fault := func(Append) Fault {
		if trouble.Load() {
			return FaultOut
		}
		return FaultNone
	}
	inMemory(t, MemoryOptions{Single: true, Fault: fault}, Options{}, func(b *Book, s *MemoryStore) {
		fund(t, b, "w", 1000)
		trouble.Store(true)
		first := newSpend(0, 1)
		b.Submit(Post{Log: "w", At: time.Now(), Mover: first})
		time.Sleep(time.Second) // it is tried again and again
		if w := b.Waiting(); w.InDoubt != 1 || w.Requests != 1 || w.Oldest < 900*time.Millisecond {
			t.Errorf("waiting: %+v", w)
		}
		var urgent, patient []*spend
		for n := range 200 {
			u, p := newSpend(1000+n, 1), newSpend(2000+n, 1)
			urgent, patient = append(urgent, u), append(patient, p)
			b.Submit(Post{Log: "w", At: time.Now(), Deadline: time.Now().Add(time.Hour), Mover: u}, Post{Log: "w", At: time.Now(), Mover: p})
		}
		synctest.Wait()
		shed := b.Stats().Shed.Load()
		trouble.Store(false)
		refused := uint64(0)
		for _, m := range urgent {
			if errors.Is(<-m.done, ErrOverloaded) {
				refused++
			}
		}
		for _, m := range patient {
			if err := <-m.done; err != nil {
				t.Errorf("what has no deadline got %v", err)
			}
		}
		if refused < 150 || refused != shed {
			t.Errorf("%d of 200 were shed, counted %d", refused, shed)
		}
		if err := <-first.done; err != nil {
			t.Error(err)
		}
		synctest.Wait() // they are counted out once all of them are told
		if w := b.Waiting(); w != (Waiting{}) {
			t.Errorf("afterwards: %+v", w)
		}
		audit(t, s)
	})
}
