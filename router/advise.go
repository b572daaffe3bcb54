package router

import (
	"cmp"

	"sekisho/balance"
	"sekisho/risk"
	"sekisho/spec"
)

// advise records a 0120: the network answered in our place, and what it approved is held
// whatever we would have said. It is never refused (DOMAIN §3, §7).
func (r *Router) advise(p *passage, v *balance.View) balance.Decision {
	q := p.request
	key := p.key(spec.AuthorizationAdvice)
	record, ready := v.Record(key)
	if !ready {
		return balance.Decision{}
	}
	if record != nil && record.Fingerprint == q.Fingerprint() {
		return p.again(record, spec.Approved)
	}
	if record != nil {
		return p.suspendOther(v)
	}
	known, ready := v.Purchase(key.Purchase())
	if !ready {
		return balance.Decision{}
	}
	if q.Fields.Has(3) && otherWay(known, q) {
		return p.suspendOther(v)
	}
	e := p.event(balance.AdviceRecorded, spec.AuthorizationAdvice)
	e.Details = advised(q, known)
	if known != nil {
		e.State, e.Hold, e.Counter = known.State, known.Hold, known.Counter
		e.Flags |= known.Flags & balance.FlagPartOf
	}
	var whole []balance.Event // of what an increment adds to
	amount, usable := risk.Amount(q, v.Currency)
	switch {
	case !approvedThere(q):
		whole = p.declinedThere(&e, v, known)
	case q.Kind() == 20:
		if known == nil {
			e.State = balance.RefundDue
		}
	case q.Inquiry():
		if known == nil {
			e.State = balance.AccountVerified
		}
	case !usable:
		e.Kind, e.Flags = balance.Suspended, balance.FlagNotPlaceable
		e.Counter = balance.Account{Kind: balance.AccountSuspense, Name: v.Program}
		if known == nil {
			e.State = balance.InSuspense
		} else {
			e.Counter = known.Counter
		}
	default:
		whole = r.stoodIn(p, &e, known, amount, v)
	}
	if known != nil && e.Kind != balance.AdviceHeld && e.Kind != balance.Incremented { // what is held was held for what we were asked
		network := e.Details.NetworkCode
		e.Details = known.Details
		if network.Real() {
			e.Details.NetworkCode = network
		}
	}
	if e.Posted != 0 { // it does not tell all: what had been posted is in older events
		e.Details = balance.Details{}
	}
	d := p.done(&e, spec.Approved)
	if e.Kind == balance.AdviceHeld && known != nil && known.State != balance.Open && known.Details.OurCode.Real() {
		d.Events = []balance.Event{asKnown(known), e}
	}
	d.Events = append(d.Events, whole...)
	return d
}

// asKnown is a purchase as it stands, told again. One that is held anew may have left the wallet's memory: the
// event that holds it says only what the network says, and our approval code belongs to what we were asked.
func asKnown(known *balance.Purchase) balance.Event {
	return balance.Event{
		Kind: balance.AdviceRecorded, Card: known.Card, Counter: known.Counter, Purchase: known.Key, State: known.State, Hold: known.Hold,
		Flags: known.Flags &^ balance.FlagOurCode, Details: known.Details,
	}
}

// otherWay says whether an advice gives what the purchase under its key takes, or takes what that gives.
func otherWay(known *balance.Purchase, q *spec.Request) bool {
	if known == nil || known.State == balance.Tombstone || known.State == balance.TombstonePart { // of those nobody knows
		return false
	}
	return refunding(known) != (q.Kind() == 20)
}

// advised are the details of an advice. What it leaves out is as it was known.
func advised(q *spec.Request, known *balance.Purchase) balance.Details {
	d := details(q)
	if q.Approval.Real() {
		d.NetworkCode = q.Approval
	}
	if known == nil {
		return d
	}
	before := &known.Details
	d.Expires = before.Expires
	d.LocalTime, d.LocalDate = cmp.Or(d.LocalTime, before.LocalTime), cmp.Or(d.LocalDate, before.LocalDate)
	d.MCC, d.EntryMode = cmp.Or(d.MCC, before.MCC), cmp.Or(d.EntryMode, before.EntryMode)
	if !named(d.RRN) {
		d.RRN = before.RRN
	}
	if !saysSomething(d.Merchant[:]) {
		d.Merchant = before.Merchant
	}
	if !q.Fields.Has(61) {
		d.Conditions = before.Conditions
	}
	return d
}

