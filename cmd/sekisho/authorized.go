package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sekisho/balance"
	"sekisho/cardnet"
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
	logs, err := walletLogs(l.store)
	if err != nil {
		return authorized{}, err
	}
	cards := make([][]authorizedCard, len(logs))
	errs := make([]error, len(logs))
	var next atomic.Int64
	told := told{most: min(cmp.Or(asked.Most, salesMax), salesMax)}
	var workers sync.WaitGroup
	for range min(loadsInFlight, len(logs)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(logs) && ctx.Err() == nil; i = next.Add(1) - 1 {
				cards[i], errs[i] = authorizedOf(l.store, logs[i], &told)
				tell(progress{Done: i + 1, Total: int64(len(logs)), Unit: "wallets"})
			}
		})
	}
	workers.Wait()
	out := authorized{Cards: []authorizedCard{}, More: told.no.Load()}
	for _, of := range cards {
		out.Cards = append(out.Cards, of...)
	}
	return out, errors.Join(errors.Join(errs...), ctx.Err())
}

// walletLogs are the names of all wallets; house logs have a colon in theirs.
func walletLogs(store balance.Store) (logs []string, err error) {
	done := make(chan error, 1)
	store.Logs(func(log string, _ uint64) bool {
		if !strings.Contains(log, ":") {
			logs = append(logs, log)
		}
		return true
	}, func(err error) { done <- err })
	return logs, <-done
}

// authorizedOf are the cards of a wallet on which there is something to present.
func authorizedOf(store balance.Store, log string, told *told) ([]authorizedCard, error) {
	type answer struct {
		loaded balance.Loaded
		err    error
	}
	loaded := make(chan answer, 1)
	store.Load(log, func(l balance.Loaded, err error) { loaded <- answer{l, err} })
	a := <-loaded
	if a.err != nil {
		return nil, fmt.Errorf("wallet %s: %w", log, a.err)
	}
	w, err := balance.Restore(log, a.loaded)
	if err != nil {
		return nil, fmt.Errorf("wallet %s: %w", log, err)
	}
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
	return cards, nil
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
