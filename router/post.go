package router

import (
	"sekisho/balance"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// posting is money that clearing, or a person for it, moves on a card.
type posting struct {
	card    *balance.Card
	program *Program
	amount  spec.Money // in the program's currency
	credit  bool
	mcc     uint16
	foreign bool
	part    uint8 // 0: all of the sale
	last    bool  // nothing more is to come of the sale

	waits balance.Key // the name under which its reversal, that came first, waits; none: nothing does
}

// events post to a purchase, or to none: then the posting is a purchase of its own. e has the key, who, and
// what it is called by; its placement says what was found.
func (p *posting) events(e balance.Event, hit *balance.Purchase) []balance.Event {
	amount := p.amount
	switch {
	case hit == nil:
		if e.Purchase == (balance.Key{}) {
			e.Purchase = e.Key.Purchase()
		}
		e.State = balance.Settled
		if p.credit {
			e.Flags |= balance.FlagRefund
		} else {
			e.Flags |= balance.FlagNoAuthorization
		}
	case p.credit && !refunding(hit): // for a sale: it goes on as it would without
		keep(&e, hit.Key, hit)
		if p.part != 0 && p.last {
			e.State, e.Hold = balance.Settled, 0
		}
	case p.credit:
		e.Purchase, e.State, e.Counter = hit.Key, balance.Settled, owedTo(hit, e.Counter)
		e.Flags |= refundFlags(hit) | balance.FlagRefund
		if hit.Online < 0 { // paid at once: what is left, which is often nothing
			e.Clearing.Instead = hit.Online
			amount += hit.Online
		}
	default:
		e.Purchase, e.Counter = hit.Key, owedTo(hit, e.Counter)
		p.settle(&e, hit)
		if hit.Online > 0 { // posted by an online message: the clearing amount is the true one
			e.Clearing.Instead = hit.Online
			if !p.last {
				e.Clearing.Instead = min(amount, hit.Online)
			}
			amount -= e.Clearing.Instead
		}
	}
	if p.credit {
		e.Kind, e.Clearing.Placement = balance.Credited, balance.PlacedOther
	}
	move(&e, amount, p.credit, p.card)
	if p.waits == (balance.Key{}) {
		return []balance.Event{e}
	}
	return p.takenBack(e, hit)
}

// takenBack adds to the event of a posting the one that undoes it, for a reversal that came first.
func (p *posting) takenBack(e balance.Event, hit *balance.Purchase) []balance.Event {
	after := balance.Purchase{Key: e.Purchase}
	if hit != nil {
		after = *hit
	}
	after.State, after.Hold, after.Counter = e.State, e.Hold, e.Counter
	after.Posted -= e.Posted
	after.Online -= e.Clearing.Instead
	card := *p.card
	card.Allocated += e.Allocated
	u := balance.Event{Kind: balance.PostingUndone, Card: e.Card, Actor: e.Actor, Answer: e.Answer, Counter: e.Counter}
	events := []balance.Event{e, undo(u, e.Clearing, &after, &card, 0)}
	if p.waits != e.Clearing.Reference { // it did not say which part it was about
		events = append(events, balance.Event{
			Kind: balance.PostingUndone, Card: e.Card, Actor: e.Actor, Answer: e.Answer,
			Clearing: balance.Clearing{Reference: p.waits, Standing: balance.StandingUndone, Amount: e.Clearing.Amount, Currency: e.Clearing.Currency},
		})
	}
	return events
}

// settle says where a sale stands after a presentment, and where its record is placed.
func (p *posting) settle(e *balance.Event, hit *balance.Purchase) {
	total := hit.Posted - hit.Online + p.amount // by clearing
	e.Clearing.Placement = balance.PlacedMatched
	if hit.Key.Kind() != balance.KeyMessage { // another part of a sale without authorization
		e.Clearing.Placement, e.State = balance.PlacedForced, balance.Settled
		e.Flags |= balance.FlagNoAuthorization
		return
	}
	switch hit.State {
	case balance.Open, balance.AccountVerified, balance.Unsettled, balance.Paid:
		p.compare(e, total, hit)
	case balance.Settled:
		if p.part == 0 || (p.part == 1 && p.last) { // all of it, once more
			e.Clearing.Placement = balance.PlacedOver
			e.Flags |= balance.FlagDoubleSale
			break
		}
		p.compare(e, total, hit)
	case balance.PartlySettled:
		if hit.Flags&balance.FlagMoreToCome == 0 { // the rest ran out, or was reversed
			e.Flags |= balance.FlagNotOpen
			break
		}
		p.compare(e, total, hit)
	case balance.StateNone, balance.Reversed, balance.Declined, balance.DeclinedReversed, balance.NetworkDeclined,
		balance.Tombstone, balance.TombstonePart, balance.RefundDue, balance.InSuspense, balance.VoidedLate,
		balance.HoldExpired, balance.RefundPaid, balance.IncrementOf:
		e.Flags |= balance.FlagNotOpen
	}
	switch {
	case p.last:
		e.State = balance.Settled
	case hit.State == balance.Open:
		e.State, e.Hold = balance.Open, max(0, hit.Hold-p.amount)
	case hit.State == balance.Settled:
		e.State = balance.Settled
	default:
		e.State = balance.PartlySettled
		e.Flags |= balance.FlagMoreToCome
	}
}

// compare places a sale by what it comes to and what was authorized for it. One of a purchase that held nothing
// when it was first cleared is matched, however it goes on.
func (p *posting) compare(e *balance.Event, total spec.Money, hit *balance.Purchase) {
	switch {
	case hit.Flags&balance.FlagNotOpen != 0:
		e.Flags |= balance.FlagNotOpen
	case total <= hit.Authorized:
	case p.program.tolerated(total, hit.Authorized, p.mcc, p.foreign):
		e.Flags |= balance.FlagWithinTolerance
	default:
		e.Clearing.Placement = balance.PlacedOver
		e.Flags |= balance.FlagOver
	}
}

// refundFlags say what is odd about a refund for this purchase.
func refundFlags(hit *balance.Purchase) balance.Flags {
	switch hit.State {
	case balance.RefundDue, balance.RefundPaid, balance.Unsettled:
		return 0
	case balance.Settled:
		return balance.FlagDoubleSale
	case balance.StateNone, balance.Open, balance.Reversed, balance.Declined, balance.DeclinedReversed, balance.NetworkDeclined,
		balance.Tombstone, balance.TombstonePart, balance.AccountVerified, balance.InSuspense, balance.VoidedLate,
		balance.HoldExpired, balance.PartlySettled, balance.Paid, balance.IncrementOf:
	}
	return balance.FlagNotOpen
}

// owedTo is the account on the other side: the purchase's, where it has one.
func owedTo(p *balance.Purchase, otherwise balance.Account) balance.Account {
	if p.Counter.Kind == balance.AccountSettlement {
		return p.Counter
	}
	return otherwise
}

// move puts money into the event: a debit lowers posted and what is allocated to the card alike; a credit
// raises both, as far as [toCard] says.
func move(e *balance.Event, amount spec.Money, credit bool, card *balance.Card) {
	if !credit {
		amount = -amount
	}
	e.Posted, e.Allocated = amount, toCard(amount, amount, card)
	e.Clearing.Moved, e.Clearing.MovedCard = e.Posted, e.Allocated
}

// toCard is how much of what is posted goes to the card, which would be so much were it open. A credit to a closed
// card is the wallet's, but for what brings the card back to nothing when a debit came after its close: no card may
// have less than nothing while others have what it lacks.
func toCard(posted, open spec.Money, card *balance.Card) spec.Money {
	if posted > 0 && card.Status == balance.CardClosed {
		return min(posted, max(0, -card.Allocated))
	}
	return open
}

// undo makes the event that takes a posting back. What was held for its purchase stays released. disputed is what
// disputes of the sale have posted: they do not keep it settled.
func undo(e balance.Event, done balance.Clearing, purchase *balance.Purchase, card *balance.Card, disputed spec.Money) balance.Event {
	placement, amount, currency := e.Clearing.Placement, e.Clearing.Amount, e.Clearing.Currency
	e.Clearing = done
	e.Clearing.Placement, e.Clearing.Standing = placement, balance.StandingUndone
	if amount != 0 || currency != 0 {
		e.Clearing.Amount, e.Clearing.Currency = amount, currency
	}
	e.Posted = -done.Moved
	e.Allocated = toCard(e.Posted, -done.MovedCard, card)
	e.Flags |= balance.FlagTakesBack
	if purchase == nil {
		return e
	}
	keep(&e, purchase.Key, purchase)
	if done.Reference.Function() == firstPresentment && purchase.State != balance.Open {
		unsettle(&e, purchase, done.Instead, disputed)
	}
	return e
}

// unsettle says where a purchase stands whose presentment was taken back: when nothing else of it is cleared, it
// is as the online messages left it, and what they had posted is posted again.
func unsettle(e *balance.Event, p *balance.Purchase, instead, disputed spec.Money) {
	online := p.Online + instead
	switch {
	case p.Posted+disputed-e.Posted != online: // another record of it stands
	case online > 0:
		e.State, e.Hold = balance.Paid, 0
	case online < 0:
		e.State, e.Hold = balance.RefundPaid, -online
	default:
		e.State, e.Hold = balance.Unsettled, 0
	}
}

// keep leaves a purchase as it stands. It may be nil: nothing is known of it any more.
func keep(e *balance.Event, key balance.Key, p *balance.Purchase) {
	if p == nil {
		return
	}
	e.Purchase, e.State, e.Hold = key, p.State, p.Hold
	e.Counter = owedTo(p, e.Counter)
}

// flagsOf say what a record is where nothing else tells: whether it gives money and whether it takes another
// record back.
func flagsOf(q *clearing.Record) (f balance.Flags) {
	if q.Credit() || q.Chargeback() {
		f |= balance.FlagRefund
	}
	if q.Chargeback() || q.SecondPresentment() {
		f |= balance.FlagDispute
	}
	if q.Reversal {
		f |= balance.FlagTakesBack
	}
	return f
}