// stoodIn holds what the network approved in our place. For an increment the event of what it adds to
// comes back.
func (r *Router) stoodIn(p *passage, e *balance.Event, known *balance.Purchase, amount spec.Money, v *balance.View) []balance.Event {
	state := balance.StateNone
	if known != nil {
		state = known.State
	}
	switch state {
	case balance.Reversed, balance.DeclinedReversed, balance.Tombstone:
		e.Flags |= balance.FlagAfterReversal
		return nil
	case balance.Settled, balance.PartlySettled, balance.Unsettled, balance.Paid, balance.RefundDue, balance.RefundPaid:
		return nil
	case balance.TombstonePart:
		e.Flags |= balance.FlagAfterReversal
		if left := p.inProgramCurrency(known.Hold, amount); left < amount {
			amount = left
		}
	case balance.Open, balance.IncrementOf:
		amount = max(0, amount-max(0, known.Posted))  // what was cleared is not held again
		if known.Flags&balance.FlagIncremented != 0 { // the advice is of the first part only
			amount = max(amount, known.Hold)
		}
		if known.Flags&balance.FlagPartlyReversed != 0 && amount > known.Hold {
			e.Flags |= balance.FlagAfterReversal // what was reversed stays reversed
			amount = known.Hold
		}
		if amount != known.Hold {
			e.Flags |= balance.FlagAmountDiffers
		}
	case balance.HoldExpired:
		if known.Flags&balance.FlagPartlyReversed != 0 && amount > known.Hold {
			e.Flags |= balance.FlagAfterReversal
			amount = known.Hold
		}
	case balance.StateNone, balance.Declined, balance.NetworkDeclined, balance.AccountVerified,
		balance.InSuspense, balance.VoidedLate:
	}
	if amount == 0 {
		e.State, e.Hold = balance.AccountVerified, 0
		if known != nil && known.Posted > 0 {
			e.State = balance.PartlySettled
		}
		return lower(v, known)
	}
	program := r.programNamed(v.Program)
	if program == nil {
		program = &Program{Holds: DefaultHolds(), Tolerances: DefaultTolerances()}
	}
	e.Flags |= balance.FlagUnconditional
	original := p.preAuthorization(v)
	if original == nil && state == balance.IncrementOf { // its advice need not say again what it adds to
		original = wholeOpen(v, known)
	}
	if original != nil && state != balance.Open {
		e.Hold = amount
		return []balance.Event{p.standIn(e, known, original, program, v.Currency)}
	}
	if state == balance.IncrementOf { // what it added to is not open any more
		e.Flags &^= balance.FlagUnconditional
		return nil
	}
	e.Kind, e.State, e.Hold = balance.AdviceHeld, balance.Open, amount
	if state != balance.Open { // an open hold keeps the end it has
		e.Counter = balance.Account{Kind: balance.AccountSettlement, Name: p.request.Link}
		e.Details.Expires = program.expires(p.request.At, amount, &e.Details)
	}
	return nil
}

// declinedThere records that the network refused in our place. What we had approved under the
// same key is released, or moved back: the buyer was told no. For an increment the event of what it adds to comes back.
func (p *passage) declinedThere(e *balance.Event, v *balance.View, known *balance.Purchase) []balance.Event {
	switch {
	case known == nil:
		e.State = balance.NetworkDeclined
	case postedByUs(known):
		p.moveBack(e, v, known)
	case (known.State == balance.Open || known.State == balance.IncrementOf) && known.Flags&balance.FlagUnconditional == 0:
		e.State, e.Hold = balance.NetworkDeclined, 0
		e.Flags |= balance.FlagNetworkNo
		return lower(v, known)
	}
	return nil
}

// postedByUs says whether we posted a purchase at once, by a 0200 or a refund's 0100, and nothing has been heard of
// it since.
func postedByUs(known *balance.Purchase) bool {
	return (known.State == balance.Paid || known.State == balance.RefundPaid) &&
		known.Flags&(balance.FlagUnconditional|balance.FlagPartOf) == 0
}

// moveBack undoes what we posted at once, where the network says that it refused in our place.
func (p *passage) moveBack(e *balance.Event, v *balance.View, known *balance.Purchase) {
	e.Posted = known.Posted
	if known.State == balance.RefundPaid {
		e.Posted = -known.Hold
	}
	e.Allocated = e.Posted
	if card, ok := v.Card(p.row.Card); ok {
		e.Allocated = toCard(e.Posted, e.Posted, &card)
	}
	e.State, e.Hold = balance.NetworkDeclined, 0
	e.Flags |= balance.FlagNetworkNo | known.Flags&balance.FlagRefund
}

// approvedThere says whether the network approved: DE39 is 00, or left out.
func approvedThere(q *spec.Request) bool {
	return q.ActionCode == [2]byte{'0', '0'} || q.ActionCode == [2]byte{}
}

// inProgramCurrency turns an amount in the currency of the request's DE4 into the program's,
// given what the whole of DE4 is in it.
func (p *passage) inProgramCurrency(part, whole spec.Money) spec.Money {
	if p.request.Amount == whole || p.request.Amount <= 0 {
		return part
	}
	return scale(part, whole, p.request.Amount)
}
