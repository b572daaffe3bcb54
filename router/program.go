package router

import (
	"time"

	"sekisho/balance"
	"sekisho/risk"
	"sekisho/spec"
)

// Program is an issued product: its number ranges, its rules, and how long it holds money.
type Program struct {
	Name   string
	Ranges []string // leading digits of its numbers, six to eight of them
	Rules  risk.Program
	Holds  Holds

	Tolerances Tolerances
	Receiver   spec.Institution // DE100 of the clearing records that are this program's; 0: not said
}

// Holds is how long money is held for each class of purchase. After that it is released; the
// purchase can still be found by its clearing.
type Holds struct {
	Default          time.Duration
	CardCheck        time.Duration // up to CardCheckMax
	CardCheckMax     spec.Money
	PreAuthorization time.Duration // DE61[2]
	Lodging          time.Duration // hotels, car hire, cruises
}

// DefaultHolds are the classes of DOMAIN §3.
func DefaultHolds() Holds {
	const day = 24 * time.Hour
	return Holds{Default: 7 * day, CardCheck: day, CardCheckMax: 200, PreAuthorization: 30 * day, Lodging: 30 * day}
}

// lodging are hotels, car hire and cruises (ISO 18245).
var lodging = []spec.MCCRange{
	{From: 3351, To: 3500},
	{From: 3501, To: 3999},
	{From: 4411, To: 4411},
	{From: 7011, To: 7012},
	{From: 7512, To: 7513},
	{From: 7519, To: 7519},
}

// expires is when a hold of this purchase runs out, Unix milliseconds.
func (p *Program) expires(at time.Time, held spec.Money, d *balance.Details) int64 {
	h := &p.Holds
	keep := h.Default
	switch {
	case d.Conditions&spec.PreAuthorization != 0:
		keep = h.PreAuthorization
	case isLodging(d.MCC):
		keep = h.Lodging
	case classOf(d.MCC) == classFuel && held <= p.Tolerances.FuelAuthorizedMax: // no card check: the full sale is to come
	case held <= h.CardCheckMax:
		keep = h.CardCheck
	}
	return at.Add(keep).UnixMilli()
}

func isLodging(mcc uint16) bool {
	for _, r := range lodging {
		if r.Has(mcc) {
			return true
		}
	}
	return false
}

// programOf finds the program of a number by its range; nil when it is nobody's.
func (r *Router) programOf(card *spec.Card) *Program {
	for i := range r.programs {
		for _, digits := range r.programs[i].Ranges {
			if card.HasRange(digits) {
				return &r.programs[i]
			}
		}
	}
	return nil
}

func (r *Router) programNamed(name string) *Program {
	for i := range r.programs {
		if r.programs[i].Name == name {
			return &r.programs[i]
		}
	}
	return nil
}
