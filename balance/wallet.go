// Package balance keeps money: a wallet's log is its ledger, a book is the write-through cache
// of wallets, a store is where logs are durable.
package balance

import (
	"fmt"
	"slices"
	"time"

	"sekisho/spec"
)

// Wallet is the state that a log adds up to: one person's or a group's money, its cards, what
// is held, and the keys of late. Its methods are pure: no clock, no I/O. A house log has the
// same shape and no cards. One goroutine at a time may use it.
type Wallet struct {
	Log      string
	Version  uint64 // of the last entry; 0 before the first
	At       int64  // of the last entry, Unix milliseconds
	Hash     Hash   // of the last entry
	Program  string
	Currency spec.Currency
	Tenant   string // whose app server made it; empty for what was seeded
	Name     string
	Form     WalletForm
	Owner    spec.PersonID
	Tier     string // whose limits it has; empty: those of its program
	Balances

	cards         []Card
	purchases     map[Key]*Purchase
	records       map[Key]Record
	postings      map[Key]Posting // by reference
	files         []fileMark
	members       []Member
	sent          spec.Money // handed over to other wallets in sentMonth
	sentMonth     uint32     // year x 100 + month
	index         *index
	memory        memory
	open          int      // purchases that hold money
	preAuthorized []Key    // those of them that are pre-authorizations; replaced, never changed in place
	journal       *journal // of the draft that is not known to be in; nil: nothing is remembered
	expiry        int64    // no open hold runs out before this, Unix milliseconds
}

// Card is one card of a wallet.
type Card struct {
	ID     spec.CardID
	Status CardStatus
	Issued
	CardBalance
	Codes uint32 // approval codes given so far

	Name   string
	Holder spec.PersonID
	Number [8]byte // how the hash of its number begins; zero: not known, any number that leads to it is its own
	Rules  CardRules
	// Removed are the device tokens that it has no more, by how the hashes of their numbers begin, in the order
	// in which they went. It is not to be changed.
	Removed [][8]byte
	// Tokens are the versions of the entries that added device tokens to it, in their order. It is not to be changed.
	Tokens []uint64
}

// Purchase is an authorization, an advice or both: what one buyer did once at one till.
type Purchase struct {
	Key     Key // without a class
	Card    spec.CardID
	State   State
	Hold    spec.Money // when Open; with TombstonePart what may be held later
	Counter Account    // whom the hold will be owed to
	Flags   Flags      // of all its events
	Of      Key        // what it is part of, with FlagPartOf
	Details Details

	OurAmount, NetworkAmount spec.Money // DE4 that went with each approval code

	Authorized spec.Money // what may be posted for it: held and posted already, as of the last online message
	Posted     spec.Money // what was posted for it so far; below zero for money to the card
	Online     spec.Money // of that, by online messages that no clearing record has stood for yet
}

// Held is what the purchase holds now.
func (p *Purchase) Held() spec.Money {
	if p == nil || p.State != Open {
		return 0
	}
	return p.Hold
}

// Record is what is remembered of a request, to answer it again.
type Record struct {
	Fingerprint spec.Fingerprint
	Answer      Answer
	Placement   Placement // of a clearing record
	Version     uint64    // of the entry
}

// NewWallet is the state of a log without entries.
func NewWallet(log string) *Wallet {
	return &Wallet{Log: log, purchases: map[Key]*Purchase{}, records: map[Key]Record{}, postings: map[Key]Posting{}, expiry: never}
}

const never = 1<<63 - 1

// Cards are the wallet's cards in the order of their issue. They are not to be changed.
func (w *Wallet) Cards() []Card { return w.cards }

// Card finds a card of the wallet; ok is false when it is not of this wallet.
func (w *Wallet) Card(id spec.CardID) (card Card, ok bool) {
	if c := w.card(id); c != nil {
		return *c, true
	}
	return Card{}, false
}

func (w *Wallet) card(id spec.CardID) *Card {
	for i := range w.cards {
		if w.cards[i].ID == id {
			return &w.cards[i]
		}
	}
	return nil
}

// Unallocated is the money that no card has.
func (w *Wallet) Unallocated() spec.Money { return w.Posted - w.Allocated }

// Available is the money that is not held.
func (w *Wallet) Available() spec.Money { return w.Posted - w.Held }

