package router

import (
	"fmt"
	"math/bits"

	"sekisho/balance"
	"sekisho/risk"
	"sekisho/spec"
)

// authorize decides a 0100, and a 0200, which posts at once what a 0100 holds: a repeat is answered from
// the record, everything else by the rules on this version of the wallet (DOMAIN §3, §7).
func (r *Router) authorize(p *passage, v *balance.View) balance.Decision {
	q := p.request
	key := p.key(q.Class)
	record, ready := v.Record(key)
	if !ready {
		return balance.Decision{}
	}
	if record != nil {
		return p.again(record, spec.DuplicateDiffers)
	}
	if q.SignedOff { // and it was not answered before
		return balance.Decision{Response: spec.Response{Reason: spec.NotSignedOn}}
	}
	if v.Late && !q.Policy.LateAnswers {
		return balance.Decision{Undecided: errLate}
	}
	known, ready := v.Purchase(key.Purchase())
	if !ready {
		return balance.Decision{}
	}
	if known != nil && !reversedBefore(known) && known.State != balance.InSuspense && !q.Inquiry() {
		return p.afterAdvice(v, known)
	}
	card, ok := v.Card(p.row.Card)
	program := r.programNamed(v.Program)
	if !ok || program == nil {
		return balance.Decision{Undecided: fmt.Errorf("wallet %s: card %s or program %q is not known", v.Log, p.row.Card, v.Program)}
	}
	facts := risk.Facts{
		Status: statusBy(&p.row, &card), UseMax: card.Rules.UseMax, Off: card.Rules.Off, Expiry: card.Expiry, Tombstone: known != nil && reversedBefore(known),
		Available: card.Available(), Program: program.Rules,
	}
	verdict := risk.Check(q, &facts)
	p.trace = verdict.Trace
	if v.Late {
		verdict.Reason = spec.Late
	}
	if q.Inquiry() && verdict.Reason.Approves() {
		return p.tellBalance(v, &card)
	}
	if q.Inquiry() {
		return balance.Decision{Response: spec.Response{Reason: verdict.Reason}}
	}
	e := p.authorized(known, &card, program, &verdict)
	if original := p.preAuthorization(v); original != nil {
		return p.increment(e, original, program, &card)
	}
	return balance.Decision{Events: []balance.Event{e}, Response: respond(e.Answer)}
}

// authorized is the event of a decision about a 0100 or 0200, a refusal as much as an approval.
func (p *passage) authorized(known *balance.Purchase, card *balance.Card, program *Program, verdict *risk.Verdict) balance.Event {
	q := p.request
	e := p.event(balance.Refused, q.Class)
	e.Answer.Reason = verdict.Reason
	e.Details = details(q)
	e.State = balance.Declined
	if known != nil { // its reversal came first, and that is how it stays
		e.State, e.Hold = known.State, known.Hold
	}
	if !verdict.Reason.Approves() {
		if verdict.Reason == spec.Late {
			e.Flags |= balance.FlagLate
		}
		return e
	}
	e.Flags |= balance.FlagOurCode
	e.Details.OurCode = approvalCode(card.ID, card.Codes)
	e.Answer.Approval = e.Details.OurCode
	switch amount, _ := risk.Amount(q, program.Rules.Currency); {
	case q.Kind() == 20 && (q.Policy.RefundAtOnce || q.Class == spec.Financial):
		e.Kind, e.State, e.Hold = balance.RefundAuthorized, balance.RefundPaid, amount
		e.Posted, e.Allocated = amount, amount
	case q.Kind() == 20:
		e.Kind, e.State = balance.RefundAuthorized, balance.RefundDue
	case verdict.Amount == 0:
		e.Kind, e.State = balance.Verified, balance.AccountVerified
	default:
		p.grant(&e, verdict.Amount, program)
		if verdict.Reason == spec.ApprovedPartly {
			e.Answer.Amount = p.inTransactionCurrency(verdict.Amount, program.Rules.Currency)
		}
		if verdict.Reason == spec.ApprovedPartly && e.Answer.Amount == 0 { // less than one unit of the sale's currency
			e.Kind, e.State, e.Hold, e.Flags = balance.Refused, balance.Declined, 0, 0
			e.Posted, e.Allocated = 0, 0
			e.Answer, e.Details = balance.Answer{Reason: spec.InsufficientFunds}, details(q)
		}
	}
	return e
}

// grant holds what is approved; a 0200 posts it.
func (p *passage) grant(e *balance.Event, amount spec.Money, program *Program) {
	if p.request.Class == spec.Financial {
		e.Kind, e.State, e.Hold = balance.Completed, balance.Paid, 0
		e.Posted, e.Allocated = -amount, -amount
		return
	}
	e.Kind, e.State, e.Hold = balance.Authorized, balance.Open, amount
	e.Details.Expires = program.expires(p.request.At, amount, &e.Details)
}

