// Package risk says whether a card may be used as asked: pure rules over a request and what is
// known of the card, with a trace of what was checked.
package risk

import (
	"time"

	"sekisho/spec"
)

// Facts are what the rules know besides the request: the card, its money and the program.
type Facts struct {
	Status    Status
	Expiry    uint16 // YYMM
	Tombstone bool   // the reversal of this very purchase came before it
	Available spec.Money
	UseMax    spec.Money // the holder's own limit of one use; 0 is none
	Off       uint16     // ways of reading the card that are switched off: bit n is spec.Entry n
	Program   Program
}

// Status is the state of a card, as far as a rule asks.
type Status uint8

// The states.
const (
	Active Status = iota
	Frozen
	NotActivated
	Lost
	Stolen
	Closed
)

// Program is what an issued product allows.
type Program struct {
	Currency  spec.Currency
	AmountMax spec.Money     // of one use; 0 is no limit
	Zone      *time.Location // in which a card expires at the end of its month; nil is UTC
}

// Verdict is what the rules make of a request.
type Verdict struct {
	Reason spec.Reason
	Amount spec.Money // to hold, in the program's currency; 0 unless approved
	Trace  Trace
}

// Check goes through the rules in the order in which their reasons outrank each other
// (DOMAIN §7): the first that fails is the answer.
func Check(r *spec.Request, f *Facts) Verdict {
	v := Verdict{Reason: spec.Approved}
	amount, currencyOK := Amount(r, f.Program.Currency)
	rules := [...]struct {
		name      string
		got, want int64
		failed    bool
		reason    spec.Reason
	}{
		{"card_open", int64(f.Status), 0, f.Status == Closed, spec.CardClosed},
		{"card_not_lost", int64(f.Status), 0, f.Status == Lost, spec.CardLost},
		{"card_not_stolen", int64(f.Status), 0, f.Status == Stolen, spec.CardStolen},
		{"not_reversed_before", flag(f.Tombstone), 0, f.Tombstone, r.Policy.ReversedBefore},
		{"card_not_expired", monthOf(r.At, f.Program.Zone), int64(f.Expiry), monthOf(r.At, f.Program.Zone) > int64(f.Expiry), spec.CardExpired},
		{"expiry_agrees", int64(r.Expiry), int64(f.Expiry), r.Fields.Has(14) && r.Expiry != f.Expiry, spec.ExpiryDiffers},
		{"kind_served", int64(r.Kind()), 0, !served(r.Kind()), spec.NotServed},
		{"currency_usable", int64(r.Currency), int64(f.Program.Currency), !currencyOK, spec.AmountUnusable},
		{"card_not_frozen", int64(f.Status), 0, f.Status == Frozen, spec.CardFrozen},
		{"card_activated", int64(f.Status), 0, f.Status == NotActivated, spec.CardNotActivated},
		{"channel_on", int64(r.Entry), int64(f.Off), f.Off&(1<<r.Entry) != 0, spec.ChannelOff},
		{"cash_allowed", int64(r.Kind()), 0, r.Kind() == cash && !r.Policy.CashAllowed, spec.ChannelOff},
		{"amount_of_one_use", int64(amount), int64(f.Program.AmountMax), spends(r) && f.Program.AmountMax > 0 && amount > f.Program.AmountMax, spec.AmountLimit},
		{"amount_of_card", int64(amount), int64(f.UseMax), spends(r) && f.UseMax > 0 && amount > f.UseMax, spec.AmountLimit},
	}
	for i := range rules {
		rule := &rules[i]
		v.Trace.add(Step{rule.name, rule.got, rule.want, !rule.failed})
		if rule.failed {
			v.Reason = rule.reason
			return v
		}
	}
	if !spends(r) {
		return v
	}
	if amount == 0 && r.Kind() == purchase {
		v.Reason = r.Policy.AccountVerification
		return v
	}
	return funds(v, r, f, amount)
}

func funds(v Verdict, r *spec.Request, f *Facts, amount spec.Money) Verdict {
	enough := amount <= f.Available
	v.Trace.add(Step{"funds", int64(amount), int64(f.Available), enough})
	switch {
	case enough:
		v.Amount = amount
	case f.Available > 0 && r.Policy.Partial(r.MCC):
		v.Reason, v.Amount = spec.ApprovedPartly, f.Available
	default:
		v.Reason = spec.InsufficientFunds
	}
	return v
}

// The first two digits of DE3 that are served.
const (
	purchase = 0
	cash     = 1
	refund   = 20
)

func served(kind int) bool {
	switch kind {
	case purchase, cash, refund, 30, 31:
		return true
	}
	return false
}

// spends says whether the request takes money: neither a refund nor a balance inquiry does.
func spends(r *spec.Request) bool { return r.Kind() == purchase || r.Kind() == cash }

// Amount is what a request is about in the currency of the program: DE4, or DE6 where the sale
// was in another currency. ok is false when it is in neither, or when DE6 says nothing of a sale
// that DE4 says something of.
func Amount(r *spec.Request, program spec.Currency) (amount spec.Money, ok bool) {
	if r.Currency != program && !r.Fields.Has(6) {
		return 0, false
	}
	return AmountIn(program, r.Amount, r.Currency, r.Billing, r.BillingCurrency)
}

// AmountIn is the rule of [Amount] for whatever has DE4 and DE49, DE6 and DE51.
func AmountIn(program spec.Currency, amount spec.Money, currency spec.Currency, billing spec.Money, billingCurrency spec.Currency) (spec.Money, bool) {
	switch {
	case currency == program:
		return amount, true
	case billingCurrency == program && (billing == 0) == (amount == 0):
		return billing, true
	}
	return 0, false
}

func monthOf(t time.Time, zone *time.Location) int64 {
	if zone == nil {
		zone = time.UTC
	}
	t = t.In(zone)
	return int64(t.Year()%100)*100 + int64(t.Month())
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
