package router

import (
	"context"
	"time"

	"sekisho/balance"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// strangeRow leads a record whose card is nobody's to the suspense log of its program and of the day of
// its file, under an id that only that log knows.
func (r *Router) strangeRow(f *Filing, q *clearing.Record) balance.Row {
	name := f.Link
	if p := r.programOf(&q.Card); p != nil {
		name = p.Name
	}
	row := balance.Row{Hash: q.Card.Hash, Log: suspenseLog(f, name)}
	copy(row.Card[:], q.Card.Hash[:])
	return row
}

func suspenseLog(f *Filing, name string) string {
	return "suspense:" + name + ":" + f.Day.Format("2006-01-02")
}

// strange records what is about a card that is nobody's.
func (m *filed) strange(v *balance.View) balance.Decision {
	why := "the card is not known"
	if !m.record.Card.Luhn {
		why = "the check digit of the card number is wrong"
	}
	found, ready := v.Candidates(&balance.Wanted{Reference: m.reference()})
	if !ready {
		return balance.Decision{}
	}
	d := m.suspend(v, balance.PlacedSuspended, why, m.unnamed(found.Postings), balance.StandingParked)
	for i := range d.Events {
		d.Events[i].Counter = balance.Account{Kind: balance.AccountSuspense, Name: m.houseName()}
	}
	return d
}

// houseName is the program or link in the name of a house log: suspense:<name>:<day>.
func (m *filed) houseName() string {
	if p := m.router.programOf(&m.record.Card); p != nil && m.record.Card.Length > 0 {
		return p.Name
	}
	return m.filing.Link
}

// feeLog is where a fee goes: to the program that is configured for its DE100, or to the only one there is.
func (r *Router) feeLog(f *Filing, q *clearing.Record) string {
	p := r.feeProgram(q)
	if p == nil {
		return suspenseLog(f, f.Link)
	}
	if _, ok := usable(q, p.Rules.Currency); !ok || (q.Kind() != feeIn && q.Kind() != feeOut) {
		return suspenseLog(f, p.Name)
	}
	return "fees:" + p.Name
}

// The kinds of fees, by DE3: the network pays us, we pay the network.
const (
	feeIn  = 19
	feeOut = 29
)

func (r *Router) feeProgram(q *clearing.Record) *Program {
	for i := range r.programs {
		if q.Receiver != 0 && r.programs[i].Receiver == q.Receiver {
			return &r.programs[i]
		}
	}
	if len(r.programs) == 1 && r.programs[0].Receiver == 0 {
		return &r.programs[0]
	}
	return nil
}

// fee posts a fee to its program's log, never to a wallet.
func (m *filed) fee(v *balance.View) balance.Decision {
	m.row.Card = spec.CardID{}
	p := m.router.feeProgram(m.record)
	if p == nil || m.row.Log != "fees:"+p.Name {
		why := "no program is configured for its DE100"
		if p != nil {
			why = "its currency or kind cannot be posted"
		}
		return m.suspendFee(v, why)
	}
	amount, _ := usable(m.record, p.Rules.Currency)
	if m.record.Kind() == feeOut {
		amount = -amount
	}
	e := m.event(balance.FeePosted, balance.PlacedOther)
	var found balance.Candidates
	if mine := m.reference(); mine != (balance.Key{}) {
		var ready bool
		if found, ready = v.Candidates(&balance.Wanted{Reference: mine}); !ready {
			return balance.Decision{}
		}
		// One sale can have several fees: each has a name of its own.
		e.Clearing.Reference, e.Clearing.Standing = m.numbered(found.Postings), balance.StandingDone
	}
	if m.record.Reversal {
		return m.takeFeeBack(v, found.Postings, e.Clearing.Reference, amount)
	}
	e.Posted, e.Clearing.Moved = amount, amount
	events := []balance.Event{e}
	if waits := m.waitingFee(found.Postings, amount); waits != (balance.Key{}) {
		events = append(events, m.undoneFee(e.Clearing), m.undoneFee(balance.Clearing{Reference: waits, Amount: e.Clearing.Amount, Currency: e.Clearing.Currency}))
	}
	return balance.Decision{Events: events}
}

// waitingFee finds the name under which a reversal of this fee waits, that came before it.
func (m *filed) waitingFee(postings []balance.Posting, amount spec.Money) balance.Key {
	for i := range postings {
		p := &postings[i]
		if p.Reference.Function() == m.record.Function && p.Standing == balance.StandingWaiting && p.Moved == amount && p.Currency == m.record.Currency {
			return p.Reference
		}
	}
	return balance.Key{}
}

// undoneFee is the event that takes back what a fee moved.
func (m *filed) undoneFee(done balance.Clearing) balance.Event {
	e := m.event(balance.FeePosted, balance.PlacementNone)
	e.Key, e.Clearing = balance.Key{}, done
	e.Clearing.Placement, e.Clearing.Standing = balance.PlacementNone, balance.StandingUndone
	e.Posted, e.Flags = -done.Moved, balance.FlagTakesBack
	return e
}

func standsAt(postings []balance.Posting, k balance.Key) bool {
	for i := range postings {
		if postings[i].Reference == k && postings[i].Standing != balance.StandingNone {
			return true
		}
	}
	return false
}

// takeFeeBack undoes one fee of the same amount.
func (m *filed) takeFeeBack(v *balance.View, postings []balance.Posting, free balance.Key, amount spec.Money) balance.Decision {
	for i := range postings {
		p := &postings[i]
		if p.Reference.Function() == m.record.Function && p.Standing == balance.StandingDone && p.Moved == amount {
			e := m.event(balance.FeePosted, balance.PlacedOther)
			e.Clearing.Reference, e.Clearing.Standing, e.Clearing.Moved = p.Reference, balance.StandingUndone, p.Moved
			e.Posted, e.Flags = -p.Moved, balance.FlagTakesBack
			return balance.Decision{Events: []balance.Event{e}}
		}
	}
	if !m.last {
		m.placed.Deferred = true
		return balance.Decision{}
	}
	d := m.suspendFee(v, "the fee it takes back is not known")
	if free != (balance.Key{}) { // it waits there
		c := &d.Events[0].Clearing
		c.Reference, c.Standing, c.Moved = free, balance.StandingWaiting, amount
	}
	return d
}

func (m *filed) suspendFee(v *balance.View, why string) balance.Decision {
	d := m.suspend(v, balance.PlacedSuspended, why, balance.Key{}, balance.StandingNone)
	name := m.filing.Link
	if p := m.router.feeProgram(m.record); p != nil {
		name = p.Name
	}
	for i := range d.Events {
		d.Events[i].Counter = balance.Account{Kind: balance.AccountSuspense, Name: name}
	}
	return d
}

// strangeBefore finds the records whose card is known by now, but was not when an earlier load of the file put
// them into suspense: there they stay.
func (r *Router) strangeBefore(ctx context.Context, f *Filing, records []clearing.Record, known []bool) (map[int]balance.Placement, error) {
	if !f.Resumed {
		return nil, nil
	}
	asked := map[int]*askedBefore{}
	var posts []balance.Post
	for i := range records {
		q := &records[i]
		if !known[i] || !q.Card.Luhn || q.Fee() || q.Informational() {
			continue
		}
		m := &askedBefore{key: balance.ClearingKey(f.File, q.Number), since: f.Taken.Add(-clocksApartMax).UnixMilli(), done: make(chan error, 1)}
		asked[i] = m
		posts = append(posts, balance.Post{Log: r.strangeRow(f, q).Log, At: time.Now(), Mover: m})
	}
	r.book.Submit(posts...)
	placed := map[int]balance.Placement{}
	for i, m := range asked {
		select {
		case err := <-m.done:
			if err != nil {
				return nil, err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if m.placement != balance.PlacementNone {
			placed[i] = m.placement
		}
	}
	return placed, nil
}

// askedBefore asks a log for the record of a key. It appends nothing.
type askedBefore struct {
	key       balance.Key
	since     int64
	placement balance.Placement
	done      chan error
}

// Decide implements [balance.Mover].
func (m *askedBefore) Decide(v *balance.View) balance.Decision {
	record, ready := v.ClearedSince(m.key, m.since, true)
	m.placement = balance.PlacementNone
	if ready && record != nil {
		m.placement = record.Placement
	}
	return balance.Decision{}
}

// Done implements [balance.Mover].
func (m *askedBefore) Done(_ balance.Decision, err error) { m.done <- err }

// Overdue implements [balance.Mover]; it has no deadline.
func (m *askedBefore) Overdue(*balance.Decision) (balance.Mover, bool) { return nil, false }
