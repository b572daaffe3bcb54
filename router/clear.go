package router

import (
	"fmt"

	"sekisho/balance"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// place decides a clearing record of a card of ours on one version of its wallet (DOMAIN §3, §4, and the
// layout's rules of what goes to suspense). It never fails for a reason of business.
func (m *filed) place(v *balance.View) balance.Decision {
	program := m.router.programNamed(v.Program)
	card, ok := v.Card(m.row.Card)
	if !ok {
		return balance.Decision{Undecided: fmt.Errorf("wallet %s: card %s is not known", v.Log, m.row.Card)}
	}
	found, ready := v.Candidates(m.wanted())
	if !ready {
		return balance.Decision{}
	}
	amount, ok := usable(m.record, v.Currency)
	c := &claim{record: m.record, program: program, amount: amount, day: m.filing.Day}
	switch {
	case m.record.Reversal: // moves what its original did
		return m.takeBack(v, &card, found.Postings)
	case program == nil:
		return m.unplaceable(v, "its program is not configured", found.Postings)
	case !ok:
		return m.unplaceable(v, "its currency cannot be posted", found.Postings)
	case m.record.Presentment():
		return m.present(v, &card, c, &found)
	}
	return m.dispute(v, &card, c, found.Postings)
}

func (m *filed) wanted() *balance.Wanted {
	q := m.record
	w := &balance.Wanted{
		Card: m.row.Card, Reference: m.reference(), RRN: q.RRN, Acquirer: q.Acquirer, Approval: q.Approval, Merchant: q.Merchant,
	}
	if !saysSomething(q.RRN[:]) {
		w.RRN = spec.RRN{}
	}
	if q.Local != 0 {
		w.Date, w.Time = localParts(q.Local)
	}
	return w
}

// present posts a first presentment: a sale, or a refund.
func (m *filed) present(v *balance.View, card *balance.Card, c *claim, found *balance.Candidates) balance.Decision {
	known, twice := m.presented(found.Postings)
	if twice {
		return m.suspend(v, balance.PlacedSuspended, "its reference is posted already", balance.Key{}, balance.StandingNone)
	}
	var hit *balance.Purchase
	if known != (balance.Key{}) { // another part of the same sale
		p, ready := v.Purchase(known)
		if !ready {
			return balance.Decision{}
		}
		hit = p
	}
	if hit == nil {
		one, rule, several, ready := m.find(v, c, found)
		if !ready {
			return balance.Decision{}
		}
		if several && (!c.record.Credit() || paidAtOnce(found.Purchases)) {
			return m.suspend(v, balance.PlacedAmbiguous, fmt.Sprintf("several purchases fit by rule %d", rule), m.unnamed(found.Postings), balance.StandingParked)
		}
		hit = one
	}
	p := &posting{
		card: card, program: c.program, amount: c.amount, credit: c.record.Credit(), mcc: c.record.MCC, foreign: c.foreign(),
		waits: m.waiting(m.reference(), found.Postings),
	}
	p.part, p.last = m.part()
	e := m.event(balance.Presented, balance.PlacedForced)
	e.Clearing.Reference, e.Clearing.Standing = m.reference(), balance.StandingDone
	if hit == nil {
		e.Details = clearingDetails(m.record)
	}
	return balance.Decision{Events: p.events(e, hit)}
}

// find looks for the purchase by its rules. What shares only merchant and time, or a date, is asked for last:
// there may be many of those.
func (m *filed) find(v *balance.View, c *claim, found *balance.Candidates) (hit *balance.Purchase, rule int, several, ready bool) {
	hit, rule, several = c.match(found.Purchases)
	if hit != nil || several || !c.soft() {
		return hit, rule, several, true
	}
	w := m.wanted()
	w.Wide = true
	wide, ready := v.Candidates(w)
	if !ready {
		return nil, 0, false, false
	}
	found.Purchases = wide.Purchases
	hit, rule, several = c.match(wide.Purchases)
	return hit, rule, several, true
}

// presented looks for the record's DE31 among what was presented before: twice when this very one was posted,
// whether it was taken back since or not, or is in suspense; else the purchase that another part of the sale was
// posted to.
func (m *filed) presented(postings []balance.Posting) (purchase balance.Key, twice bool) {
	mine := m.reference()
	for i := range postings {
		p := &postings[i]
		if p.Reference.Function() != m.record.Function || (!wasPosted(p) && p.Standing != balance.StandingParked) {
			continue
		}
		if mine.Part() == 0 || p.Reference == mine {
			return balance.Key{}, true
		}
		if p.Card == m.row.Card && wasPosted(p) {
			purchase = p.Purchase
		}
	}
	return purchase, false
}

// wasPosted says whether the record of a reference was posted, taken back since or not.
func wasPosted(p *balance.Posting) bool {
	return p.Standing == balance.StandingDone || p.Standing == balance.StandingUndone
}

// waiting finds the name under which a reversal of this record waits, that came before it and is in suspense.
// One that does not say which part it is about is about any.
func (m *filed) waiting(mine balance.Key, postings []balance.Posting) balance.Key {
	for i := range postings {
		p := &postings[i]
		same := p.Reference == mine || p.Reference.Part() == 0 || m.disputes()
		if same && p.Standing == balance.StandingWaiting && p.Card == m.row.Card && m.alike(p) {
			return p.Reference
		}
	}
	return balance.Key{}
}

// paidAtOnce says whether any of the purchases is a refund that was credited before its clearing.
func paidAtOnce(purchases []*balance.Purchase) bool {
	for _, p := range purchases {
		if p.State == balance.RefundPaid {
			return true
		}
	}
	return false
}

// takeBack undoes the one record that a reversal is about: same DE24, card, DE4 and DE31.
func (m *filed) takeBack(v *balance.View, card *balance.Card, postings []balance.Posting) balance.Decision {
	mine := m.freeName(postings)
	part, _ := m.part()
	var hit *balance.Posting
	for i := range postings {
		p := &postings[i]
		if p.Card != m.row.Card || !m.alike(p) || p.Standing != balance.StandingDone || (part != 0 && p.Reference != mine) {
			continue
		}
		if hit != nil {
			return m.suspend(v, balance.PlacedAmbiguous, "several records with its reference can be taken back", balance.Key{}, balance.StandingNone)
		}
		hit = p
	}
	if hit == nil {
		if standsAt(postings, mine) { // something else has the name of what it is about
			mine = balance.Key{}
		}
		return m.later(v, "what it takes back is not known", mine, balance.StandingWaiting)
	}
	purchase, ready := v.Purchase(hit.Purchase)
	if !ready {
		return balance.Decision{}
	}
	e := m.event(balance.PostingUndone, balance.PlacedOther)
	return balance.Decision{Events: []balance.Event{undo(e, hit.Clearing, purchase, card, m.disputed(postings))}}
}

// disputed is what disputes of the sale with the record's DE31 have posted.
func (m *filed) disputed(postings []balance.Posting) (sum spec.Money) {
	for i := range postings {
		if p := &postings[i]; p.Card == m.row.Card && p.Reference.Function() != firstPresentment && p.Standing == balance.StandingDone {
			sum += p.Moved
		}
	}
	return sum
}

// dispute posts a second presentment, which debits again, or a chargeback, a provisional credit. Both are
// about a presentment whose reference must be known; that it was taken back does not matter, since the network
// settles the one as well as the other. Several of a sale differ in their amounts: one of the same amount is the
// same again.
func (m *filed) dispute(v *balance.View, card *balance.Card, c *claim, postings []balance.Posting) balance.Decision {
	var about *balance.Posting
	for i := range postings {
		p := &postings[i]
		switch {
		case p.Card != m.row.Card:
		case m.alike(p) && p.Standing == balance.StandingDone:
			return m.suspend(v, balance.PlacedSuspended, "its reference is posted already", balance.Key{}, balance.StandingNone)
		case p.Reference.Function() == firstPresentment && (p.Standing == balance.StandingDone || (about == nil && wasPosted(p))):
			about = p
		}
	}
	if about == nil {
		return m.later(v, "the presentment it is about is not known", m.unnamed(postings), balance.StandingParked)
	}
	purchase, ready := v.Purchase(about.Purchase)
	if !ready {
		return balance.Decision{}
	}
	mine := m.parked(postings)
	if mine == (balance.Key{}) {
		mine = m.freeName(postings)
	}
	e := m.event(balance.Presented, balance.PlacedOther)
	e.Flags = balance.FlagDispute
	e.Clearing.Reference, e.Clearing.Standing = mine, balance.StandingDone
	credit := m.record.Chargeback()
	if credit {
		e.Kind = balance.Credited
	}
	move(&e, c.amount, credit, card)
	keep(&e, about.Purchase, purchase)
	p := &posting{card: card, waits: m.waiting(mine, postings)}
	if p.waits == (balance.Key{}) {
		return balance.Decision{Events: []balance.Event{e}}
	}
	return balance.Decision{Events: p.takenBack(e, purchase)}
}

// firstPresentment is DE24 of a first presentment.
const firstPresentment = 200

// MayWait says whether a record can be about another one, which may come behind it in its file. Every other
// record is placed when it is met, whatever follows.
func MayWait(q *clearing.Record) bool { return q.Reversal || q.SecondPresentment() || q.Chargeback() }

// unplaceable puts a record into suspense for what no other record can change.
func (m *filed) unplaceable(v *balance.View, why string, postings []balance.Posting) balance.Decision {
	return m.suspend(v, balance.PlacedSuspended, why, m.unnamed(postings), balance.StandingParked)
}

// unnamed is the record's reference, when nothing stands under it yet: then it stands there in suspense, and is
// known when it comes again.
func (m *filed) unnamed(postings []balance.Posting) balance.Key {
	mine := m.freeName(postings)
	if m.record.Reversal || standsAt(postings, mine) || m.parked(postings) != (balance.Key{}) {
		return balance.Key{}
	}
	return mine
}

// later leaves a record for the end of its file, and there puts it into suspense.
func (m *filed) later(v *balance.View, why string, reference balance.Key, standing balance.Standing) balance.Decision {
	if !m.last {
		m.placed.Deferred = true
		return balance.Decision{}
	}
	return m.suspend(v, balance.PlacedSuspended, why, reference, standing)
}

// suspend records that somebody must look at the record. No money moves.
func (m *filed) suspend(v *balance.View, placement balance.Placement, why string, reference balance.Key, standing balance.Standing) balance.Decision {
	e := m.event(balance.Suspended, placement)
	e.Note, e.Details = why, clearingDetails(m.record)
	e.Flags = balance.FlagNotPlaceable | flagsOf(m.record)
	if _, last := m.part(); !last {
		e.Flags |= balance.FlagMoreToCome
	}
	name := v.Program
	if name == "" {
		name = m.filing.Link
	}
	e.Counter = balance.Account{Kind: balance.AccountSuspense, Name: name}
	e.Clearing.Reference, e.Clearing.Standing = reference, standing
	return balance.Decision{Events: []balance.Event{e}}
}
