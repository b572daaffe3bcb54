package teller

import (
	"cmp"
	"context"
	"slices"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// Movement says what an item of activity is.
type Movement string

// The movements.
const (
	Purchase   Movement = "purchase"
	Refund     Movement = "refund" // money from a merchant that is not taken back from a purchase
	ToppedUp   Movement = "top_up"
	Allocation Movement = "allocation" // to a card; below zero: back to the wallet
	Transfer   Movement = "transfer"   // from another wallet; below zero: to another
)

// Activity is one item of what happened to the money of a wallet: a purchase with all that became of it, or
// money that moved otherwise.
type Activity struct {
	Place            // of the event with which it began; it never changes
	At     time.Time // of that
	Latest time.Time // of its newest event
	Movement
	Key       balance.Key   // of the purchase; else of the call that moved the money, of a transfer the same for both; none where it followed from another
	Card      spec.CardID   // none: of no card
	Amount    spec.Money    // purchase and refund: as the merchant asked, in Currency; else what moved
	Currency  spec.Currency // of Amount
	Other     string        // transfer: the other wallet
	Reference string        // top-up and transfer

	// Of purchases and refunds, amounts in the wallet's currency.
	State    balance.State
	Held     spec.Money  // still held
	Charged  spec.Money  // posted to the merchant so far
	Refunded spec.Money  // came back, or came
	Reason   spec.Reason // how it was answered
	Why      string      // how it stands, for a person
	Flags    balance.Flags
	Merchant spec.MerchantID
	MCC      uint16
	Approval spec.ApprovalCode
	Steps    []Step // oldest first
}

// Step is one event of a purchase.
type Step struct {
	Place
	At     time.Time
	Kind   balance.Kind
	Hold   spec.Money // held for the purchase afterwards
	Posted spec.Money // added to the wallet's posted money: below zero for a charge
}

// Place is where an event is in a log: the version of its entry, and its number there. The zero Place is none.
type Place struct {
	Version uint64
	Index   int
}

// Compare orders places as the log has them.
func (p Place) Compare(q Place) int {
	return cmp.Or(cmp.Compare(p.Version, q.Version), cmp.Compare(p.Index, q.Index))
}

// Activity lists what happened to the money of a wallet, what began last first: at most limit items (1 to
// PageMax) that began before a place, which is that of the last item of the page before, or zero for the first
// page. more says whether there is another page. An item stays in its place whatever becomes of it.
func (t *Teller) Activity(ctx context.Context, c Caller, wallet string, before Place, limit int) (page []Activity, more bool, err error) {
	s, err := t.Wallet(ctx, c, wallet)
	if err != nil {
		return nil, false, err
	}
	b := &browse{before: before, limit: min(max(limit, 1), PageMax), purchases: map[balance.Key]*item{}, currency: s.Currency}
	err = t.scan(ctx, wallet, s.Version, balance.Backward, func(e *balance.Entry) bool {
		for i := len(e.Events) - 1; i >= 0; i-- {
			b.event(e, i)
		}
		return !b.full(e.At)
	})
	if err != nil {
		return nil, false, err
	}
	page, more = b.page()
	return page, more, nil
}

// browse reads a log backwards and puts items together until a page is certain.
type browse struct {
	before    Place
	limit     int
	currency  spec.Currency
	purchases map[balance.Key]*item // that may have older events
	listed    []*item               // that began before the page's begin
	whole     int                   // how many of those are certain, and shown
	open      map[*item]bool        // those of them that may have older events
}

// item is an activity while its events are met, the newest first.
type item struct {
	Activity
	began   bool // its first event was met
	decided bool // Reason was found
	details balance.Details
	listed  bool
}

func (b *browse) event(entry *balance.Entry, i int) {
	e := &entry.Events[i]
	place, at := Place{entry.Version, i}, time.UnixMilli(entry.At).UTC()
	if e.Purchase == (balance.Key{}) {
		if movement, amount := moved(e); movement != "" && b.below(place) {
			it := &item{began: true, listed: true}
			it.Activity = Activity{
				Place: place, At: at, Latest: at, Movement: movement, Key: e.Key, Card: e.Card, Amount: amount, Currency: b.currency,
				Reference: e.Note,
			}
			if movement == Transfer {
				it.Other = e.Counter.Name
			}
			b.listed = append(b.listed, it)
			b.whole++
		}
		return
	}
	it := b.purchases[e.Purchase]
	if it == nil {
		it = &item{}
		it.Activity = Activity{Latest: at, Key: e.Purchase, Card: e.Card, State: e.State}
		if e.State == balance.Open {
			it.Held = e.Hold
		}
		b.purchases[e.Purchase] = it
	}
	it.add(place, at, e)
	if b.below(place) && !it.listed {
		it.listed = true
		b.listed = append(b.listed, it)
		b.opens()[it] = true
	}
	if it.began {
		b.close(it)
	}
}

func (b *browse) opens() map[*item]bool {
	if b.open == nil {
		b.open = map[*item]bool{}
	}
	return b.open
}

// close takes it that an item has no older events.
func (b *browse) close(it *item) {
	delete(b.purchases, it.Key)
	delete(b.open, it)
	if it.listed && it.shown() {
		b.whole++
	}
}

func (b *browse) below(p Place) bool { return b.before == (Place{}) || p.Compare(b.before) < 0 }

// A message can have been sent up to a day ahead of its arrival, and clocks differ: before that no event of
// its purchase can be.
const aheadMax = 26 * time.Hour

// full says whether a page and one item more are certain.
func (b *browse) full(at int64) bool {
	if b.whole <= b.limit {
		return false
	}
	for it := range b.open {
		sent, dated := it.Key.Sent()
		if !dated || time.UnixMilli(at).Add(aheadMax).After(time.Unix(sent, 0)) {
			return false
		}
		b.close(it)
	}
	return true
}

func (b *browse) page() (page []Activity, more bool) {
	slices.SortFunc(b.listed, func(x, y *item) int { return y.Compare(x.Place) })
	for _, it := range b.listed {
		if !it.shown() {
			continue
		}
		if len(page) == b.limit {
			return page, true
		}
		it.finish(b.currency)
		page = append(page, it.Activity)
	}
	return page, false
}

// moved is what an event moved that is about no purchase.
func moved(e *balance.Event) (Movement, spec.Money) {
	if !Shows(e) {
		return "", 0
	}
	switch e.Kind { //nolint:exhaustive // a choice of them
	case balance.Allocated:
		return Allocation, e.Allocated
	case balance.Transferred:
		return Transfer, e.Posted
	case balance.Funded:
		return ToppedUp, e.Posted
	}
	return "", 0
}

// add puts an older event to an item.
func (it *item) add(place Place, at time.Time, e *balance.Event) {
	it.Place, it.At = place, at
	it.Flags |= e.Flags
	step := Step{Place: place, At: at, Kind: e.Kind, Posted: e.Posted}
	if e.State == balance.Open {
		step.Hold = e.Hold
	}
	it.Steps = append(it.Steps, step)
	if it.Card == (spec.CardID{}) {
		it.Card = e.Card
	}
	if e.Details != (balance.Details{}) && it.details == (balance.Details{}) {
		it.details = e.Details
	}
	if code := e.Details.OurCode; code.Real() && !it.details.OurCode.Real() {
		it.details.OurCode = code
	}
	switch undone := e.Kind == balance.PostingUndone; {
	case undone == (e.Posted > 0), e.Kind == balance.Completed && e.Flags&balance.FlagRefund == 0:
		it.Charged -= e.Posted
	default:
		it.Refunded += e.Posted
	}
	if !it.decided && decides(e) {
		it.decided, it.Reason = true, e.Answer.Reason
	}
	it.began = begins(e)
}

// decides says whether the event's answer is that of the purchase itself.
func decides(e *balance.Event) bool {
	switch e.Kind { //nolint:exhaustive // a choice of them
	case balance.Authorized, balance.Refused, balance.Verified, balance.RefundAuthorized, balance.AdviceHeld, balance.Completed, balance.Voided:
		return true
	}
	return false
}

// begins says whether an event is the first of its purchase for certain: the record that posts what was not
// authorized, or a request that met nothing under its key.
func begins(e *balance.Event) bool {
	if e.Key == (balance.Key{}) || e.Key.Purchase() != e.Purchase {
		return false
	}
	if e.Key.Kind() == balance.KeyClearing {
		return true
	}
	switch e.Kind { //nolint:exhaustive // a choice of them
	case balance.Authorized, balance.Verified, balance.RefundAuthorized:
		return e.Details != (balance.Details{}) && !e.Details.NetworkCode.Real()
	case balance.Refused:
		return e.State == balance.Declined
	}
	return false
}

// shown says whether an item means something to a person: not what is part of another purchase, nor a
// reversal of something that never was.
func (it *item) shown() bool {
	if it.State == balance.IncrementOf || it.Flags&balance.FlagPartOf != 0 {
		return false
	}
	if it.Movement != "" {
		return true
	}
	return slices.ContainsFunc(it.Steps, func(s Step) bool {
		return s.Kind != balance.ReversalRecorded && s.Kind != balance.Tombstoned
	})
}

// finish makes the item as it is listed.
func (it *item) finish(currency spec.Currency) {
	if it.Movement != "" {
		return
	}
	slices.Reverse(it.Steps)
	d := &it.details
	it.Amount, it.Currency, it.Merchant, it.MCC, it.Approval = d.Amount, d.Currency, d.Merchant, d.MCC, d.OurCode
	if !it.Approval.Real() {
		it.Approval = d.NetworkCode
	}
	if it.Currency == 0 {
		it.Currency = currency
	}
	it.Movement = Purchase
	if it.Flags&balance.FlagRefund != 0 && it.Charged == 0 && it.Flags&balance.FlagDispute == 0 {
		it.Movement = Refund
	}
	it.Why = why(it.State, it.Reason, it.Flags, it.Movement)
}
