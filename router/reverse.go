package router

import (
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
	e.Purchase, e.State, e.Hold, e.Counter = original.Key, original.State, original.Hold, original.Counter
	switch original.State {
	case balance.Open:
		return p.reverseHold(&e, original, v.Currency)
	case balance.RefundPaid:
		return p.takeBack(&e, original, v.Currency)
	case balance.Settled, balance.PartlySettled:
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
	case balance.StateNone, balance.Reversed, balance.DeclinedReversed, balance.Tombstone:
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
	if q.RRN != (spec.RRN{}) {
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
			e.State, e.Hold = balance.TombstonePart, q.Amount
		}
	}
	return p.done(e, reason)
}

// reverseHold releases an open hold, or lowers it to what DE95 leaves of it.
func (p *passage) reverseHold(e *balance.Event, original *balance.Purchase, program spec.Currency) balance.Decision {
	q := p.request
	left := p.left(original, program)
	switch {
	case q.Replacement.Full():
		e.Kind, e.State, e.Hold = balance.Released, balance.Reversed, 0
		return p.done(e, spec.Approved)
	case q.Replacement.Kind == spec.ReplacementSuspicious:
		e.Flags |= balance.FlagSuspicious
	case left < original.Hold:
		e.Kind, e.Hold = balance.Reduced, left
		e.Flags |= balance.FlagPartlyReversed
		return p.done(e, spec.Approved)
	default:
		e.Flags |= balance.FlagAboveHold
	}
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
	d := &original.Details
	if d.Currency != program && d.BillingCurrency == program && d.Amount > 0 {
		return scale(left, d.Billing, d.Amount)
	}
	return left
}

// takeBack undoes a refund that was credited at once.
func (p *passage) takeBack(e *balance.Event, original *balance.Purchase, program spec.Currency) balance.Decision {
	left := spec.Money(0)
	if p.request.Replacement.Kind == spec.ReplacementSuspicious {
		e.Flags |= balance.FlagSuspicious
		if p.request.Class.Advice() {
			return p.done(e, spec.Approved)
		}
		return p.done(e, spec.AmountUnusable)
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
