package jobs_test

import (
	"time"

	"sekisho/spec"
	"sekisho/spec/clearing"
)

// presented is the clearing record of a sale.
func (s *shop) presented(v *sale, change ...func(*clearing.Draft)) *clearing.Draft {
	s.Helper()
	reference, err := clearing.MakeReference("88715000", v.local, uint64(v.request.STAN))
	if err != nil {
		s.Fatal(err)
	}
	q := &v.request
	d := &clearing.Draft{
		Record: clearing.Record{
			MTI: 1240, Function: 200, Processing: q.Processing, Amount: q.Amount, Currency: q.Currency, Billing: q.Billing, BillingCurrency: q.BillingCurrency,
			Local: v.local.Unix(), MCC: q.MCC, PointOfService: [12]byte([]byte("510101510130")), Reference: reference,
			Acquirer: q.Acquirer, Destination: 88791, Originator: 88715, RRN: q.RRN, Approval: v.approval, Merchant: q.Merchant,
			Name: clearing.PlaceName("TEST SHOP", "1-2-3", "TOKYO", "1000001", "13", "JPN"),
		},
		PAN: number(v.card),
	}
	for _, f := range change {
		f(d)
	}
	return d
}

// offline is the record of a sale that was never asked for.
func (s *shop) offline(card int, amount spec.Money, change ...func(*clearing.Draft)) *clearing.Draft {
	s.Helper()
	return s.presented(s.bought(card, amount), append([]func(*clearing.Draft){func(d *clearing.Draft) { d.Approval = spec.ApprovalCode{} }}, change...)...)
}

// What can be changed about a record.
func costs(amount spec.Money) func(*clearing.Draft) {
	return func(d *clearing.Draft) { d.Amount = amount }
}

func takesBack(d *clearing.Draft) {
	d.Reversal, d.ReversalDate = true, time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
}

func part(n, of uint8) func(*clearing.Draft) {
	return func(d *clearing.Draft) { d.Part, d.Parts = n, of }
}

func function(mti, code uint16) func(*clearing.Draft) {
	return func(d *clearing.Draft) {
		d.MTI, d.Function, d.OriginalAmount = mti, code, d.Amount
		if mti == 1442 {
			d.Reason = 4834
		}
	}
}

// otherReference gives a record a DE31 of its own.
func otherReference(n uint64) func(*clearing.Draft) {
	return func(d *clearing.Draft) { d.Reference, _ = clearing.MakeReference("99", time.Unix(d.Local, 0), n) }
}

func approval(code string) func(*clearing.Draft) {
	return func(d *clearing.Draft) {
		d.Approval = spec.ApprovalCode{}
		copy(d.Approval[:], code)
	}
}

func unnamed(d *clearing.Draft) { d.RRN = spec.RRN([]byte("000000000000")) }

// fee is a 1740: 19 comes to us, 29 goes from us.
func fee(kind string, amount spec.Money, change ...func(*clearing.Draft)) *clearing.Draft {
	d := &clearing.Draft{Record: clearing.Record{
		MTI: 1740, Function: 781, Processing: [6]byte([]byte(kind + "0000")), Amount: amount, Currency: spec.JPY, Reason: 7800, Destination: 88791, Originator: 8871,
	}}
	for _, f := range change {
		f(d)
	}
	return d
}

func told(function uint16, amount spec.Money) *clearing.Draft {
	mti := uint16(1644)
	if function == 570 {
		mti = 1540
	}
	return &clearing.Draft{Record: clearing.Record{MTI: mti, Function: function, Amount: amount}}
}
