package cardnet

import (
	"time"

	"sekisho/spec/clearing"
)

// authorizationCases present what was never authorized, or is no longer.
func authorizationCases() []ClearingCase {
	return []ClearingCase{
		{"no-authorization", "a monthly charge without authorization, DE38 000000", []Placement{Forced}, needsCard, onCard(noAuthorization)},
		{"offline", "a gate that decided by itself, DE38 blank", []Placement{Forced}, needsCard, onCard(offlineSale)},
		{"late-sale", "presented 40 days after the purchase", []Placement{Matched}, needsPlain, onPlain(lateSale)},
		{"reversed-sale", "presented though it was cancelled", []Placement{Matched}, "a purchase that was cancelled", reversedSale},
		{"declined-sale", "presented though it was refused, DE38 000000", []Placement{Matched}, "a purchase that was refused", declinedSale},
		{"unknown-card", "a card that nobody issued", []Placement{Suspended}, "", unknownNumber},
		{"bad-luhn", "a card number whose check digit is wrong", []Placement{Suspended}, "", badLuhn},
	}
}

func noAuthorization(a *author, s *Sale) []*clearing.Draft {
	s.Amount, s.MCC, s.Entry, s.Approval = 980, 4814, "010", noApproval
	return []*clearing.Draft{a.presentment(s)}
}

func offlineSale(a *author, s *Sale) []*clearing.Draft {
	s.Amount, s.MCC, s.Entry, s.Approval = 210, 4111, "071", ""
	return []*clearing.Draft{a.presentment(s)}
}

func lateSale(a *author, d *clearing.Draft) []*clearing.Draft {
	at := time.Unix(d.Local, 0).UTC()
	day := a.date.AddDate(0, 0, -40)
	d.Local = day.Add(at.Sub(at.Truncate(24 * time.Hour))).Unix()
	d.Reference = a.referenceLike(d)
	return []*clearing.Draft{d}
}

func reversedSale(a *author) []*clearing.Draft {
	s := a.stock.take(func(s *Sale) bool {
		return s.Standing == SaleReversed && !s.Refund && s.billed() > checkMax && s.Approval != ""
	})
	if s == nil {
		return nil
	}
	return []*clearing.Draft{a.presentment(s)}
}

func declinedSale(a *author) []*clearing.Draft {
	s := a.stock.take(func(s *Sale) bool {
		return s.Standing == SaleDeclined && !s.Refund && s.billed() > checkMax && s.RRN != ""
	})
	if s == nil {
		return nil
	}
	refused := *s
	refused.Approval = noApproval
	return []*clearing.Draft{a.presentment(&refused)}
}

// unknownNumber is a made-up number that no sale has.
func unknownNumber(a *author) []*clearing.Draft {
	s := a.unheard(Sale{Acquirer: sampleAcquirer})
	taken := a.stock.numbers()
	for n := unissuedFirst + a.random.IntN(unissuedCount); ; n-- {
		if s.Number = madeUpNumber(n); !taken[s.Number] {
			return []*clearing.Draft{a.presentment(s)}
		}
	}
}

// badLuhn has a check digit that is off by one, which no [spec.PAN] can hold.
func badLuhn(a *author) []*clearing.Draft {
	s := a.unheard(Sale{Acquirer: sampleAcquirer})
	d := a.presentment(s)
	digits := []byte(madeUpNumber(unissuedFirst + a.random.IntN(unissuedCount)).Digits())
	last := len(digits) - 1
	digits[last] = '0' + (digits[last]-'0'+1)%10
	d.Further = append(d.Further, clearing.Field{DE: 2, Value: string(digits)})
	return []*clearing.Draft{d}
}
