package router

import (
	"sekisho/balance"
	"sekisho/risk"
	"sekisho/spec"
)

// complete posts a 0220: what was authorized has been delivered, and costs what the message says. It is
// never refused: what has no authorization, or more than that, is posted and flagged (DOMAIN §3, §7).
func (r *Router) complete(p *passage, v *balance.View) balance.Decision {
	q := p.request
	key := p.key(spec.FinancialAdvice)
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
	amount, usable := risk.Amount(q, v.Currency)
	if approvedThere(q) && !usable || q.Inquiry() {
		return r.suspend(p, v)
	}
	own, ready := v.Purchase(key.Purchase())
	if !ready {
		return balance.Decision{}
	}
	if (approvedThere(q) || q.Fields.Has(3)) && otherWay(own, q) {
		return p.suspendOther(v)
	}
	if !approvedThere(q) {
		return p.refusedThere(v, own)
	}
	c := completion{passage: p, program: r.programNamed(v.Program), amount: amount, own: own, hit: own}
	if card, ok := v.Card(p.row.Card); ok {
		c.closed = card.Status == balance.CardClosed
	}
	if own == nil || reversedBefore(own) {
		if c.hit, ready = p.authorization(v); !ready {
			return balance.Decision{}
		}
	}
	return c.post()
}

// completion is a 0220 that says what a purchase costs.
type completion struct {
	*passage
	program *Program
	amount  spec.Money        // in the program's currency
	closed  bool              // the card
	own     *balance.Purchase // under the message's own key; nil: none
	hit     *balance.Purchase // what it completes; nil: nothing is known of it
}

// post makes the event that moves the money, and where the completed purchase has another key a second
// one, so that a reversal can name the completion as well.
func (c *completion) post() balance.Decision {
	e := c.event(balance.Completed, spec.FinancialAdvice)
	e.Flags |= balance.FlagUnconditional // the network has spoken: it is not ours to take back any more
	left := c.amount
	if c.own != nil && reversedBefore(c.own) { // its reversal came first, and that is how it stays
		e.Flags |= balance.FlagAfterReversal
		left = min(c.amount, c.inProgramCurrency(c.own.Hold, c.amount))
		if c.own.State != balance.TombstonePart {
			e.State, e.Hold, e.Details = c.own.State, c.own.Hold, details(c.request)
			return c.done(&e, spec.Approved)
		}
	}
	switch {
	case c.request.Kind() == 20:
		c.credit(&e, left)
	case c.hit == nil:
		e.Flags |= balance.FlagNoAuthorization
		c.debit(&e, left)
	default:
		c.settle(&e, left)
	}
	if e.Purchase == e.Key.Purchase() {
		if c.hit == nil || c.hit.State != balance.RefundPaid { // else there is one already, with all there is to know
			e.Details = c.details()
		}
		return c.done(&e, spec.Approved)
	}
	d := c.done(&e, spec.Approved)
	if e.Posted != 0 {
		d.Events = append(d.Events, c.part(&e, left))
	}
	return d
}

// details are those of a purchase that has the message's own key. What it was asked for stays.
func (c *completion) details() balance.Details {
	d := details(c.request)
	if c.hit != nil {
		d = c.hit.Details
	}
	if c.request.Approval.Real() {
		d.NetworkCode = c.request.Approval
	}
	return d
}

// settle posts to a known purchase and releases what is left of its hold.
func (c *completion) settle(e *balance.Event, amount spec.Money) {
	hit := c.hit
	e.Purchase, e.Counter = hit.Key, owedTo(hit, e.Counter)
	switch hit.State {
	case balance.Settled, balance.PartlySettled: // the clearing amount is the true one
		e.Flags |= balance.FlagLate
		e.State, e.Hold = hit.State, hit.Hold
		return
	case balance.Paid:
		if hit == c.own { // a 0200 of ours, and the network's advice of it: one sale
			c.adjust(e, amount)
			return
		}
		e.Flags |= balance.FlagDoubleSale | balance.FlagOver
	case balance.Open, balance.AccountVerified:
		e.Flags |= c.above(amount, hit.Held())
	case balance.Unsettled:
		e.Flags |= c.above(amount, hit.Authorized)
	case balance.InSuspense:
		e.Flags |= balance.FlagNoAuthorization
	case balance.StateNone, balance.Reversed, balance.Declined, balance.DeclinedReversed, balance.NetworkDeclined,
		balance.Tombstone, balance.TombstonePart, balance.RefundDue, balance.VoidedLate, balance.HoldExpired,
		balance.RefundPaid, balance.IncrementOf:
		e.Flags |= balance.FlagNotOpen
	}
	if reversedBefore(hit) {
		e.Flags |= balance.FlagAfterReversal
	}
	c.debit(e, amount)
}

