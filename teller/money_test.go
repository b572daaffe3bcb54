package teller

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// TestManyMovesAndPaymentsAtOnceLoseNothing has 64 callers and 16 payers at three wallets, on one node or on two
// over a table that loses answers. Each caller asks again with the same key until it knows.
func TestManyMovesAndPaymentsAtOnceLoseNothing(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		nodes []balance.MemoryOptions
	}{
		{"ordered", []balance.MemoryOptions{{}}},
		{"single", []balance.MemoryOptions{{Single: true}, {Single: true}}},
		{"faulty", []balance.MemoryOptions{
			{Single: true, LateBy: time.Millisecond, Fault: balance.RandomFaults(1, balance.FaultChances{Out: 50, Unknown: 50, UnknownIn: 50, UnknownLate: 50})},
			{Single: true, LateBy: time.Millisecond, Fault: balance.RandomFaults(2, balance.FaultChances{Out: 50, Unknown: 50, UnknownIn: 50, UnknownLate: 50})},
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			first := newDesk(t, balance.MemoryOptions{Single: len(row.nodes) > 1})
			nodes := []*desk{first}
			if len(row.nodes) > 1 {
				nodes = nil
				for _, o := range row.nodes {
					nodes = append(nodes, first.node(o))
				}
			}
			race(t, first, nodes)
		})
	}
}

const raceWallets, raceCards, raceMoney = 3, 2, 1000

func race(t *testing.T, first *desk, nodes []*desk) {
	t.Helper()
	var wallets []string
	var cards [raceWallets][]spec.CardID
	for i := range raceWallets {
		w := first.wallet(Opening{Owner: someone("me")}, raceMoney)
		wallets = append(wallets, w)
		for range raceCards {
			cards[i] = append(cards[i], first.card(w, 100))
		}
	}
	var all sync.WaitGroup
	for n := range 64 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(uint64(n), 7)) //nolint:gosec // repeatable
			for k := range 6 {
				i, to, amount := r.IntN(raceWallets), r.IntN(raceWallets), 1+spec.Money(r.IntN(400))
				card, what := cards[i][r.IntN(raceCards)], r.IntN(10)
				c := call(fmt.Sprint("race ", n, " ", k))
				for asks := 0; asks < 2; asks++ { // the second time after an answer that never came
					err := raceStep(nodes[(n+k+asks)%len(nodes)], c, what, wallets[i], wallets[to], card, amount)
					var funds *FundsError
					var field *FieldError
					if err != nil && !errors.As(err, &funds) && !errors.As(err, &field) {
						t.Error(err)
					}
				}
			}
		})
	}
	for n := range 16 {
		all.Go(func() {
			node := nodes[n%len(nodes)]
			number := first.drawn.of(cards[n%raceWallets][n%raceCards], 0)
			for k := range 4 {
				at := time.Now()
				q := spec.Request{MTI: 100, Amount: spec.Money(10 + n), STAN: uint32(10000 + n*100 + k), Sent: at.Unix()} //nolint:gosec // small
				switch resp := node.pay(number, q); resp.Reason {
				case spec.Approved, spec.InsufficientFunds:
				default:
					t.Errorf("paying: %s", resp.Reason)
				}
			}
		})
	}
	all.Wait()
	audit := first.verified()
	if audit.Posted != raceWallets*raceMoney {
		t.Errorf("there are %d", audit.Posted)
	}
	for _, w := range wallets {
		s := nodes[0].snapshot(w)
		if s.Available() < 0 || s.Unallocated() < 0 {
			t.Errorf("%s: %+v", w, s.Balances)
		}
		for _, c := range s.Cards {
			if c.Available() < 0 {
				t.Errorf("%s: %+v", c.ID, c.CardBalance)
			}
		}
	}
}

func raceStep(d *desk, c Call, what int, from, to string, card spec.CardID, amount spec.Money) error {
	ctx := context.Background()
	var err error
	switch {
	case what < 4:
		_, err = d.Transfer(ctx, c, from, to, amount, "")
	case what < 7:
		_, err = d.Allocate(ctx, c, from, card, amount)
	case what < 9:
		_, err = d.Allocate(ctx, c, from, card, -amount)
	default:
		_, err = d.Sweep(ctx, c, from, card)
	}
	return err
}

