package router

import (
	"sekisho/balance"
	"sekisho/spec"
)

// An increment is a 0100 that adds to an open pre-authorization (DE61[2]) of the same DE37, card, DE32 and
// DE42. It is a purchase of its own, so that it can be repeated and reversed by its own key, but what it
// holds is part of what the first one holds: clearing finds one purchase with the sum.

// preAuthorization is what the request adds to; nil when it stands for itself. A sale in another currency
// than the first was in does.
func (p *passage) preAuthorization(v *balance.View) *balance.Purchase {
	q := p.request
	if q.Class != spec.Authorization && q.Class != spec.AuthorizationAdvice || q.Kind() != 0 || !named(q.RRN) {
		return nil
	}
	found := v.PreAuthorization(p.row.Card, q.RRN, q.Acquirer, q.Merchant)
	if found == nil || found.Key == p.key(q.Class).Purchase() || found.Details.Currency != q.Currency {
		return nil
	}
	return found
}

// wholeOpen is what an increment adds to, while that is open.
func wholeOpen(v *balance.View, part *balance.Purchase) *balance.Purchase {
	if part.Flags&balance.FlagPartOf == 0 {
		return nil
	}
	if whole, ready := v.Purchase(part.Of); ready && whole != nil && whole.State == balance.Open {
		return whole
	}
	return nil
}

// increment turns the decision about a 0100 into one about an increment. A refusal is recorded as any, and
// is never taken for the purchase that it would have added to.
func (p *passage) increment(e balance.Event, original *balance.Purchase, program *Program, card *balance.Card) balance.Decision {
	e.Flags |= balance.FlagPartOf
	e.Of = original.Key
	if e.Kind != balance.Authorized {
		return balance.Decision{Events: []balance.Event{e}, Response: respond(e.Answer)}
	}
	added := e.Hold
	e.Kind, e.State = balance.Incremented, balance.IncrementOf
	e.Details = details(p.request)
	e.Counter = original.Counter
	e.Flags &^= balance.FlagOurCode
	w := addTo(original, added)
	asked := p.request.Amount
	if e.Answer.Amount != 0 { // in part
		asked = e.Answer.Amount
	}
	raise(&w.Details, asked, added, program.Rules.Currency)
	w.Details.Expires = max(w.Details.Expires, program.expires(p.request.At, w.Hold, &w.Details))
	e.Answer.Approval = codeOf(original)
	if !e.Answer.Approval.Real() { // the network gave none
		e.Answer.Approval = approvalCode(card.ID, card.Codes)
		e.Flags |= balance.FlagOurCode
		w.Details.OurCode = e.Answer.Approval
	}
	return balance.Decision{Events: []balance.Event{e, w}, Response: respond(e.Answer)}
}

// addTo is the event that changes what the first purchase holds. Below zero it lowers it.
func addTo(original *balance.Purchase, added spec.Money) balance.Event {
	e := balance.Event{
		Kind: balance.Incremented, Card: original.Card, Counter: original.Counter, Purchase: original.Key, State: balance.Open,
		Hold: max(0, original.Hold+added), Flags: balance.FlagIncremented, Details: original.Details,
	}
	if added < 0 {
		e.Kind, e.Details, e.Flags = balance.Reduced, balance.Details{}, 0
	}
	if e.Hold == 0 {
		e.Kind, e.State = balance.Released, balance.Reversed
		if original.Posted != 0 {
			e.State = balance.PartlySettled
		}
	}
	return e
}

// raise makes the amounts of the first purchase those of the sum: in the currency of the sale, and, where
// that is another, in the program's.
func raise(d *balance.Details, asked, added spec.Money, program spec.Currency) {
	d.Amount += asked
	if d.Currency != program {
		d.Billing += added
	}
}

// codeOf is the approval code by which a purchase is known: ours, else the network's.
func codeOf(p *balance.Purchase) spec.ApprovalCode {
	if p.Details.OurCode.Real() {
		return p.Details.OurCode
	}
	return p.Details.NetworkCode
}

// standIn adds to the original what the network approved of an increment in our place. known is the
// increment as far as we have decided it.
func (p *passage) standIn(e *balance.Event, known, original *balance.Purchase, program *Program, currency spec.Currency) balance.Event {
	before := spec.Money(0)
	if known != nil && known.State == balance.IncrementOf {
		before = known.Hold
	}
	e.Kind, e.State = balance.Incremented, balance.IncrementOf
	e.Flags |= balance.FlagPartOf
	e.Of = original.Key
	e.Counter = original.Counter
	e.Details.Expires = 0
	w := addTo(original, e.Hold-before)
	if w.State != balance.Open {
		return w
	}
	w.Details = original.Details
	if before == 0 {
		raise(&w.Details, p.request.Amount, e.Hold, currency)
		w.Details.Expires = max(w.Details.Expires, program.expires(p.request.At, w.Hold, &w.Details))
	}
	if !original.Details.NetworkCode.Real() {
		w.Details.NetworkCode = e.Details.NetworkCode
	}
	return w
}

// reverseIncrement lowers what the first purchase holds by an increment, or by what DE95 takes of it.
func (p *passage) reverseIncrement(e *balance.Event, part *balance.Purchase, v *balance.View) balance.Decision {
	q := p.request
	e.Flags |= balance.FlagPartOf
	original := wholeOpen(v, part)
	left := p.left(part, v.Currency)
	switch {
	case q.Replacement.Full():
		left = 0
	case q.Replacement.Kind == spec.ReplacementSuspicious:
		e.Flags |= balance.FlagSuspicious
		return p.notApplied(e)
	case !p.lowers(part, left, v.Currency):
		e.Flags |= balance.FlagAboveHold
		return p.notApplied(e)
	}
	if original == nil { // nothing of it is held any more
		if left == 0 {
			e.State, e.Hold = balance.Reversed, 0
		}
		return p.done(e, spec.Approved)
	}
	e.Kind, e.State, e.Hold = balance.Reduced, balance.IncrementOf, left
	e.Flags |= balance.FlagPartlyReversed
	if left == 0 {
		e.Kind, e.State = balance.Released, balance.Reversed
	}
	d := p.done(e, spec.Approved)
	d.Events = append(d.Events, addTo(original, left-part.Hold))
	return d
}

// lower is the event that takes an increment off what it was added to, when it does not count any more.
func lower(v *balance.View, part *balance.Purchase) []balance.Event {
	if part == nil || part.State != balance.IncrementOf {
		return nil
	}
	if original := wholeOpen(v, part); original != nil {
		return []balance.Event{addTo(original, -part.Hold)}
	}
	return nil
}
