package risk

import (
	"strings"
	"testing"
	"time"

	"sekisho/spec"
)

// fault makes one rule fail.
type fault struct {
	reason spec.Reason
	make   func(r *spec.Request, f *Facts)
}

// faults are in the order in which they outrank each other (DOMAIN §7).
func faults() []fault {
	status := func(s Status) func(*spec.Request, *Facts) {
		return func(_ *spec.Request, f *Facts) { f.Status = s }
	}
	return []fault{
		{spec.CardClosed, status(Closed)},
		{spec.CardLost, status(Lost)},
		{spec.CardStolen, status(Stolen)},
		{spec.ReversedBefore, func(_ *spec.Request, f *Facts) { f.Tombstone = true }},
		{spec.CardExpired, func(_ *spec.Request, f *Facts) { f.Expiry = 2610 }},
		{spec.ExpiryDiffers, func(r *spec.Request, _ *Facts) { r.Expiry = 3001; r.Fields.Add(14) }},
		{spec.NotServed, func(r *spec.Request, _ *Facts) { r.Processing = [6]byte{'4', '0', '0', '0', '0', '0'} }},
		{spec.AmountUnusable, func(r *spec.Request, _ *Facts) { r.Currency = 840 }},
		{spec.CardFrozen, status(Frozen)},
		{spec.CardNotActivated, status(NotActivated)},
		{spec.ChannelOff, func(r *spec.Request, _ *Facts) { r.Processing = [6]byte{'0', '1', '0', '0', '0', '0'} }},
		{spec.AmountLimit, func(_ *spec.Request, f *Facts) { f.Program.AmountMax = 499 }},
		{spec.InsufficientFunds, func(_ *spec.Request, f *Facts) { f.Available = 499 }},
	}
}

func good() (spec.Request, Facts) {
	r := spec.Request{
		Policy: &spec.Policy{ReversedBefore: spec.ReversedBefore, AccountVerification: spec.Approved},
		At:     time.Date(2026, 11, 24, 7, 0, 0, 0, time.UTC), Processing: [6]byte{'0', '0', '0', '0', '0', '0'}, Amount: 500, Currency: spec.JPY,
	}
	return r, Facts{Expiry: 2912, Available: 500, Program: Program{Currency: spec.JPY}}
}

func TestOfTwoReasonsTheOneThatOutranksIsTheAnswer(t *testing.T) {
	all := faults()
	for i, first := range all {
		for _, second := range all[i:] {
			r, f := good()
			second.make(&r, &f)
			status := f.Status
			first.make(&r, &f)
			if status != Active && f.Status != status {
				continue // a card has one status
			}
			v := Check(&r, &f)
			want := first.reason
			if first.reason == spec.NotServed && second.reason == spec.ChannelOff {
				continue // a message has one processing code
			}
			if v.Reason != want || v.Amount != 0 {
				t.Errorf("%s and %s: %s, amount %d", first.reason, second.reason, v.Reason, v.Amount)
			}
			steps := v.Trace.Steps()
			if steps[len(steps)-1].OK {
				t.Errorf("%s: the trace ends with a rule that held: %s", first.reason, v.Trace.String())
			}
		}
	}
}

func TestWhatIsApprovedIsHeldToTheYen(t *testing.T) {
	r, f := good()
	if v := Check(&r, &f); v.Reason != spec.Approved || v.Amount != 500 {
		t.Errorf("all of what is available: %+v", v)
	}
	r.Amount = 501
	if v := Check(&r, &f); v.Reason != spec.InsufficientFunds || !strings.HasSuffix(v.Trace.String(), "funds 501/500 NO") {
		t.Errorf("one yen more: %s %s", v.Reason, v.Trace.String())
	}
	r.Amount, f.Available = 0, -1
	if v := Check(&r, &f); v.Reason != spec.Approved || v.Amount != 0 {
		t.Errorf("amount 0 below zero: %+v", v)
	}
	r.Policy.PartialApproval, r.MCC, r.Amount, f.Available = []spec.MCCRange{{From: 5541, To: 5542}}, 5541, 800, 300
	if v := Check(&r, &f); v.Reason != spec.ApprovedPartly || v.Amount != 300 {
		t.Errorf("in part: %+v", v)
	}
	f.Available = 0
	if v := Check(&r, &f); v.Reason != spec.InsufficientFunds {
		t.Errorf("in part of nothing: %+v", v)
	}
}

func TestACardExpiresWithTheLastDayOfItsMonthWhereItWasIssued(t *testing.T) {
	japan := time.FixedZone("JST", 9*60*60)
	for _, c := range []struct {
		at   string
		want spec.Reason
	}{{"2026-11-30 23:59:59", spec.Approved}, {"2026-12-01 00:00:00", spec.CardExpired}} {
		r, f := good()
		at, err := time.ParseInLocation(time.DateTime, c.at, japan)
		if err != nil {
			t.Fatal(err)
		}
		r.At, f.Expiry, f.Program.Zone = at.UTC(), 2611, japan
		if v := Check(&r, &f); v.Reason != c.want {
			t.Errorf("%s in Japan: %s, want %s", c.at, v.Reason, c.want)
		}
	}
}

func TestAnOverseasSaleIsItsBilledAmount(t *testing.T) {
	for _, c := range []struct {
		amount, billing spec.Money
		has, ok         bool
	}{{100, 150, true, true}, {0, 0, true, true}, {100, 0, true, false}, {0, 150, true, false}, {100, 150, false, false}} {
		r := spec.Request{Amount: c.amount, Currency: 840, Billing: c.billing, BillingCurrency: spec.JPY}
		if c.has {
			r.Fields.Add(6)
		}
		if got, ok := Amount(&r, spec.JPY); ok != c.ok || (ok && got != c.billing) {
			t.Errorf("%+v: %d %v", c, got, ok)
		}
	}
}
