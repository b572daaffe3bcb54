package balance

import (
	"slices"

	"sekisho/spec"
)

// PreAuthorization finds the one open pre-authorization (DE61[2]) of a card with this DE37, DE32 and
// DE42; nil when there are none or two. What is open is always in memory.
func (v *View) PreAuthorization(card spec.CardID, rrn spec.RRN, acquirer spec.Institution, merchant spec.MerchantID) *Purchase {
	q := Query{Kind: QueryRRN, Card: card, RRN: rrn, Acquirer: acquirer}
	var found *Purchase
	for _, k := range v.preAuthorized {
		p := v.purchases[k]
		if !q.matchesPurchase(p) || p.Details.Merchant != merchant {
			continue
		}
		if found != nil {
			return nil
		}
		found = p
	}
	return found
}

// preAuthorized says whether the purchase is an open pre-authorization.
func (p *Purchase) preAuthorized() bool {
	return p != nil && p.State == Open && p.Details.Conditions&spec.PreAuthorization != 0
}

// reserve keeps the list of open pre-authorizations. A journal may have the old one.
func (w *Wallet) reserve(k Key, open bool) {
	if open {
		w.preAuthorized = append(slices.Clip(w.preAuthorized), k)
		return
	}
	w.preAuthorized = slices.DeleteFunc(slices.Clone(w.preAuthorized), func(other Key) bool { return other == k })
}
