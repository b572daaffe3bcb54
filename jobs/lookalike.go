package jobs

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// Lookalike is a purchase that an item in suspense may be about, for a person to judge. Amounts are minor
// units.
type Lookalike struct {
	Purchase  string     `json:"purchase"` // what to attach the item to
	At        time.Time  `json:"at"`       // when it was first recorded
	State     string     `json:"state"`
	Amount    spec.Money `json:"amount"`
	Hold      spec.Money `json:"hold"`
	Posted    spec.Money `json:"posted"`                    // for it so far; below zero for money to the card
	Currency  string     `json:"currency,omitempty"`        // of the amount
	Wallet    string     `json:"wallet_currency,omitempty"` // of what is held and posted
	Merchant  string     `json:"merchant,omitempty"`
	RRN       string     `json:"rrn,omitempty"`
	Approval  string     `json:"approval,omitempty"`
	LocalDate string     `json:"local_date,omitempty"`
	LocalTime string     `json:"local_time,omitempty"`
	Alike     []string   `json:"alike"` // in what, the strongest first
}

// LookalikesMax bounds how many are shown.
const LookalikesMax = 20

// Lookalikes reads the log of an item's wallet for purchases of its card that have anything in common with it, those
// that are open first, of them the most alike. There are none when the card is not known, and none that only a
// reversal has told of.
func Lookalikes(ctx context.Context, store balance.Store, item *Item) ([]Lookalike, error) {
	out := []Lookalike{}
	if item.Wallet == "" {
		return out, nil
	}
	found := map[balance.Key]*Lookalike{}
	var currency spec.Currency
	err := read(ctx, store, item.Wallet, 1, func(e *balance.Entry) {
		for i := range e.Events {
			if e.Events[i].Kind == balance.Opened {
				currency = e.Events[i].Currency
			}
			look(found, item, e.At, &e.Events[i])
		}
	})
	if err != nil {
		return nil, err
	}
	for _, l := range found {
		if l.State != balance.Tombstone.String() && l.State != balance.TombstonePart.String() {
			l.Wallet = currencyName(currency, 0)
			out = append(out, *l)
		}
	}
	slices.SortFunc(out, func(a, b Lookalike) int {
		return cmp.Or(cmp.Compare(b.open(), a.open()), cmp.Compare(len(b.Alike), len(a.Alike)), b.At.Compare(a.At), cmp.Compare(a.Purchase, b.Purchase))
	})
	return out[:min(len(out), LookalikesMax)], nil
}

// open is 1 for a purchase that is open.
func (l *Lookalike) open() int {
	if l.State == balance.Open.String() {
		return 1
	}
	return 0
}

// look keeps a purchase that is like the item, and brings it to where it stands.
func look(found map[balance.Key]*Lookalike, item *Item, at int64, e *balance.Event) {
	if e.Purchase == (balance.Key{}) || e.Card != item.event.Card {
		return
	}
	l := found[e.Purchase]
	if e.Details != (balance.Details{}) && e.Flags&balance.FlagPartOf == 0 && e.State != balance.IncrementOf {
		if in := alike(&item.event, &e.Details); len(in) > 0 {
			if l == nil {
				l = &Lookalike{Purchase: e.Purchase.String(), At: timeOf(at)}
				found[e.Purchase] = l
			}
			l.Alike = in
			l.say(&e.Details)
		}
	}
	if l != nil {
		l.State, l.Hold = e.State.String(), 0
		if e.State == balance.Open {
			l.Hold = e.Hold
		}
		l.Posted -= e.Posted
	}
}

func (l *Lookalike) say(d *balance.Details) {
	l.Amount, l.Currency, l.Merchant, l.RRN = d.Amount, currencyName(d.Currency, 0), text(d.Merchant[:]), text(d.RRN[:])
	for _, code := range []spec.ApprovalCode{d.OurCode, d.NetworkCode} {
		if code.Real() {
			l.Approval = text(code[:])
		}
	}
	if d.LocalDate != 0 {
		l.LocalDate, l.LocalTime = fmt.Sprintf("%04d", d.LocalDate), fmt.Sprintf("%06d", d.LocalTime)
	}
}

// alike is what a purchase has in common with an item.
func alike(item *balance.Event, d *balance.Details) (in []string) {
	want := &item.Details
	for _, code := range []spec.ApprovalCode{want.OurCode, want.NetworkCode} {
		if code.Real() && (code == d.OurCode || code == d.NetworkCode) {
			in = append(in, "approval code")
			break
		}
	}
	if text(want.RRN[:]) != "" && want.RRN == d.RRN {
		in = append(in, "retrieval reference")
	}
	if text(want.Merchant[:]) != "" && want.Merchant == d.Merchant {
		in = append(in, "merchant")
	}
	if want.Amount != 0 && want.Amount == d.Amount && want.Currency == d.Currency {
		in = append(in, "amount")
	}
	if want.LocalDate != 0 && want.LocalDate == d.LocalDate {
		in = append(in, "date")
	}
	if len(in) == 1 && (in[0] == "date" || in[0] == "merchant") {
		return nil // half of all purchases of a card
	}
	return in
}

// parsePurchase reads the name of a purchase as [Lookalike.Purchase] writes it.
func parsePurchase(name string) (k balance.Key, err error) {
	b, err := hex.DecodeString(name)
	if err != nil || len(b) == 0 || len(b) > len(k) {
		return k, fmt.Errorf("%q is not a purchase: expected the hexadecimal name that suspense show gives", name)
	}
	copy(k[:], b)
	if kind := k.Kind(); (kind != balance.KeyMessage && kind != balance.KeyClearing) || k.Purchase() != k {
		return balance.Key{}, fmt.Errorf("%q names no purchase: expected the hexadecimal name that suspense show gives", name)
	}
	return k, nil
}