// Replay applies an entry read from a store. The error says what does not fit: a version left
// out, a broken chain, a balance that the events do not add up to.
func (w *Wallet) Replay(e *Entry, body []byte) error {
	switch {
	case e.Log != w.Log:
		return fmt.Errorf("entry of log %s in log %s", e.Log, w.Log)
	case e.Version != w.Version+1:
		return fmt.Errorf("%s: entry %d follows entry %d", w.Log, e.Version, w.Version)
	case e.Previous != w.Hash:
		return fmt.Errorf("%s: entry %d does not name the hash of entry %d", w.Log, e.Version, w.Version)
	case e.At < w.At:
		return fmt.Errorf("%s: entry %d is dated before entry %d", w.Log, e.Version, w.Version)
	}
	for i := range e.Events {
		after := e.Events[i].After
		w.move(&e.Events[i], e.At)
		if e.Events[i].After != after {
			return fmt.Errorf("%s: entry %d event %d: card has %+v afterwards, recorded is %+v", w.Log, e.Version, i, e.Events[i].After, after)
		}
	}
	if w.Balances != e.After {
		return fmt.Errorf("%s: entry %d: balances %+v afterwards, recorded are %+v", w.Log, e.Version, w.Balances, e.After)
	}
	w.Version, w.At, w.Hash = e.Version, e.At, HashOf(body)
	w.forget(e.At)
	return nil
}

// move applies one event and fills in what the card has afterwards.
func (w *Wallet) move(e *Event, at int64) {
	switch e.Kind {
	case Opened:
		w.Program, w.Currency = e.Program, e.Currency
	case CardIssued:
		w.cards = append(slices.Clip(w.cards), Card{ID: e.Card, Status: e.Status, Issued: e.Issued})
	case Funded, CardChanged, Allocated, Authorized, Refused, Verified, RefundAuthorized, AdviceHeld, AdviceRecorded,
		Released, Reduced, ReversalRecorded, Tombstoned, Suspended, Voided, Expired,
		Presented, Credited, PostingUndone, Completed, Incremented, FileTaken, FileClosed, FeePosted, Resolved, Transferred, MemberChanged, WalletChanged,
		NumberShown, CallTaken:
	}
	card := w.card(e.Card)
	w.moveProfile(e, card, at)
	held := w.movePurchase(e, at)
	w.Posted += e.Posted
	w.Held += held
	if card != nil {
		card.Allocated += e.Allocated
		w.Allocated += e.Allocated
		card.Held += held
		if e.Kind == CardChanged && e.Status != 0 {
			card.Status = e.Status
		}
		if e.Flags&FlagOurCode != 0 {
			card.Codes++
		}
		if e.Kind == CardChanged && e.Issued != (Issued{}) {
			card.renew(e.Issued)
		}
		e.After = card.CardBalance
	}
	w.moveRecord(e, at)
	w.movePosting(e, at)
}

// movePurchase brings the purchase of the event to where it stands afterwards and returns by
// how much the open holds change.
func (w *Wallet) movePurchase(e *Event, at int64) spec.Money {
	if e.Purchase == (Key{}) {
		return 0
	}
	p := w.purchases[e.Purchase]
	if p == nil && !e.whole() {
		return 0
	}
	w.notePurchase(e.Purchase)
	before, reserved := p.Held(), p.preAuthorized()
	if p == nil {
		p = &Purchase{Key: e.Purchase, Card: e.Card}
		w.purchases[e.Purchase] = p
		w.memory.keep(e.Purchase, at)
	}
	if e.Details != (Details{}) {
		p.Details.merge(e.Details)
	}
	if p.State != Open && e.Counter != (Account{}) {
		p.Counter = e.Counter // while money is held it is owed to one account
	}
	if p.State == Open {
		w.open--
	}
	if e.State == Open {
		w.open++
	}
	if e.Details.OurCode.Real() {
		p.OurAmount = e.Details.Amount
	}
	if e.Details.NetworkCode.Real() {
		p.NetworkAmount = e.Details.Amount
	}
	if e.Details != (Details{}) {
		w.index.purchase(p)
	}
	p.State, p.Hold = e.State, e.Hold
	p.Flags |= e.Flags
	if e.Of != (Key{}) {
		p.Of = e.Of
	}
	if now := p.preAuthorized(); now != reserved {
		w.reserve(p.Key, now)
	}
	p.Posted -= e.Posted
	p.Online += e.online()
	if e.authorizes() {
		p.Authorized = p.Hold + p.Posted
	}
	if p.State == Open && p.Details.Expires != 0 {
		w.expiry = min(w.expiry, p.Details.Expires)
	}
	return p.Held() - before
}

