package balance

import (
	"testing"
	"time"

	"sekisho/spec"
)

var preCard = spec.CardID{1}

func preKey(stan uint32) Key { return MessageKey(spec.ClassUnknown, preCard, 1_000_000, stan, 8871) }

// reserved is a wallet with an open pre-authorization of 100, an increment of it, and a sale that was
// posted at once.
func reserved(t *testing.T) (*Wallet, Sealed) {
	t.Helper()
	w := NewWallet("w")
	d := w.Draft(1_000_000_000)
	pre := Details{RRN: spec.RRN{'R'}, Merchant: spec.MerchantID{'S'}, Conditions: spec.PreAuthorization}
	d.Add(Event{Kind: Opened, Program: "prepaid", Currency: spec.JPY}, Event{Kind: CardIssued, Card: preCard, Status: CardActive},
		Event{Kind: Authorized, Card: preCard, Purchase: preKey(1), State: Open, Hold: 100, Details: pre},
		Event{Kind: Incremented, Card: preCard, Purchase: preKey(2), Of: preKey(1), State: IncrementOf, Hold: 20, Flags: FlagPartOf, Details: pre},
		Event{Kind: Completed, Card: preCard, Purchase: preKey(3), State: Paid, Posted: -70, Allocated: -70, Details: Details{Amount: 70}})
	e, body := d.Seal(1)
	return w, Sealed{Log: "w", Version: e.Version, Attempt: 1, At: e.At, Body: body, Snapshot: AppendSnapshot(nil, w)}
}

func TestASnapshotKeepsOpenPreAuthorizationsAndWhatIsPartOfThem(t *testing.T) {
	_, sealed := reserved(t)
	w, err := DecodeSnapshot(&sealed)
	if err != nil {
		t.Fatal(err)
	}
	v := View{Wallet: w, Now: time.Unix(1_000_000, 0)}
	if p := v.PreAuthorization(preCard, spec.RRN{'R'}, 8871, spec.MerchantID{'S'}); p == nil || p.Key != preKey(1) {
		t.Errorf("the open pre-authorization is not found: %+v", p)
	}
	if p, _ := v.Purchase(preKey(2)); p == nil || p.Of != preKey(1) {
		t.Errorf("the increment does not say what it is part of: %+v", p)
	}
}

func TestWhatWasPostedOnlineIsWhatMayBePosted(t *testing.T) {
	w, _ := reserved(t)
	if p := w.purchases[preKey(3)]; p.Authorized != 70 || p.Posted != 70 {
		t.Errorf("a sale of 70 posted at once may be posted up to %d, %d was", p.Authorized, p.Posted)
	}
}

func TestAClosedPreAuthorizationIsNotAddedToAndOpensAgainWhenItsEntryIsUndone(t *testing.T) {
	w, _ := reserved(t)
	v := View{Wallet: w}
	find := func() *Purchase { return v.PreAuthorization(preCard, spec.RRN{'R'}, 8871, spec.MerchantID{'S'}) }
	w.begin()
	d := w.Draft(1_000_000_001)
	d.Add(Event{Kind: Released, Card: preCard, Purchase: preKey(1), State: Reversed})
	if p := find(); p != nil {
		t.Errorf("found after it was released: %+v", p)
	}
	w.undo()
	if p := find(); p == nil || p.Hold != 100 {
		t.Errorf("not found after its release was undone: %+v", p)
	}
	d = w.Draft(1_000_000_002)
	d.Add(Event{Kind: Authorized, Card: preCard, Purchase: preKey(4), State: Open, Hold: 5, Details: find().Details})
	if p := find(); p != nil {
		t.Errorf("one of two is guessed at: %+v", p)
	}
}
