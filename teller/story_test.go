package teller

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// TestActivityAddsUpToTheBalanceWhateverHappened makes random payments, advices, reversals and clearing, with moves
// between, and adds the items of activity up.
func TestActivityAddsUpToTheBalanceWhateverHappened(t *testing.T) {
	t.Parallel()
	for seed := range uint64(24) {
		d := newDesk(t, stores[seed%2].store)
		r := rand.New(rand.NewPCG(seed, 3)) //nolint:gosec // repeatable
		other := d.wallet(Opening{}, 1000)
		w := d.wallet(Opening{}, 5000)
		card := d.card(w, 2000)
		n := &narrator{desk: d, random: r, wallet: w, other: other, card: card}
		for range 30 {
			n.step()
		}
		s := d.snapshot(w)
		items, more, err := d.Activity(t.Context(), caller(), w, Place{}, PageMax)
		if err != nil || more {
			t.Fatal(err, more)
		}
		var posted, held, allocated spec.Money
		for i := range items {
			a := &items[i]
			switch a.Movement {
			case ToppedUp, Transfer:
				posted += a.Amount
			case Allocation:
				allocated += a.Amount
			case Purchase, Refund:
				posted += a.Refunded - a.Charged
				allocated += a.Refunded - a.Charged
				held += a.Held
				if a.Why == "" {
					t.Errorf("seed %d: %s: nothing is said of it", seed, a.State)
				}
				if (a.State == balance.Open) != (a.Held > 0) || a.Charged < 0 {
					t.Errorf("seed %d: %+v", seed, seenOf(a))
				}
			}
			if i > 0 && items[i-1].Compare(a.Place) <= 0 {
				t.Errorf("seed %d: item %d does not begin before the one above it", seed, i)
			}
			if a.Latest.Before(a.At) {
				t.Errorf("seed %d: item %d ends before it begins", seed, i)
			}
		}
		if posted != s.Posted || held != s.Held || allocated != s.Allocated {
			t.Errorf("seed %d: activity comes to posted %d held %d allocated %d, the wallet has %+v", seed, posted, held, allocated, s.Balances)
		}
		paged(t, d, w, items)
		d.verified()
	}
}

// narrator has something random happen to a wallet.
type narrator struct {
	*desk
	random *rand.Rand
	wallet string
	other  string
	card   spec.CardID
	sold   []soldOnce
}

type soldOnce struct {
	stan   uint32
	sent   int64
	amount spec.Money
	code   spec.ApprovalCode
}

func (n *narrator) step() {
	r, number := n.random, n.drawn.of(n.card, 0)
	q := spec.Request{MTI: 100, Amount: spec.Money(r.IntN(600)), Sent: time.Now().Unix()}
	var one soldOnce
	if len(n.sold) > 0 {
		one = n.sold[r.IntN(len(n.sold))]
	}
	switch r.IntN(11) {
	case 0, 1, 2:
		n.stan++
		q.STAN = n.stan
		resp := n.pay(number, q)
		n.sold = append(n.sold, soldOnce{q.STAN, q.Sent, q.Amount, resp.Approval})
	case 3: // the network stood in, or tells of what we approved
		q.MTI, q.ActionCode = 120, [2]byte{'0', '0'}
		copy(q.Approval[:], fmt.Sprintf("%06d", 500000+r.IntN(1000)))
		if q.STAN, q.Sent = one.stan, one.sent; one.stan == 0 || r.IntN(2) == 0 {
			n.stan++
			q.STAN, q.Sent = n.stan, time.Now().Unix()
			n.sold = append(n.sold, soldOnce{q.STAN, q.Sent, q.Amount, q.Approval})
		}
		n.pay(number, q)
	case 4, 5: // a reversal, now and then in part, or of nothing
		q.MTI, q.STAN = 420, 5000+n.stan+uint32(r.IntN(1000)) //nolint:gosec // small
		q.Amount, q.Original = one.amount, spec.Original{Present: true, STAN: one.stan, Sent: one.sent, Acquirer: 8}
		if r.IntN(3) == 0 {
			q.Replacement = spec.Replacement{Kind: spec.ReplacementAmount, Amount: one.amount / 2}
		}
		n.pay(number, q)
	case 6: // what was cleared last is taken back
		if n.takesBack = n.record.MTI != 0 && !n.record.Reversal; n.takesBack {
			n.clear(number, 0, 0, spec.ApprovalCode{})
			n.takesBack = false
		}
	case 7, 8: // cleared, perhaps twice, or for another amount, or without an authorization
		n.clear(number, max(1, one.amount+spec.Money(r.IntN(3))*spec.Money(r.IntN(40))), one.stan, one.code)
	case 9:
		ctx := n.t.Context()
		_, _ = n.Allocate(ctx, n.next(), n.wallet, n.card, spec.Money(r.IntN(600)-300)) // refused or not
		_, _ = n.Transfer(ctx, n.next(), n.wallet, n.other, spec.Money(1+r.IntN(300)), "")
	case 10:
		_, _ = n.Sweep(n.t.Context(), n.next(), n.wallet, n.card)
		_, _ = n.Transfer(n.t.Context(), n.next(), n.other, n.wallet, spec.Money(1+r.IntN(300)), "")
	}
}

func TestEveryStateOfAPurchaseSaysSomethingToAPerson(t *testing.T) {
	t.Parallel()
	texts := map[string]int{}
	for state := balance.Open; state.String() != "unknown"; state++ {
		if state == balance.IncrementOf { // is part of another
			continue
		}
		text := why(state, spec.InsufficientFunds, 0, Purchase)
		if texts[text]++; text == "" {
			t.Errorf("nothing is said of %s", state)
		}
	}
	if len(texts) < 14 {
		t.Errorf("%d states share texts: %v", len(texts), texts)
	}
	odds := map[string]bool{}
	for _, f := range []balance.Flags{
		balance.FlagDispute, balance.FlagDoubleSale, balance.FlagOver, balance.FlagWithinTolerance, balance.FlagNotOpen, balance.FlagNoAuthorization, 0,
	} {
		odds[why(balance.Settled, spec.Approved, f, Purchase)] = true
	}
	if len(odds) != 7 {
		t.Errorf("flags are told as %v", odds)
	}
	for _, r := range []spec.Reason{spec.InsufficientFunds, spec.CardFrozen, spec.PolicyRefusal} {
		if refusedFor(r) == "" {
			t.Errorf("nothing is said of %s", r)
		}
	}
}
