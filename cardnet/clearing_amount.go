package cardnet

import (
	"time"

	"sekisho/spec/clearing"
)

// amountCases present another amount than was held, or one amount in two.
func amountCases() []ClearingCase {
	return []ClearingCase{
		{"over", "a purchase presented 100 yen above what was held", []Placement{Over}, needsPlain, onPlain(over)},
		{
			"over-tolerance", "a restaurant presents 15 % more than was held, as it may",
			[]Placement{Matched},
			"an open purchase of 100 yen or more in a restaurant or bar", overTolerance,
		},
		{"under", "a tenth less presented than was held", []Placement{Matched}, needsPlain, onPlain(under)},
		{"split", "a purchase delivered in two parts, 3990 01/02 and 02/02", []Placement{Matched, Matched}, needsPlain, onPlain(split)},
		{"fuel", "1 yen authorized at the pump, the sale of 4,800 yen presented", []Placement{Matched}, "an authorization of at most 2 yen at a filling station", fuelSale},
		{
			"ambiguous", "two equal purchases within minutes, and a presentment that names neither",
			[]Placement{Ambiguous},
			"two open purchases of one card in one shop, of one amount, within 3 minutes", ambiguous,
		},
		{
			"amount-changed", "the amount changed: authorized in full a second time, only the second presented",
			[]Placement{Matched},
			"two open purchases of one card in one shop, of different amounts", amountChanged,
		},
		{
			"reauthorized-shipment", "authorized again when shipped, while the first hold stands: the second's approval code, the first's reference",
			[]Placement{Matched},
			"two open purchases of one card in one shop, with different approval codes", reauthorized,
		},
	}
}

func over(_ *author, d *clearing.Draft) []*clearing.Draft {
	d.Amount += 100
	return []*clearing.Draft{d}
}

func under(_ *author, d *clearing.Draft) []*clearing.Draft {
	d.Amount -= d.Amount / 10
	return []*clearing.Draft{d}
}

func overTolerance(a *author) []*clearing.Draft {
	s := a.stock.take(func(s *Sale) bool {
		return purchased(s) && s.BillingCurrency == 0 && s.Amount >= 100 && kindOf(s.MCC) == dining
	})
	if s == nil {
		return nil
	}
	d := a.presentment(s)
	d.Amount += d.Amount * 15 / 100
	return []*clearing.Draft{d}
}

// split presents three fifths first. Both parts have one reference.
func split(_ *author, d *clearing.Draft) []*clearing.Draft {
	rest := again(d, 1240, 200)
	d.Amount = d.Amount * 3 / 5
	rest.Amount -= d.Amount
	d.Part, d.Parts = 1, 2
	rest.Part, rest.Parts = 2, 2
	return []*clearing.Draft{d, rest}
}

func fuelSale(a *author) []*clearing.Draft {
	s := a.stock.take(func(s *Sale) bool {
		return s.Standing == SaleOpen && !s.Refund && s.BillingCurrency == 0 && s.Amount <= checkMax && kindOf(s.MCC) == fuel
	})
	if s == nil {
		return nil
	}
	d := a.presentment(s)
	d.Amount = 4800
	return []*clearing.Draft{d}
}

func amountChanged(a *author) []*clearing.Draft {
	_, second := a.stock.takeTwo(func(first, second *Sale) bool { return first.billed() != second.billed() })
	if second == nil {
		return nil
	}
	return []*clearing.Draft{a.presentment(second)}
}

func reauthorized(a *author) []*clearing.Draft {
	first, second := a.stock.takeTwo(func(first, second *Sale) bool {
		return first.Approval != second.Approval && first.RRN != second.RRN
	})
	if second == nil {
		return nil
	}
	d := a.presentment(second)
	d.RRN = clearing.Record{}.RRN
	copy(d.RRN[:], lettersOnly(first.RRN))
	return []*clearing.Draft{d}
}

// ambiguous names an approval code and a reference that neither purchase has, so that shop, time
// and amount are all there is to go by.
func ambiguous(a *author) []*clearing.Draft {
	first, second := a.stock.takeTwo(func(first, second *Sale) bool {
		return first.billed() == second.billed() && first.Currency == second.Currency && apart(first, second) <= 3*time.Minute
	})
	if second == nil {
		return nil
	}
	neither := *first
	for neither.Approval == first.Approval || neither.Approval == second.Approval {
		neither.Approval = a.digits(6)
	}
	neither.RRN = a.digits(12)
	return []*clearing.Draft{a.presentment(&neither)}
}