// whole says whether the event alone tells all there is to know of its purchase. When it does not and the
// purchase has left the wallet's memory, it stays out: it is looked up in the log, where all is.
func (e *Event) whole() bool {
	switch e.State {
	case Open:
		return true
	case Settled, PartlySettled, Unsettled, Paid:
		posts := e.Kind == Presented || e.Kind == Credited || e.Kind == Resolved || e.Kind == Completed
		return posts && e.Details != (Details{})
	case StateNone, Reversed, Declined, DeclinedReversed, NetworkDeclined, Tombstone, TombstonePart, AccountVerified,
		RefundDue, InSuspense, VoidedLate, HoldExpired, RefundPaid, IncrementOf, stateEnd:
	}
	return e.Details != (Details{}) || e.Kind == Tombstoned
}

// authorizes says whether the event sets what may be posted for its purchase.
func (e *Event) authorizes() bool {
	switch e.Kind {
	case Authorized, AdviceHeld, Reduced, Completed, Incremented:
		return e.State == Open || e.State == Paid
	case Opened, CardIssued, CardChanged, Funded, Allocated, Refused, Verified, RefundAuthorized, AdviceRecorded, Released,
		ReversalRecorded, Tombstoned, Suspended, Voided, Expired, Presented, Credited, PostingUndone, FileTaken, FileClosed,
		FeePosted, Resolved, Transferred, MemberChanged, WalletChanged, NumberShown, CallTaken:
	}
	return false
}

// merge takes the newer details, and keeps both approval codes: either matches later.
func (d *Details) merge(newer Details) {
	ours, network := d.OurCode, d.NetworkCode
	*d = newer
	if d.OurCode == (spec.ApprovalCode{}) {
		d.OurCode = ours
	}
	if d.NetworkCode == (spec.ApprovalCode{}) {
		d.NetworkCode = network
	}
}

func (w *Wallet) moveRecord(e *Event, at int64) {
	if e.Kind == Voided {
		for _, class := range [...]spec.Class{spec.Authorization, spec.Financial} {
			key := e.Purchase.Of(class)
			if r, ok := w.records[key]; ok {
				w.noteRecord(key)
				r.Answer = e.Answer
				w.records[key] = r
			}
		}
		return
	}
	if e.Key == (Key{}) {
		return
	}
	w.noteRecord(e.Key)
	if _, again := w.records[e.Key]; !again {
		w.memory.keep(e.Key, at)
	}
	r := recordOf(e)
	r.Version = w.Version + 1
	w.records[e.Key] = r
}

// RanOut are the events that release every hold that ran out by now, oldest first, at most
// EventsMax/2 of them. They count as released from that instant on, whether appended or not.
func (w *Wallet) RanOut(now time.Time) []Event {
	at := now.UnixMilli()
	if at < w.expiry {
		return nil
	}
	var due []*Purchase
	w.expiry = never
	for _, p := range w.purchases {
		switch {
		case p.State != Open || p.Details.Expires == 0:
		case p.Details.Expires <= at:
			due = append(due, p)
		default:
			w.expiry = min(w.expiry, p.Details.Expires)
		}
	}
	slices.SortFunc(due, func(a, b *Purchase) int {
		if a.Details.Expires != b.Details.Expires {
			return int(min(1, max(-1, a.Details.Expires-b.Details.Expires)))
		}
		return slices.Compare(a.Key[:], b.Key[:])
	})
	if len(due) > 0 { // until they are applied they are still due
		w.expiry = due[0].Details.Expires
	}
	if len(due) > EventsMax/2 {
		due = due[:EventsMax/2]
	}
	events := make([]Event, len(due))
	for i, p := range due {
		events[i] = Event{Kind: Expired, Card: p.Card, Counter: p.Counter, Purchase: p.Key, State: HoldExpired, Hold: p.Hold}
		if p.Posted != 0 {
			events[i].State = PartlySettled
		}
	}
	return events
}

// renew gives a card another number, or the same one sealed under another key.
func (c *Card) renew(i Issued) {
	if i.First6 != [6]byte{} {
		c.First6, c.Last4, c.Expiry = i.First6, i.Last4, i.Expiry
	}
	c.Sealed = i.Sealed
}

func recordOf(e *Event) Record {
	return Record{Fingerprint: e.Fingerprint, Answer: e.Answer, Placement: e.Clearing.Placement}
}
