package router

import (
	"cmp"

	"sekisho/balance"
	"sekisho/spec"
)

// reverse applies a 0400 or 0420 to the purchase it names, however late it comes (DOMAIN §3, §7).
func (r *Router) reverse(p *passage, v *balance.View) balance.Decision {
	q := p.request
	record, ready := v.Record(p.key(q.Class))
	if !ready {
		return balance.Decision{}
	}
	if record != nil {
		if q.Class.Advice() && record.Fingerprint != q.Fingerprint() {
			return p.suspendOther(v)
		}
		return p.again(record, spec.DuplicateDiffers)
	}
	original, ready := p.original(v)
	if !ready {
		return balance.Decision{}
	}
	e := p.event(balance.ReversalRecorded, q.Class)
	e.Purchase = balance.Key{}
	if original == nil {
		return p.withoutOriginal(&e)
	}
	var part *balance.Purchase // the completion, when that is what is reversed
	if of, ready := completed(v, original); !ready {
		return balance.Decision{}
	} else if of != nil {
		part, original = original, of
	}
	e.Purchase, e.State, e.Hold, e.Counter = original.Key, original.State, original.Hold, original.Counter
	e.Flags |= original.Flags & (balance.FlagRefund | balance.FlagPartOf)
	switch original.State {
	case balance.Open:
		return p.reverseHold(&e, original, v.Currency)
	case balance.RefundPaid:
		return p.takeBack(&e, original, v.Currency)
	case balance.Paid:
		return p.giveBack(&e, original, part, v)
	case balance.IncrementOf:
		return p.reverseIncrement(&e, original, v)
	case balance.Settled:
		e.Flags |= balance.FlagLate
		if q.Class.Advice() {
			return p.done(&e, spec.Approved)
		}
		return p.done(&e, q.Policy.SettledReversal)
	case balance.Declined, balance.VoidedLate:
		if q.Replacement.Full() {
			e.State = balance.DeclinedReversed
		}
	case balance.TombstonePart:
		p.lowerTombstone(&e)
	case balance.HoldExpired, balance.AccountVerified, balance.NetworkDeclined, balance.RefundDue, balance.InSuspense:
		if q.Replacement.Full() {
			e.State = balance.Reversed
		}
	case balance.StateNone, balance.Reversed, balance.DeclinedReversed, balance.Tombstone,
		balance.PartlySettled, balance.Unsettled: // nothing is open
	}
	return p.done(&e, spec.Approved)
}

// original finds the purchase that a reversal is about: by DE90, then by DE37, then by DE38.
func (p *passage) original(v *balance.View) (*balance.Purchase, bool) {
	q := p.request
	if o := q.Original; o.Present {
		found, ready := v.Purchase(p.originalKey())
		if !ready || found != nil {
			return found, ready
		}
	}
	if named(q.RRN) {
		found, ready := v.ByRRN(p.row.Card, q.RRN, q.Acquirer)
		if !ready || found != nil {
			return found, ready
		}
	}
	if q.Approval.Real() {
		return v.ByApproval(p.row.Card, q.Approval, q.Amount, q.Merchant)
	}
	return nil, true
}

// originalKey is the purchase that DE90 names. A DE90 without an acquirer means the reversal's own.
func (p *passage) originalKey() balance.Key {
	o := p.request.Original
	acquirer := o.Acquirer
	if acquirer == 0 {
		acquirer = p.request.Acquirer
	}
	return balance.MessageKey(spec.ClassUnknown, p.row.Card, o.Sent, o.STAN, acquirer)
}

// withoutOriginal leaves a tombstone for the purchase that DE90 names, so that it is not approved
// when it comes after all.
func (p *passage) withoutOriginal(e *balance.Event) balance.Decision {
	q := p.request
	reason := spec.Approved
	if q.Original.Present {
		e.Kind, e.Purchase, e.State = balance.Tombstoned, p.originalKey(), balance.Tombstone
		if q.Replacement.Kind == spec.ReplacementAmount {
			e.State, e.Hold = balance.TombstonePart, q.Replacement.Amount
		}
		if !q.Class.Advice() {
			reason = q.Policy.UnknownReversal
		}
	}
	if q.Replacement.Kind == spec.ReplacementSuspicious { // what is left of it is not known: all may be held
		e.Flags |= balance.FlagSuspicious
		if q.Original.Present {
			e.State, e.Hold = balance.TombstonePart, cmp.Or(q.Amount, amountMax) // it may not say how much that is
		}
	}
	return p.done(e, reason)
}

// amountMax is the largest amount that a message has the digits for.
const amountMax = 999_999_999_999

// reverseHold releases an open hold, or lowers it to what DE95 leaves of it.
func (p *passage) reverseHold(e *balance.Event, original *balance.Purchase, program spec.Currency) balance.Decision {
	q := p.request
	left := p.left(original, program)
	switch {
	case q.Replacement.Full():
		e.Kind, e.State, e.Hold = balance.Released, balance.Reversed, 0
		if original.Posted != 0 {
			e.State = balance.PartlySettled
		}
		return p.done(e, spec.Approved)
	case q.Replacement.Kind == spec.ReplacementSuspicious:
		e.Flags |= balance.FlagSuspicious
	case p.lowers(original, left, program):
		e.Kind, e.Hold = balance.Reduced, left
		e.Flags |= balance.FlagPartlyReversed
		return p.done(e, spec.Approved)
	default:
		e.Flags |= balance.FlagAboveHold
	}
	return p.notApplied(e)
}

