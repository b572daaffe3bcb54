package router

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"sekisho/balance"
	"sekisho/risk"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// Filing is a clearing file on its way into the wallets: what its records have in common.
type Filing struct {
	File   clearing.FileID
	Day    time.Time // the date of the file
	Taken  time.Time // when its log began: no record of it was placed before
	Link   string    // the network that a sale without authorization is owed to
	Parts  bool      // whether PDS 3990 is read: several presentments of one sale
	DryRun bool      // nothing is recorded

	Resumed bool // an earlier load of it was cut off: what that put into suspense stays there
}

// Placed is what became of one record.
type Placed struct {
	Placement balance.Placement
	Deferred  bool // what it is about is not known: try it again after the last record of the file
	Err       error
}

// filed is one record of a file on its way through the book.
type filed struct {
	router *Router
	filing *Filing
	record *clearing.Record
	row    balance.Row
	rule   func(f *filed, v *balance.View) balance.Decision
	last   bool // nothing is deferred any more
	placed *Placed
	done   *sync.WaitGroup
	before *filed // the record before it in the same log; nil: the first
	failed atomic.Bool
}

// ErrBehind says that a record was not decided because the one before it in its log was not: the order in
// which they are is kept. Both can be given again.
var ErrBehind = errors.New("a record before it was not placed")

