package cardnet

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"sekisho/spec"
)

func TestASaleIsWhatBecameOfItsPurchase(t *testing.T) {
	t.Parallel()
	var refused atomic.Bool
	i := newIssuer(t, func(m message) (message, bool) {
		code := actionApproved
		if refused.Load() {
			code = "51"
		}
		return reply(m, code, "731200"), false
	})
	n := i.dial(Config{Sales: true})
	ctx := t.Context()
	do := func(_ Answer, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	bought := &Purchase{Card: card(t, 1, "2912"), Amount: 1200, MCC: "0742", Merchant: "VET", RRN: "000000000001"}
	less := &Purchase{Card: card(t, 1, "2912"), Amount: 900, RRN: "000000000002"}
	gone := &Purchase{Card: card(t, 1, "2912"), Amount: 700, RRN: "000000000003"}
	advised := &Purchase{Card: card(t, 2, "3001"), Amount: 640, RRN: "000000000004"}
	back := &Purchase{Card: card(t, 2, "3001"), Amount: 300, RRN: "000000000005"}
	never := &Purchase{Card: card(t, 2, "3001"), Amount: 8000, RRN: "000000000006"}
	do(n.Authorize(ctx, bought))
	do(n.Authorize(ctx, less))
	do(n.Cancel(ctx, less, 400))
	do(n.Authorize(ctx, gone))
	do(n.Cancel(ctx, gone, 0))
	do(n.StandIn(ctx, advised, "00"))
	do(n.Refund(ctx, back))
	do(n.Verify(ctx, bought.Card))
	do(n.Balance(ctx, bought.Card))
	refused.Store(true)
	do(n.Authorize(ctx, never))
	got := map[string]Sale{}
	for _, s := range n.Sales() {
		got[s.RRN] = s
	}
	if len(got) != 6 {
		t.Fatalf("%d sales, want 6", len(got))
	}
	for _, c := range []struct {
		p        *Purchase
		amount   spec.Money
		standing Standing
		refund   bool
	}{
		{bought, 1200, SaleOpen, false},
		{less, 400, SaleOpen, false},
		{gone, 700, SaleReversed, false},
		{advised, 640, SaleOpen, false},
		{back, 300, SaleOpen, true},
		{never, 8000, SaleDeclined, false},
	} {
		s := got[c.p.RRN]
		if s.Amount != c.amount || s.Standing != c.standing || s.Refund != c.refund || s.Approval != c.p.Approval ||
			!s.At.Equal(c.p.At) || s.Number.Digits() != c.p.Card.digits() || s.Currency != spec.JPY || s.Acquirer != "88711234" {
			t.Errorf("the sale of %d yen is not what became of it", c.p.Amount)
		}
	}
	if s := got[bought.RRN]; s.MCC != 742 || s.Merchant != "VET" || s.Expiry != 2912 || s.Entry != "051" {
		t.Errorf("category %d, shop %q, expiry %d, entry %q", s.MCC, s.Merchant, s.Expiry, s.Entry)
	}
}

func TestWithoutBeingAskedToTheNetworkRemembersNoSale(t *testing.T) {
	t.Parallel()
	n := newIssuer(t, nil).dial(Config{})
	if _, err := n.Authorize(t.Context(), &Purchase{Card: card(t, 1, "2912"), Amount: 1200}); err != nil {
		t.Fatal(err)
	}
	if len(n.Sales()) != 0 {
		t.Error("there is a sale")
	}
}

// What the books say is held and what clearing will present must be the same money.
func TestTheSalesOfALoadAddUpToWhatTheBooksHold(t *testing.T) {
	t.Parallel()
	b := newBank()
	n := newIssuer(t, b.decide).dial(Config{Connections: 4, Sales: true})
	l := crowd(t, b, 6, 100_000)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	l.Every = func(_, total Figures) {
		if total.Messages > 1100 { // a deck has been dealt
			cancel()
		}
	}
	if _, err := n.Run(ctx, l); err != nil {
		t.Fatal(err)
	}
	sums := map[string]Held{}
	fallen, refunds := 0, 0
	for _, s := range n.Sales() {
		switch {
		case s.Standing != SaleOpen:
			fallen++
		case s.Refund:
			refunds++
		default:
			h := sums[s.Number.Digits()]
			h.Yen += int64(s.Amount)
			h.Open++
			sums[s.Number.Digits()] = h
		}
	}
	for c, h := range n.Expected() {
		if got := sums[c.digits()]; got != h {
			t.Errorf("card %v: the sales come to %+v, the books to %+v", c, got, h)
		}
	}
	if fallen == 0 || fallen > fallenMax || refunds == 0 || len(sums) < 6 {
		t.Errorf("%d sales that do not stand, %d refunds, %d cards", fallen, refunds, len(sums))
	}
}

func TestASaleWhoseCancelGotNoAnswerIsNotToldUntilItHas(t *testing.T) {
	t.Parallel()
	var answers atomic.Bool
	i := newIssuer(t, func(m message) (message, bool) {
		return reply(m, actionApproved, "731200"), m.mti[:3] == "040" && !answers.Load()
	})
	n := i.dial(Config{Sales: true, Timeout: 100 * time.Millisecond})
	p := &Purchase{Card: card(t, 1, "2912"), Amount: 1200}
	if _, err := n.Authorize(t.Context(), p); err != nil || len(n.Sales()) != 1 {
		t.Fatalf("%d sales, %v", len(n.Sales()), err)
	}
	a, err := n.Cancel(t.Context(), p, 0)
	if !errors.Is(err, ErrNoAnswer) || len(n.Sales()) != 0 {
		t.Errorf("without an answer: %d sales, %v", len(n.Sales()), err)
	}
	answers.Store(true)
	if _, err := n.Again(t.Context(), a); err != nil || len(n.Sales()) != 1 || n.Sales()[0].Standing != SaleReversed {
		t.Errorf("with an answer: %v, %v", n.Sales(), err)
	}
}