// notApplied answers a reversal whose DE95 cannot be followed: a request is refused, of an advice
// somebody must know.
func (p *passage) notApplied(e *balance.Event) balance.Decision {
	q := p.request
	p.router.log.Warn("partial reversal not applied", "link", q.Link, "stan", q.STAN, "card", q.Card.Masked(), "wallet", p.row.Log,
		"above_hold", e.Flags&balance.FlagAboveHold != 0)
	if q.Class.Advice() {
		return p.done(e, spec.Approved)
	}
	return p.done(e, spec.AmountUnusable)
}

// left is what DE95 leaves of a purchase, in the program's currency: an overseas sale was held
// as DE6, and DE95 is in the currency of DE4.
func (p *passage) left(original *balance.Purchase, program spec.Currency) spec.Money {
	left := p.request.Replacement.Amount
	if d := &original.Details; overseas(d, program) {
		return scale(left, d.Billing, d.Amount)
	}
	return left
}

// lowers says whether DE95 takes something off what is held. Of an overseas sale it may be less than one unit of
// the program's currency: then it is rounded away.
func (p *passage) lowers(original *balance.Purchase, left spec.Money, program spec.Currency) bool {
	d := &original.Details
	return left < original.Hold || (left == original.Hold && overseas(d, program) && p.request.Replacement.Amount < d.Amount)
}

// overseas says whether a sale was held as its DE6.
func overseas(d *balance.Details, program spec.Currency) bool {
	return d.Currency != program && d.BillingCurrency == program && d.Amount > 0
}

// takeBack undoes a refund that was credited at once.
func (p *passage) takeBack(e *balance.Event, original *balance.Purchase, program spec.Currency) balance.Decision {
	left := spec.Money(0)
	if p.request.Replacement.Kind == spec.ReplacementSuspicious {
		e.Flags |= balance.FlagSuspicious
		return p.notApplied(e)
	}
	if !p.request.Replacement.Full() {
		left = min(p.left(original, program), original.Hold)
	}
	e.Kind, e.Hold = balance.Reduced, left
	if left == 0 {
		e.Kind, e.State = balance.Released, balance.Reversed
	}
	e.Posted, e.Allocated = left-original.Hold, left-original.Hold
	return p.done(e, spec.Approved)
}

// completed is the purchase that a completion is part of, when that is what a reversal names; nil when it
// names something else, or nothing is known of that purchase any more.
func completed(v *balance.View, part *balance.Purchase) (*balance.Purchase, bool) {
	if part.Flags&balance.FlagPartOf == 0 || (part.State != balance.Paid && part.State != balance.RefundPaid) {
		return nil, true
	}
	return v.Purchase(part.Of)
}

// giveBack undoes what a 0200 or a 0220 posted, all of it or down to what DE95 leaves. Of a purchase that
// was completed several times only the part that is named is undone.
func (p *passage) giveBack(e *balance.Event, original, part *balance.Purchase, v *balance.View) balance.Decision {
	q := p.request
	named, paid := original, original.Posted
	if part != nil {
		named, paid = part, min(part.Hold, paid)
	}
	left := spec.Money(0)
	switch {
	case q.Replacement.Kind == spec.ReplacementSuspicious:
		e.Flags |= balance.FlagSuspicious
		return p.notApplied(e)
	case !q.Replacement.Full():
		left = min(p.left(named, v.Currency), paid)
	case original.Posted == 0:
		e.State = balance.Reversed
	}
	if left == paid {
		return p.done(e, spec.Approved)
	}
	e.Kind, e.Posted, e.Allocated = balance.Reduced, paid-left, paid-left
	if card, ok := v.Card(p.row.Card); ok && card.Status == balance.CardClosed {
		e.Allocated = 0
	}
	if original.Posted == e.Posted {
		e.Kind, e.State = balance.Released, balance.Reversed
	} else {
		e.Flags |= balance.FlagPartlyReversed
	}
	d := p.done(e, spec.Approved)
	if part != nil {
		w := balance.Event{
			Kind: balance.Reduced, Card: part.Card, Counter: part.Counter, Purchase: part.Key, State: balance.Paid, Hold: left,
			Flags: balance.FlagPartOf,
		}
		if left == 0 {
			w.Kind, w.State = balance.Released, balance.Reversed
		}
		d.Events = append(d.Events, w)
	}
	return d
}

// lowerTombstone makes a partial tombstone say what the latest reversal says.
func (p *passage) lowerTombstone(e *balance.Event) {
	q := p.request
	switch {
	case q.Replacement.Full():
		e.Kind, e.State, e.Hold = balance.Tombstoned, balance.Tombstone, 0
	case q.Replacement.Kind == spec.ReplacementAmount && q.Replacement.Amount < e.Hold:
		e.Kind, e.Hold = balance.Tombstoned, q.Replacement.Amount
	}
}