// Clear places records of a file, each once however often it is given, those of one wallet in the
// order in which they are. It returns when all are durable, or with the error of ctx; records are not
// to be changed before that, and not at all after an error of ctx. With last, what is about something
// that is not known goes to suspense.
func (r *Router) Clear(ctx context.Context, f *Filing, records []clearing.Record, last bool) ([]Placed, error) {
	placed := make([]Placed, len(records))
	rows, known, err := r.rowsOf(ctx, records)
	if err != nil {
		return nil, err
	}
	before, err := r.strangeBefore(ctx, f, records, known)
	if err != nil {
		return nil, err
	}
	var waiting sync.WaitGroup
	now := time.Now()
	posts := make([]balance.Post, 0, len(records))
	latest := make(map[string]*filed, len(records)) // by log
	for i := range records {
		q := &records[i]
		if q.Informational() {
			placed[i].Placement = balance.PlacedOther
			continue
		}
		if p, ok := before[i]; ok {
			placed[i].Placement = p
			continue
		}
		m := &filed{router: r, filing: f, record: q, last: last, placed: &placed[i], done: &waiting, row: rows[i]}
		switch {
		case q.Fee():
			m.rule, m.row.Log = (*filed).fee, r.feeLog(f, q)
		case known[i] && q.Card.Luhn:
			m.rule = (*filed).place
		default:
			m.rule, m.row = (*filed).strange, r.strangeRow(f, q)
		}
		m.before, latest[m.row.Log] = latest[m.row.Log], m
		waiting.Add(1)
		posts = append(posts, balance.Post{Log: m.row.Log, At: now, Mover: m, Look: f.DryRun})
	}
	r.book.Submit(posts...)
	all := make(chan struct{})
	go func() { // ends with the last Done, which the book owes
		waiting.Wait()
		close(all)
	}()
	select {
	case <-all:
		return placed, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// rowsOf looks up the cards of records, all at once.
func (r *Router) rowsOf(ctx context.Context, records []clearing.Record) (rows []balance.Row, known []bool, err error) {
	rows, known = make([]balance.Row, len(records)), make([]bool, len(records))
	type answer struct {
		i     int
		row   balance.Row
		found bool
		err   error
	}
	asked := 0
	answers := make(chan answer, len(records))
	for i := range records {
		if q := &records[i]; q.Informational() || q.Fee() {
			continue
		}
		if rows[i], known[i] = r.book.Store().Peek(records[i].Card.Hash); known[i] {
			continue
		}
		asked++
		r.book.Store().Card(records[i].Card.Hash, func(row balance.Row, found bool, err error) { answers <- answer{i, row, found, err} })
	}
	for range asked {
		select {
		case a := <-answers:
			if a.err != nil {
				return nil, nil, a.err
			}
			rows[a.i], known[a.i] = a.row, a.found
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
	return rows, known, nil
}

// Decide implements [balance.Mover].
func (m *filed) Decide(v *balance.View) balance.Decision {
	*m.placed = Placed{}
	if m.before != nil && m.before.failed.Load() {
		return balance.Decision{Undecided: ErrBehind}
	}
	record, ready := v.ClearedSince(m.key(), m.filing.Taken.Add(-clocksApartMax).UnixMilli(), m.filing.Resumed)
	if !ready {
		return balance.Decision{}
	}
	if record != nil {
		m.placed.Placement = record.Placement
		return balance.Decision{}
	}
	if !m.last && MayWait(m.record) && v.Passed(m.key()) {
		m.placed.Deferred = true // as it was when the file was read up to there for the first time
		return balance.Decision{}
	}
	d := m.rule(m, v)
	if len(d.Events) > 0 {
		m.placed.Placement = d.Events[0].Clearing.Placement
	}
	if m.filing.DryRun {
		d.Events = nil
	}
	return d
}

// clocksApartMax is how far the clocks of nodes may be apart.
const clocksApartMax = time.Hour

// Done implements [balance.Mover].
func (m *filed) Done(_ balance.Decision, err error) {
	m.placed.Err = err
	m.failed.Store(err != nil)
	m.done.Done()
}

// Overdue implements [balance.Mover]; it has no deadline.
func (m *filed) Overdue(*balance.Decision) (balance.Mover, bool) { return nil, false }

func (m *filed) key() balance.Key { return balance.ClearingKey(m.filing.File, m.record.Number) }

// event begins the event of the record. Its first event says where it was placed.
func (m *filed) event(kind balance.Kind, placement balance.Placement) balance.Event {
	return balance.Event{
		Kind: kind, Key: m.key(), Card: m.row.Card,
		Answer:  balance.Answer{Reason: spec.Approved},
		Actor:   balance.Actor{Kind: balance.ActorNetwork, Name: m.filing.Link},
		Counter: balance.Account{Kind: balance.AccountSettlement, Name: m.filing.Link},
		Clearing: balance.Clearing{
			Placement: placement, Amount: m.record.Amount, Currency: m.record.Currency,
		},
	}
}

// part is which part of its sale a presentment is; 0 for all of it, and for what is no presentment.
func (m *filed) part() (part uint8, last bool) {
	if !m.filing.Parts || m.record.Part == 0 || m.disputes() {
		return 0, true
	}
	return m.record.Part, m.record.Part == m.record.Parts
}

// disputes says whether the record is a second presentment or a chargeback. A sale may have several with one
// DE31 and DE24, which are told by their amounts: the part in their names is only a number.
func (m *filed) disputes() bool { return m.record.SecondPresentment() || m.record.Chargeback() }

// freeName is the record's reference; of a dispute the first of its names that nothing stands under.
func (m *filed) freeName(postings []balance.Posting) balance.Key {
	if mine := m.reference(); !m.disputes() {
		return mine
	}
	return m.numbered(postings)
}

// numbered is the record's reference with the first number as its part that nothing stands under.
func (m *filed) numbered(postings []balance.Posting) balance.Key {
	mine := m.reference()
	for mine.Part() < 255 && standsAt(postings, mine) {
		mine = balance.ReferenceKey(m.record.Reference, m.record.Function, mine.Part()+1)
	}
	return mine
}

// parked is the name under which this very dispute is in suspense; none when it is not.
func (m *filed) parked(postings []balance.Posting) balance.Key {
	for i := range postings {
		if p := &postings[i]; p.Standing == balance.StandingParked && m.alike(p) {
			return p.Reference
		}
	}
	return balance.Key{}
}

// alike says whether a reference is that of a record with the same DE24, DE4 and DE49.
func (m *filed) alike(p *balance.Posting) bool {
	return p.Reference.Function() == m.record.Function && p.Amount == m.record.Amount && p.Currency == m.record.Currency
}

// reference is what later records name the record by; none when it has no DE31.
func (m *filed) reference() balance.Key {
	if m.record.Reference == (clearing.Reference{}) {
		return balance.Key{}
	}
	part, _ := m.part()
	return balance.ReferenceKey(m.record.Reference, m.record.Function, part)
}

// usable is the record's amount in the program's currency.
func usable(q *clearing.Record, program spec.Currency) (spec.Money, bool) {
	d := amountsOf(q)
	return Postable(&d, program)
}

// Postable is the amount in the program's currency: DE4, else DE6.
func Postable(d *balance.Details, program spec.Currency) (amount spec.Money, ok bool) {
	return risk.AmountIn(program, d.Amount, d.Currency, d.Billing, d.BillingCurrency)
}

// amountsOf are a record's amounts. One that is not there, or has not the decimals of its currency, is in none.
func amountsOf(q *clearing.Record) balance.Details {
	d := balance.Details{Amount: q.Amount, Billing: q.Billing}
	if !q.ExponentDiffers.Has(49) {
		d.Currency = q.Currency
	}
	if q.Fields.Has(6) && !q.ExponentDiffers.Has(51) {
		d.BillingCurrency = q.BillingCurrency
	}
	return d
}

// clearingDetails are what is kept of a record that has no purchase of its own: to show it, and to place it
// later.
func clearingDetails(q *clearing.Record) balance.Details {
	d := amountsOf(q)
	d.MCC, d.RRN, d.Merchant = q.MCC, q.RRN, q.Merchant
	if q.Approval.Real() {
		d.NetworkCode = q.Approval
	}
	if q.Local != 0 {
		d.LocalDate, d.LocalTime = localParts(q.Local)
	}
	return d
}

// localParts are MMDD and hhmmss of a local time given as though it were UTC.
func localParts(local int64) (date uint16, clock uint32) {
	t := time.Unix(local, 0).UTC()
	date = uint16(int(t.Month())*100 + t.Day())                   //nolint:gosec // four digits
	clock = uint32(t.Hour()*10_000 + t.Minute()*100 + t.Second()) //nolint:gosec // six digits
	return date, clock
}