// afterAdvice answers a 0100 or 0200 whose purchase the network has told us of already: it is the same
// purchase, with the network's approval code and no second hold.
func (p *passage) afterAdvice(v *balance.View, known *balance.Purchase) balance.Decision {
	class := spec.AuthorizationAdvice
	if p.request.Class == spec.Financial {
		class = spec.FinancialAdvice
	}
	advice, ready := v.Record(p.key(class))
	if !ready {
		return balance.Decision{}
	}
	if known.State == balance.NetworkDeclined {
		e := p.event(balance.Refused, p.request.Class)
		e.Answer.Reason, e.State, e.Details = spec.PolicyRefusal, known.State, details(p.request)
		e.Flags |= known.Flags & balance.FlagPartOf
		return balance.Decision{Events: []balance.Event{e}, Response: respond(e.Answer)}
	}
	if advice == nil || advice.Fingerprint != p.request.Fingerprint() {
		return balance.Decision{Response: spec.Response{Reason: spec.DuplicateDiffers}}
	}
	e := p.event(balance.Authorized, p.request.Class)
	e.Flags |= known.Flags & balance.FlagPartOf
	e.Counter, e.State, e.Hold = known.Counter, known.State, known.Hold
	if known.Flags&(balance.FlagAfterReversal|balance.FlagPartlyReversed) != 0 { // a part of it was reversed before it came
		e.Kind, e.Answer.Reason = balance.Refused, p.request.Policy.ReversedBefore
		return balance.Decision{Events: []balance.Event{e}, Response: respond(e.Answer)}
	}
	e.Answer = balance.Answer{Reason: spec.Approved, Approval: known.Details.NetworkCode}
	if known.State == balance.IncrementOf { // answered with the code of what it adds to, where that is known
		if original := wholeOpen(v, known); original != nil {
			e.Answer.Approval = codeOf(original)
		}
	}
	if card, ok := v.Card(p.row.Card); ok && !e.Answer.Approval.Real() { // the network gave none
		e.Answer.Approval = approvalCode(card.ID, card.Codes)
		e.Flags |= balance.FlagOurCode
		e.Details = known.Details
		e.Details.OurCode = e.Answer.Approval
	}
	return balance.Decision{Events: []balance.Event{e}, Response: respond(e.Answer)}
}

// tellBalance answers a balance inquiry. It appends nothing.
func (p *passage) tellBalance(v *balance.View, card *balance.Card) balance.Decision {
	b := &spec.Balance{
		Available: card.Available(), Ledger: card.Allocated, Currency: v.Currency,
		Account: [2]byte{p.request.Processing[2], p.request.Processing[3]},
	}
	return balance.Decision{Response: spec.Response{Reason: spec.Approved, Approval: inquiryCode(p.key(p.request.Class)), Balance: b}}
}

// reversedBefore says whether a reversal of this purchase came before what is decided now.
func reversedBefore(p *balance.Purchase) bool {
	switch p.State {
	case balance.Tombstone, balance.TombstonePart, balance.Reversed, balance.DeclinedReversed:
		return true
	case balance.StateNone, balance.Open, balance.Declined, balance.NetworkDeclined, balance.AccountVerified,
		balance.RefundDue, balance.RefundPaid, balance.InSuspense, balance.VoidedLate, balance.HoldExpired,
		balance.Settled, balance.PartlySettled, balance.Unsettled, balance.Paid, balance.IncrementOf:
		return false
	}
	return false
}

// inTransactionCurrency turns an amount in the program's currency into the one of DE4.
func (p *passage) inTransactionCurrency(amount spec.Money, program spec.Currency) spec.Money {
	if q := p.request; q.Currency != program && q.Billing > 0 {
		return scaleDown(amount, q.Amount, q.Billing)
	}
	return amount
}

// scale is amount x to / from, rounded half up.
func scale(amount, to, from spec.Money) spec.Money { return scaleBy(amount, to, from, from/2) }

// scaleDown is the same, rounded down: what is approved is never worth more than what there is.
func scaleDown(amount, to, from spec.Money) spec.Money { return scaleBy(amount, to, from, 0) }

// scaleBy adds to the product before it divides. Amounts have twelve digits: the product needs more
// than 64 bits.
func scaleBy(amount, to, from, add spec.Money) spec.Money {
	if amount < 0 || to < 0 || from <= 0 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(amount), uint64(to))
	lo, carry := bits.Add64(lo, uint64(add), 0)
	hi += carry
	if hi >= uint64(from) {
		return 1<<62 - 1
	}
	n, _ := bits.Div64(hi, lo, uint64(from))
	return spec.Money(min(n, 1<<62-1)) //nolint:gosec // bounded
}