// adjust brings what our own 0200 posted to what the network says of it. What was reversed stays so.
func (c *completion) adjust(e *balance.Event, amount spec.Money) {
	paid := c.own.Posted
	e.Kind = balance.AdviceRecorded // not the event that makes the purchase
	if c.own.Flags&balance.FlagPartlyReversed != 0 && amount > paid {
		e.Flags |= balance.FlagAfterReversal
		amount = paid
	}
	if amount != paid {
		e.Flags |= balance.FlagAmountDiffers
	}
	c.debit(e, amount-paid)
}

// debit takes money from the wallet and from the card; below zero it gives some back.
func (c *completion) debit(e *balance.Event, amount spec.Money) {
	e.State = balance.Paid
	e.Posted, e.Allocated = -amount, -amount
	if amount < 0 && c.closed {
		e.Allocated = 0
	}
}

// credit gives money to the card: a refund. One that was authorized is completed, and if it was credited
// then it becomes what the completion says.
func (c *completion) credit(e *balance.Event, amount spec.Money) {
	paid := spec.Money(0)
	if hit := c.hit; hit != nil {
		e.Purchase, e.Counter = hit.Key, owedTo(hit, e.Counter)
		switch {
		case cleared(hit) && hit.State != balance.RefundPaid:
			e.Flags |= balance.FlagLate
			e.State, e.Hold = hit.State, hit.Hold
			return
		case hit.State == balance.RefundPaid:
			if paid = hit.Hold; paid != amount {
				e.Flags |= balance.FlagAmountDiffers
			}
		case hit.State != balance.RefundDue:
			e.Flags |= balance.FlagNotOpen
		}
	}
	e.State, e.Hold = balance.RefundPaid, amount
	e.Posted, e.Allocated = amount-paid, amount-paid
	if c.closed && e.Allocated > 0 {
		e.Allocated = 0
	}
}

// above says how far a completion is above what was held for it.
func (c *completion) above(amount, held spec.Money) balance.Flags {
	switch q := c.request; {
	case amount <= held:
		return 0
	case c.program != nil && c.program.tolerated(amount, held, q.MCC, q.Currency != c.program.Rules.Currency):
		return balance.FlagWithinTolerance
	}
	return balance.FlagOver
}

// part is the completion under its own key: how much of the purchase is its doing. Nothing else is matched with it.
func (c *completion) part(e *balance.Event, amount spec.Money) balance.Event {
	return balance.Event{
		Kind: balance.Completed, Card: e.Card, Actor: e.Actor, Counter: e.Counter, Purchase: e.Key.Purchase(),
		Of: e.Purchase, State: e.State, Hold: amount, Flags: balance.FlagPartOf | e.Flags, Details: details(c.request),
	}
}

// refusedThere records a 0220 that says that the network refused in our place. What we posted under the same
// key is moved back: the buyer was told no.
func (p *passage) refusedThere(v *balance.View, own *balance.Purchase) balance.Decision {
	e := p.event(balance.Completed, spec.FinancialAdvice)
	e.State = balance.NetworkDeclined
	if own == nil {
		e.Details = details(p.request)
		return p.done(&e, spec.Approved)
	}
	e.Counter = owedTo(own, e.Counter)
	if postedByUs(own) {
		p.moveBack(&e, v, own)
	} else {
		e.State, e.Hold, e.Counter = own.State, own.Hold, own.Counter
	}
	return p.done(&e, spec.Approved)
}

// authorization finds the purchase that a completion is about: by DE90, then by DE37, then by DE38. A
// refund has none but a refund.
func (p *passage) authorization(v *balance.View) (*balance.Purchase, bool) {
	q := p.request
	refund := q.Kind() == 20
	fits := func(found *balance.Purchase) bool { return found != nil && refunding(found) == refund }
	if q.Original.Present {
		found, ready := v.Purchase(p.originalKey())
		if ready && found != nil && found.Flags&balance.FlagPartOf != 0 {
			found, ready = v.Purchase(found.Of)
		}
		if !ready || fits(found) {
			return found, ready
		}
	}
	if named(q.RRN) {
		found, ready := v.ByRRN(p.row.Card, q.RRN, q.Acquirer)
		if !ready || fits(found) {
			return found, ready
		}
	}
	if q.Approval.Real() {
		found, ready := v.ByCode(p.row.Card, q.Approval, q.Merchant)
		if !ready || fits(found) {
			return found, ready
		}
	}
	return nil, true
}

// named says whether a DE37 names anything: blanks and zeros do not.
func named(r spec.RRN) bool { return saysSomething(r[:]) }
