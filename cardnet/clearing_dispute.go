package cardnet

import (
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// disputeCases are chargebacks and what answers them, fees, and records that only tell something.
func disputeCases() []ClearingCase {
	return []ClearingCase{
		{"chargeback", "a presentment charged back in full, 1442/450", []Placement{Matched, Other}, needsPlain, onPlain(chargeback)},
		{"partial-chargeback", "half of a presentment charged back, 1442/453", []Placement{Matched, Other}, needsPlain, onPlain(partialChargeback)},
		{"second-presentment", "charged back, and presented again, 1240/205", []Placement{Matched, Other, Other}, needsPlain, onPlain(secondPresentment)},
		{"fee-received", "a fee that we receive, 1740/781 with DE3 19", []Placement{Other}, "", feeReceived},
		{"fee-paid", "a fee that we pay, 1740/781 with DE3 29", []Placement{Other}, "", feePaid},
		{"retrieval", "a copy of the receipt is asked for, 1644/603", []Placement{Other}, needsCard, onCard(retrieval)},
		{"addendum", "a note that belongs to a purchase, 1644/695", []Placement{Other}, needsCard, onCard(addendum)},
	}
}

// Message reasons (DE25), which a loader keeps as they are.
const (
	reasonDispute   = 4837
	reasonFee       = 7600
	reasonRetrieval = 6321
)

// disputed charges an amount of a presentment back.
func disputed(d *clearing.Draft, function uint16) *clearing.Draft {
	c := again(d, 1442, function)
	c.OriginalAmount = d.Amount
	c.Reason = reasonDispute
	return c
}

func chargeback(_ *author, d *clearing.Draft) []*clearing.Draft {
	return []*clearing.Draft{d, disputed(d, 450)}
}

func partialChargeback(_ *author, d *clearing.Draft) []*clearing.Draft {
	c := disputed(d, 453)
	c.Amount /= 2
	return []*clearing.Draft{d, c}
}

func secondPresentment(_ *author, d *clearing.Draft) []*clearing.Draft {
	second := again(d, 1240, 205)
	second.OriginalAmount = d.Amount
	return []*clearing.Draft{d, disputed(d, 450), second}
}

func feeReceived(*author) []*clearing.Draft { return fee("190000", 330) }

func feePaid(*author) []*clearing.Draft { return fee("290000", 220) }

func fee(processing string, amount spec.Money) []*clearing.Draft {
	d := &clearing.Draft{DestinationID: clearingReceiver, OriginatorID: clearingForwarder}
	d.MTI, d.Function, d.Reason = 1740, 781, reasonFee
	d.Processing = [6]byte([]byte(processing))
	d.Amount, d.Currency = amount, spec.JPY
	return []*clearing.Draft{d}
}

func retrieval(a *author, s *Sale) []*clearing.Draft {
	d := a.telling(603, s)
	d.Reason = reasonRetrieval
	return []*clearing.Draft{d}
}

func addendum(a *author, s *Sale) []*clearing.Draft {
	d := a.telling(695, s)
	d.Further = append(d.Further, clearing.Field{DE: 72, Value: "PRACTICE ADDENDUM"})
	return []*clearing.Draft{d}
}

// telling is a record without an amount about a sale.
func (a *author) telling(function uint16, s *Sale) *clearing.Draft {
	d := &clearing.Draft{PAN: s.Number}
	d.MTI, d.Function = 1644, function
	d.Reference = a.newReference(s)
	return d
}
