package cardnet

import (
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// The currencies of purchases abroad.
const (
	dollar spec.Currency = 840
	euro   spec.Currency = 978
)

// currencyCases were paid in another currency than the card's.
func currencyCases() []ClearingCase {
	return []ClearingCase{
		{"overseas", "paid in dollars, billed in yen (DE6) 3 % above what was held, as the rate moved", []Placement{Matched}, needsPlain, onPlain(overseas)},
		{"unusable-currency", "in euros, without an amount in the card's currency", []Placement{Suspended}, needsCard, onCard(unusableCurrency)},
	}
}

// overseas takes 150 yen for a dollar.
func overseas(_ *author, d *clearing.Draft) []*clearing.Draft {
	d.Billing, d.BillingCurrency = d.Amount+d.Amount*3/100, d.Currency
	d.Amount, d.Currency = d.Billing*100/150, dollar
	return []*clearing.Draft{d}
}

func unusableCurrency(a *author, s *Sale) []*clearing.Draft {
	s.Amount, s.Currency, s.Billing, s.BillingCurrency = 1999, euro, 0, 0
	return []*clearing.Draft{a.presentment(s)}
}

// settled is the currency that the card is billed in.
func (s *Sale) settled() spec.Currency {
	switch {
	case s.BillingCurrency != 0:
		return s.BillingCurrency
	case s.Currency != 0:
		return s.Currency
	}
	return spec.JPY
}
