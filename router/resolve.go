package router

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// Resolution is what a person decided about something in suspense.
type Resolution struct {
	ID       string        // names it: the log, the version of its entry and which event it is
	Log      string        // of the wallet that it is placed in: the one it is in, when it has a known card
	Card     spec.CardID   // of that wallet
	Item     balance.Event // as it was suspended
	Action   Action
	Purchase balance.Key // to attach to
	Amount   spec.Money  // in the program's currency; 0: as the item says
	Who, Why string
}

// Action is what a person can do with something in suspense.
type Action uint8

// The actions.
const (
	Attach Action = 1 + iota // post it to a purchase
	Force                    // post it without one
	Return                   // close it without posting: it is disputed elsewhere
)

// Errors of a resolution that its caller tells apart.
var (
	ErrResolved    = errors.New("it is resolved already")
	ErrPosted      = errors.New("it is posted already: by another record with its reference, or by the clearing of its purchase")
	ErrNoPurchase  = errors.New("the wallet has no such purchase of this card")
	ErrNoAmount    = errors.New("its amount is in a currency that cannot be posted: give the amount")
	ErrNotPostable = errors.New("the wallet, card or program is not known: only a return is possible")
	ErrReversal    = errors.New("it is a reversal that came over the line, which moves no money by itself: only a return is possible")
)

// resolving is a resolution on its way through the book.
type resolving struct {
	router *Router
	*Resolution
	done chan error
}

// Resolve places something in suspense as a person decided: one entry, with who and why. The same again
// is [ErrResolved].
func (r *Router) Resolve(ctx context.Context, what *Resolution) error {
	m := &resolving{router: r, Resolution: what, done: make(chan error, 1)}
	r.book.Submit(balance.Post{Log: what.Log, At: time.Now(), Mover: m})
	select {
	case err := <-m.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ResolutionKey is the key of the event that resolves what the id names.
func ResolutionKey(id string) balance.Key { return balance.CallKey("resolve", id) }

// Decide implements [balance.Mover].
func (m *resolving) Decide(v *balance.View) balance.Decision {
	record, ready := v.Record(ResolutionKey(m.ID))
	switch {
	case !ready:
		return balance.Decision{}
	case record != nil:
		return balance.Decision{Undecided: ErrResolved}
	}
	e := balance.Event{
		Kind: balance.Resolved, Key: ResolutionKey(m.ID), Card: m.Card, Note: m.Why,
		Answer:  balance.Answer{Reason: spec.Approved},
		Actor:   balance.Actor{Kind: balance.ActorOperator, Name: m.Who},
		Counter: m.Item.Counter,
	}
	item := &m.Item.Clearing
	e.Clearing = balance.Clearing{Reference: item.Reference, Amount: item.Amount, Currency: item.Currency}
	if m.Action == Return {
		return balance.Decision{Events: []balance.Event{e}}
	}
	return m.post(v, e)
}

// post moves the money of an item.
func (m *resolving) post(v *balance.View, e balance.Event) balance.Decision {
	program := m.router.programNamed(v.Program)
	card, ok := v.Card(m.Card)
	if !ok || program == nil {
		return balance.Decision{Undecided: ErrNotPostable}
	}
	if Reverses(&m.Item) {
		return balance.Decision{Undecided: ErrReversal}
	}
	amount, ok := m.amount(v.Currency)
	if !ok {
		return balance.Decision{Undecided: ErrNoAmount}
	}
	hit, ready := m.purchase(v)
	posted, known := m.posted(v)
	ready = ready && known
	switch {
	case ready && posted:
		return balance.Decision{Undecided: ErrPosted}
	case !ready:
		return balance.Decision{}
	case m.Action == Attach && (hit == nil || hit.Card != m.Card):
		return balance.Decision{Undecided: ErrNoPurchase}
	}
	back := m.Item.Flags&balance.FlagTakesBack != 0
	p := posting{
		card: &card, program: program, amount: amount, credit: (m.Item.Flags&balance.FlagRefund != 0) != back,
		mcc: m.Item.Details.MCC, foreign: cmp.Or(m.Item.Clearing.Currency, m.Item.Details.Currency) != v.Currency,
	}
	p.part, p.last = m.part()
	e.Counter = balance.Account{Kind: balance.AccountSettlement, Name: m.Item.Actor.Name}
	e.Flags = m.Item.Flags & (balance.FlagDispute | balance.FlagTakesBack)
	e.Clearing.Standing = balance.StandingDone
	if back {
		e.Clearing.Standing = balance.StandingUndone
	}
	if hit == nil {
		e.Details = m.Item.Details
		e.Purchase = m.Item.Key.Purchase()
	}
	if back || m.Item.Flags&balance.FlagDispute != 0 { // the purchase stays as it stands
		move(&e, amount, p.credit, &card)
		if hit != nil {
			keep(&e, hit.Key, hit)
		} else {
			e.State = balance.Settled
		}
	} else {
		e = p.events(e, hit)[0]
	}
	e.Kind = balance.Resolved
	if m.Item.Key.Kind() == balance.KeyCall && hit == nil { // nothing to name a purchase by
		e.Purchase, e.State, e.Details = balance.Key{}, balance.StateNone, balance.Details{}
	}
	return balance.Decision{Events: []balance.Event{e}}
}

// Reverses says whether an item in suspense is a 0420. It says what is to stay held of a purchase: no sum of its own.
func Reverses(item *balance.Event) bool {
	switch k := item.Key; k.Kind() {
	case balance.KeyMessage:
		return k.Class() == spec.ReversalAdvice
	case balance.KeyCall: // a message whose own key is taken
		return item.Flags&balance.FlagTakesBack != 0
	default:
		return false
	}
}

// part is which part of its sale the item is, and whether the last; 0 for all of it.
func (m *resolving) part() (part uint8, last bool) {
	if last = m.Item.Flags&balance.FlagMoreToCome == 0; m.Item.Flags&balance.FlagDispute == 0 {
		part = m.Item.Clearing.Reference.Part()
	}
	return part, last
}

// posted says whether the money of the item was moved since: its reference is posted, or what was a
// message in suspense has been cleared.
func (m *resolving) posted(v *balance.View) (posted, ready bool) {
	if reference := m.Item.Clearing.Reference; reference != (balance.Key{}) {
		found, ready := v.Candidates(&balance.Wanted{Card: m.Card, Reference: reference})
		if !ready {
			return false, false
		}
		for i := range found.Postings {
			p := &found.Postings[i]
			if p.Reference == reference && wasPosted(p) {
				return true, true
			}
		}
	}
	if m.Item.Key.Kind() != balance.KeyMessage {
		return false, true
	}
	own, ready := v.Purchase(m.Item.Key.Purchase())
	return own != nil && own.Posted != 0, ready
}

func (m *resolving) purchase(v *balance.View) (*balance.Purchase, bool) {
	if m.Action != Attach {
		return nil, true
	}
	return v.Purchase(m.Purchase)
}

// amount is what is posted, in the program's currency.
func (m *resolving) amount(program spec.Currency) (spec.Money, bool) {
	if m.Amount != 0 {
		return m.Amount, m.Amount > 0
	}
	return Postable(&m.Item.Details, program)
}

// Done implements [balance.Mover].
func (m *resolving) Done(_ balance.Decision, err error) {
	if err != nil && !errors.Is(err, ErrResolved) {
		err = fmt.Errorf("resolving %s: %w", m.ID, err)
	}
	m.done <- err
}

// Overdue implements [balance.Mover]; it has no deadline.
func (m *resolving) Overdue(*balance.Decision) (balance.Mover, bool) { return nil, false }
