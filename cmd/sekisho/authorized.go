package main

import (
	"bytes"
	"cmp"
	"context"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sekisho/balance"
	"sekisho/cardnet"
	"sekisho/jobs"
	"sekisho/spec"
)

// authorizedAsked is how many purchases the job is to tell of.
type authorizedAsked struct {
	Most int64 `json:"most"` // up to salesMax, which is also 0
}

// authorized is the job that says what can be presented: the purchases of a store, by card. There is
// no card number in it but sealed ones.
type authorized struct {
	Cards []authorizedCard `json:"cards"`
	More  int64            `json:"more,omitempty"` // purchases that are left out
}

type authorizedCard struct {
	ID     []byte `json:"id"`
	Sealed []byte `json:"sealed"` // empty where none is kept
	Expiry uint16 `json:"expiry"`
	Sales  []sale `json:"sales"`
}

// sale is a purchase on its way from where the store is open.
type sale struct {
	Amount          spec.Money       `json:"amount"`
	Currency        spec.Currency    `json:"currency"`
	Billing         spec.Money       `json:"billing"`
	BillingCurrency spec.Currency    `json:"billing_currency"`
	Refund          bool             `json:"refund"`
	Standing        cardnet.Standing `json:"standing"`
	At              time.Time        `json:"at"` // as read at the merchant, as though that were UTC
	RRN             string           `json:"rrn"`
	Approval        string           `json:"approval"`
	Acquirer        string           `json:"acquirer"`
	MCC             uint16           `json:"mcc"`
	Merchant        string           `json:"merchant"`
	Entry           uint16           `json:"entry"`
}

// jobAuthorized is its name.
const jobAuthorized = "authorized"

// Loads of wallets in flight at once, and how many purchases a store tells of: all, and of those that do not
// stand.
const (
	loadsInFlight = 16
	salesMax      = 100_000
	fallenMax     = 64
)

// told counts the purchases that are told of, over all wallets.
type told struct {
	most              int64
	sales, fallen, no atomic.Int64 // no: left out, as there are most already
}

// takes says whether there is room for another purchase.
func (t *told) takes(s *sale) bool {
	if s.Standing != cardnet.SaleOpen && t.fallen.Add(1) > fallenMax {
		return false
	}
	if t.sales.Add(1) > t.most {
		t.no.Add(1)
		return false
	}
	return true
}

// authorizedIn is the job.
func authorizedIn(ctx context.Context, l *ledger, asked authorizedAsked, tell func(progress)) (authorized, error) {
	out := authorized{Cards: []authorizedCard{}}
	told := told{most: min(cmp.Or(asked.Most, salesMax), salesMax)}
	var mu sync.Mutex
	err := jobs.EachWallet(ctx, l.store, loadsInFlight, func(_ context.Context, w *balance.Wallet) error {
		cards := authorizedOf(w, &told)
		mu.Lock()
		defer mu.Unlock()
		out.Cards = append(out.Cards, cards...)
		return nil
	}, tellOf(tell, "wallets"))
	slices.SortFunc(out.Cards, func(a, b authorizedCard) int { return bytes.Compare(a.ID, b.ID) })
	out.More = told.no.Load()
	return out, err
}

// authorizedOf are the cards of a wallet on which there is something to present.
func authorizedOf(w *balance.Wallet, told *told) []authorizedCard {
	sales := map[spec.CardID][]sale{}
	for _, p := range w.Purchases() {
		s, ok := saleOf(p, w.Currency)
		if !ok || !told.takes(&s) {
			continue
		}
		sales[p.Card] = append(sales[p.Card], s)
	}
	var cards []authorizedCard
	for _, c := range w.Cards() {
		if of := sales[c.ID]; of != nil {
			cards = append(cards, authorizedCard{ID: c.ID[:], Sealed: []byte(c.Sealed), Expiry: c.Expiry, Sales: of})
		}
	}
	return cards
}

// saleOf is a purchase as clearing would tell of it; ok is false where clearing says nothing.
func saleOf(p *balance.Purchase, currency spec.Currency) (s sale, ok bool) {
	d := &p.Details
	amount := d.Amount
	switch p.State {
	case balance.Open:
		amount = p.Hold
	case balance.RefundDue:
		s.Refund = true
	case balance.Reversed:
		s.Standing = cardnet.SaleReversed
	case balance.Declined:
		s.Standing = cardnet.SaleDeclined
	default:
		return s, false
	}
	s.Amount, s.Currency = amount, currency
	if d.Currency != currency && d.BillingCurrency == currency {
		if p.State != balance.Open {
			amount = d.Billing
		}
		s.Billing, s.BillingCurrency = amount, currency
		s.Amount, s.Currency = shareOf(d.Amount, amount, d.Billing), d.Currency
	}
	code := d.OurCode
	if !code.Real() {
		code = d.NetworkCode
	}
	s.At, s.RRN, s.Approval, s.Acquirer = localTimeOf(p), d.RRN.String(), code.String(), institutionDigits(p.Key.Acquirer())
	s.MCC, s.Merchant, s.Entry = d.MCC, d.Merchant.String(), d.EntryMode
	return s, s.Amount > 0
}

// shareOf is amount * of / whole, amount where there is nothing to divide.
func shareOf(amount, of, whole spec.Money) spec.Money {
	if of == whole || of < 0 || whole <= 0 || amount < 0 || of > whole {
		return amount
	}
	high, low := bits.Mul64(uint64(amount), uint64(of)) //nolint:gosec // none is below zero
	out, _ := bits.Div64(high, low, uint64(whole))      //nolint:gosec // of is not above whole, so that it fits
	return spec.Money(out)                              //nolint:gosec // not above amount
}

// localTimeOf is when a purchase was on the clock of its merchant. Its messages have no year: it is the
// one nearest to when they were sent.
func localTimeOf(p *balance.Purchase) time.Time {
	unix, _ := p.Key.Sent()
	sent := time.Unix(unix, 0).UTC()
	date, clock := int(p.Details.LocalDate), int(p.Details.LocalTime)
	if date == 0 {
		return sent
	}
	var best time.Time
	for year := sent.Year() - 1; year <= sent.Year()+1; year++ {
		t := time.Date(year, time.Month(date/100), date%100, clock/10000, clock/100%100, clock%100, 0, time.UTC)
		if best.IsZero() || t.Sub(sent).Abs() < best.Sub(sent).Abs() {
			best = t
		}
	}
	return best
}

// institutionDigits fills a number up to the eight digits of an institution; zeros at its end do not
// count when it is compared.
func institutionDigits(number spec.Institution) string {
	digits := strconv.FormatUint(uint64(number), 10)
	return digits + strings.Repeat("0", max(0, 8-len(digits)))
}
