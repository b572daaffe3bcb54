package cardnet

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sekisho/spec/clearing"
)

// ClearingCase is something that goes wrong between an authorization and its clearing, every day
// or now and then, and the records that show it.
type ClearingCase struct {
	Name string
	What string // one line for a person
	// Placements are where a loader should put its records, one each, in their order, when it
	// knows the card and what was authorized on it.
	Placements []Placement
	Needs      string // what the sales must have for it; empty when nothing

	drafts func(*author) []*clearing.Draft // nil when the sales do not have it
}

// Placement is where a loader puts a record.
type Placement string

// The placements. Each detail record has exactly one.
const (
	Matched   Placement = "matched"   // to its authorization, and posted
	Forced    Placement = "forced"    // posted without one
	Over      Placement = "over"      // posted, above what was held by more than its kind of merchant may
	Ambiguous Placement = "ambiguous" // two authorizations fit: a person decides
	Suspended Placement = "suspended" // cannot be placed: a person decides
	Other     Placement = "other"     // refund, reversal, dispute, fee, information
)

const (
	needsPlain = "an open purchase of 100 yen or more in an everyday shop"
	needsCard  = "a card that has paid"
)

// choosy is 0 for a case that needs something in particular, more for one that takes what is left.
func (c *ClearingCase) choosy() int {
	if c.Needs == needsPlain || c.Needs == needsCard || c.Needs == "" {
		return 1
	}
	return 0
}

// ClearingCases are all cases that a [Clearing] can have.
func ClearingCases() []ClearingCase {
	return slices.Concat(amountCases(), authorizationCases(), repeatCases(), currencyCases(), disputeCases())
}

// casesNamed finds cases by their names, each once.
func casesNamed(names []string) ([]*ClearingCase, error) {
	all := ClearingCases()
	var found []*ClearingCase
	for _, name := range names {
		i := slices.IndexFunc(all, func(c ClearingCase) bool { return c.Name == name })
		if i < 0 {
			known := make([]string, len(all))
			for i := range all {
				known[i] = all[i].Name
			}
			return nil, fmt.Errorf("there is no clearing case %q, expected one of %s", name, strings.Join(known, ", "))
		}
		if !slices.Contains(found, &all[i]) {
			found = append(found, &all[i])
		}
	}
	return found, nil
}

// onPlain makes a case of one open purchase.
func onPlain(records func(*author, *clearing.Draft) []*clearing.Draft) func(*author) []*clearing.Draft {
	return func(a *author) []*clearing.Draft {
		s := a.stock.take(plain)
		if s == nil {
			return nil
		}
		return records(a, a.presentment(s))
	}
}

// onCard makes a case of a card and a sale that was never authorized on it.
func onCard(records func(*author, *Sale) []*clearing.Draft) func(*author) []*clearing.Draft {
	return func(a *author) []*clearing.Draft {
		s := a.anyCard()
		if s == nil {
			return nil
		}
		return records(a, a.unheard(*s))
	}
}

// unheard is a sale on a card of which no message has told: another shop, another reference.
func (a *author) unheard(s Sale) *Sale {
	shop := shopAt(a.random.Uint64())
	return &Sale{
		Number: s.Number, Expiry: s.Expiry, Amount: 480, Currency: s.settled(), At: a.date.Add(-3 * time.Hour),
		RRN: a.digits(12), Approval: a.digits(6), Acquirer: s.Acquirer, MCC: 5499,
		Merchant: "UNHEARD" + a.digits(8), Shop: shop.name, Entry: "051",
	}
}

// digits are random, the first one not 0.
func (a *author) digits(count int) string {
	b := make([]byte, count)
	for i := range b {
		b[i] = '0' + byte(a.random.IntN(10)) //nolint:gosec // below ten
	}
	if b[0] == '0' {
		b[0] = '8'
	}
	return string(b)
}

// again is a copy of a record with another message type.
func again(d *clearing.Draft, mti, function uint16) *clearing.Draft {
	c := *d
	c.MTI, c.Function = mti, function
	return &c
}
