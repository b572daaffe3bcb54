package router

import (
	"slices"

	"sekisho/balance"
	"sekisho/risk"
	"sekisho/spec"
)

// key is the key of the message, or of another message about the same purchase.
func (p *passage) key(class spec.Class) balance.Key {
	q := p.request
	return balance.MessageKey(class, p.row.Card, q.Sent, q.STAN, q.Acquirer)
}

// event begins the event of this message: key, fingerprint, who, and the network as the account
// on the other side.
func (p *passage) event(kind balance.Kind, class spec.Class) balance.Event {
	q := p.request
	e := balance.Event{
		Kind: kind, Key: p.key(class), Fingerprint: q.Fingerprint(), Card: p.row.Card,
		Actor:   balance.Actor{Kind: balance.ActorNetwork, Name: q.Link},
		Counter: balance.Account{Kind: balance.AccountSettlement, Name: q.Link},
	}
	e.Purchase = e.Key.Purchase()
	if q.Kind() == 20 && class != spec.Reversal && class != spec.ReversalAdvice {
		e.Flags = balance.FlagRefund
	}
	return e
}

// again answers a message whose key is known: a repeat gets the stored answer, other content
// gets differs, and neither is recorded.
func (p *passage) again(record *balance.Record, differs spec.Reason) balance.Decision {
	if record.Fingerprint != p.request.Fingerprint() {
		p.router.log.Warn("same key, other content", "link", p.request.Link, "class", p.request.Class.String(),
			"stan", p.request.STAN, "card", p.request.Card.Masked(), "wallet", p.row.Log)
		return balance.Decision{Response: spec.Response{Reason: differs}}
	}
	resp := respond(record.Answer)
	resp.Repeat = true
	return balance.Decision{Response: resp}
}

// respond is the response that says what a recorded answer says.
func respond(a balance.Answer) spec.Response {
	return spec.Response{Reason: a.Reason, Approval: a.Approval, Amount: a.Amount}
}

// done is the decision of a message that is never refused, or whose refusal is all that happens:
// one event, answered with its reason and the approval code the message came with.
func (p *passage) done(e *balance.Event, reason spec.Reason) balance.Decision {
	e.Answer.Reason = reason
	if p.request.Approval.Real() {
		e.Answer.Approval = p.request.Approval
	}
	return balance.Decision{Events: []balance.Event{*e}, Response: respond(e.Answer)}
}

// details are what is kept of a purchase from its message.
func details(q *spec.Request) balance.Details {
	return balance.Details{
		Amount: q.Amount, Currency: q.Currency, Billing: q.Billing, BillingCurrency: q.BillingCurrency,
		LocalTime: q.LocalTime, LocalDate: q.LocalDate, MCC: q.MCC, EntryMode: q.EntryMode,
		RRN: q.RRN, Merchant: q.Merchant, Conditions: q.Conditions,
	}
}

// statusBy is the status of a card for somebody who came with this number: one that was replaced, or a device
// token that was removed, is no number of it any more, though clearing still finds the card by it.
func statusBy(row *balance.Row, card *balance.Card) risk.Status {
	begins := [8]byte(row.Hash[:8])
	replaced := row.Kind == balance.RowNumber && card.Number != [8]byte{} && begins != card.Number
	if replaced || slices.Contains(card.Removed, begins) {
		return risk.Closed
	}
	return statusOf(card.Status)
}

func statusOf(s balance.CardStatus) risk.Status {
	switch s {
	case balance.CardActive:
		return risk.Active
	case balance.CardFrozen:
		return risk.Frozen
	case balance.CardNotActivated:
		return risk.NotActivated
	case balance.CardLost:
		return risk.Lost
	case balance.CardStolen:
		return risk.Stolen
	case balance.CardClosed:
		return risk.Closed
	}
	return risk.Closed
}