func TestATransferIsInBothLogsAndCountsInItsMonth(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 30, 23, 59, 59, 0, time.UTC)
	d := newDesk(t, balance.MemoryOptions{Single: true}, func(o *Options) {
		o.Now = func() time.Time { return at }
		o.Programs[0].MonthMax = 100
	})
	from, to := d.wallet(Opening{}, 500), d.wallet(Opening{}, 0)
	done := d.must(d.Transfer(t.Context(), d.next(), from, to, 100, "rent"))
	if e := done.Events[0]; e.Posted != -100 || e.Counter != walletAccount(to) || e.Note != "rent" || done.Log != from {
		t.Errorf("%+v", e)
	}
	_, err := d.Transfer(t.Context(), d.next(), from, to, 1, "")
	refused(t, "in November", err, &LimitError{"month", 100, 0})
	at = at.Add(time.Second)
	d.must(d.Transfer(t.Context(), d.next(), from, to, 1, ""))
	d.must(d.Transfer(t.Context(), d.next(), to, from, 50, "")) // what came does not count
	_, err = d.Transfer(t.Context(), d.next(), from, to, 100, "")
	refused(t, "in December", err, &LimitError{"month", 100, 99})
	if a, b := d.snapshot(from), d.snapshot(to); a.Posted != 449 || b.Posted != 51 {
		t.Errorf("%d and %d", a.Posted, b.Posted)
	}
	d.verified()
}

func TestWhatACardOwesIsNotHandedOver(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{})
	w, to := d.wallet(Opening{}, 500), d.wallet(Opening{}, 0)
	card := d.card(w, 100)
	number := d.drawn.of(card, 0)
	advice := spec.Request{MTI: 120, Amount: 250, ActionCode: [2]byte{'0', '0'}} // the network stood in, above what there was
	copy(advice.Approval[:], "123456")
	if resp := d.pay(number, advice); resp.Reason != spec.Approved {
		t.Fatal(resp.Reason)
	}
	_, err := d.Transfer(t.Context(), d.next(), w, to, 251, "")
	refused(t, "more than is left after the debt", err, &FundsError{251, 250})
	d.must(d.Transfer(t.Context(), d.next(), w, to, 250, ""))
	_, err = d.Allocate(t.Context(), d.next(), w, card, -1)
	refused(t, "from a card below zero", err, &FundsError{1, 0})
	d.must(d.Allocate(t.Context(), d.next(), w, card, 150))
	if s := d.snapshot(w); s.Available() != 0 || s.Unallocated() != 0 || s.card(card).Available() != 0 {
		t.Errorf("%+v", s.Balances)
	}
	// Clearing without authorization leaves the wallet below zero: nothing can be allocated then.
	d.clear(number, 300, 0, spec.ApprovalCode{})
	d.must(d.TopUp(t.Context(), d.next(), w, 10, "late"))
	_, err = d.Transfer(t.Context(), d.next(), w, to, 1, "")
	refused(t, "from a wallet in debt", err, &FundsError{1, 0})
	d.verified()
}

func TestWhatACardOwesIsPaidByNoOtherCard(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		end  func(d *desk, c Call, wallet string, card spec.CardID) (Done, error) // nil: it is used on
	}{
		{"active", nil},
		{"lost", func(d *desk, c Call, w string, id spec.CardID) (Done, error) { return d.Lost(d.t.Context(), c, w, id) }},
		{"stolen", func(d *desk, c Call, w string, id spec.CardID) (Done, error) {
			return d.Stolen(d.t.Context(), c, w, id)
		}},
		{"closed", func(d *desk, c Call, w string, id spec.CardID) (Done, error) { return d.Close(d.t.Context(), c, w, id) }},
	} {
		d := newDesk(t, balance.MemoryOptions{})
		w := d.wallet(Opening{}, 1000)
		card, other := d.card(w, 1000), d.card(w, 0)
		d.clear(d.drawn.of(card, 0), 1500, 0, spec.ApprovalCode{})
		if row.end != nil {
			d.must(row.end(d, d.next(), w, card))
		}
		d.must(d.TopUp(t.Context(), d.next(), w, 500, "late"))
		if s := d.snapshot(w); s.Posted != 0 || s.card(card).Allocated != -500 {
			t.Fatalf("%s: %+v", row.name, s.Balances)
		}
		_, err := d.Allocate(t.Context(), d.next(), w, other, 500)
		refused(t, row.name+": to another card", err, &FundsError{500, 0})
		if row.end == nil {
			_, err = d.Allocate(t.Context(), d.next(), w, card, 501)
			refused(t, row.name+": more than there is", err, &FundsError{501, 500})
		} else {
			_, err = d.Allocate(t.Context(), d.next(), w, card, 501)
			refused(t, row.name+": more than it owes", err, &StateError{"the card is " + row.name + ": it takes no more than it owes"})
		}
		d.must(d.Allocate(t.Context(), d.next(), w, card, 500))
		if s := d.snapshot(w); s.card(card).Allocated != 0 || s.Unallocated() != 0 {
			t.Errorf("%s: %+v", row.name, s.Balances)
		}
		d.verified()
	}
}

// closed books, unread logs, and callers who leave.
func TestWhatIsNotKnownIsNeverCalledDoneOrRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{Single: true})
	w := d.wallet(Opening{}, 500)
	broken := errors.New("no disk")
	unread := d.node(balance.MemoryOptions{Single: true, ReadFault: func(string) error { return broken }})
	_, err := unread.TopUp(t.Context(), d.next(), w, 1, "x")
	if !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), broken.Error()) || errors.Is(err, ErrUnavailable) {
		t.Errorf("a log that cannot be read: %v", err)
	}
	if _, err := unread.Wallet(t.Context(), caller(), w); !errors.Is(err, ErrUnavailable) {
		t.Errorf("reading it: %v", err)
	}
	if _, _, err := unread.CardOf(t.Context(), caller(), spec.CardID{1}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("looking for a card: %v", err)
	}
	gate := make(chan struct{})
	slow := d.node(balance.MemoryOptions{Single: true, BeforeAppend: func(balance.Append) []balance.Append { <-gate; return nil }})
	ctx, leave := context.WithCancel(context.Background())
	left := make(chan error, 1)
	c := d.next()
	go func() { _, err := slow.TopUp(ctx, c, w, 7, "slow"); left <- err }()
	leave()
	if err := <-left; !errors.Is(err, ErrUnknown) || !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who left: %v", err)
	}
	close(gate)
	d.must(slow.TopUp(t.Context(), c, w, 7, "slow"))
	d.must(d.TopUp(t.Context(), c, w, 7, "slow"))
	if s := d.snapshot(w); s.Posted != 507 {
		t.Errorf("it has %d", s.Posted)
	}
	for err, want := range map[error]error{
		balance.ErrOverloaded: ErrBusy, balance.ErrNotTaken: ErrUnavailable, balance.ErrStopped: ErrUnknown, balance.ErrPanic: ErrUnavailable,
	} {
		if got := undone(fmt.Errorf("wrapped: %w", err)); !errors.Is(got, want) {
			t.Errorf("%v: %v", err, got)
		}
	}
}

// Nobody can spend what is on an expired card: it takes nothing, and gives back what it has.
func TestAnExpiredCardTakesNoMoney(t *testing.T) {
	t.Parallel()
	japan := time.FixedZone("+09:00", 9*60*60)
	at := time.Date(2026, 11, 24, 0, 0, 0, 0, japan)
	d := newDesk(t, balance.MemoryOptions{Single: true}, func(o *Options) {
		o.Now, o.Programs[0].Zone, o.Programs[0].CardYears = func() time.Time { return at }, japan, 1
	})
	w := d.wallet(Opening{}, 1000)
	card, owes := d.card(w, 300), d.card(w, 100)
	d.clear(d.drawn.of(owes, 0), 150, 0, spec.ApprovalCode{})
	at = time.Date(2027, 11, 30, 23, 59, 59, 0, japan)
	d.must(d.Allocate(t.Context(), d.next(), w, card, 1))
	at = at.Add(time.Second)
	_, err := d.Allocate(t.Context(), d.next(), w, card, 1)
	refused(t, "to an expired card", err, &StateError{"the card is expired: it takes no money"})
	_, err = d.Allocate(t.Context(), d.next(), w, owes, 51)
	refused(t, "more than it owes", err, &StateError{"the card is expired: it takes no more than it owes"})
	d.must(d.Allocate(t.Context(), d.next(), w, owes, 50))
	d.must(d.Allocate(t.Context(), d.next(), w, card, -1))
	d.must(d.Sweep(t.Context(), d.next(), w, card))
	d.must(d.Reissue(t.Context(), d.next(), w, card))
	d.must(d.Allocate(t.Context(), d.next(), w, card, 1))
	if s := d.snapshot(w); s.card(card).Allocated != 1 || s.card(owes).Available() != 0 {
		t.Errorf("%+v", s.Cards)
	}
	d.verified()
}
