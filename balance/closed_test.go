package balance

import (
	"reflect"
	"testing"

	"sekisho/spec"
)

func TestWhatIsFreeOnAClosedCardGoesBackInTheEntryThatFreesIt(t *testing.T) {
	t.Parallel()
	card, other := spec.CardID{1}, spec.CardID{2}
	held := CallKey("purchase")
	w := NewWallet("w")
	add := func(events ...Event) []Event {
		d := w.Draft(1)
		d.Add(events...)
		e, _ := d.Seal(1)
		return e.Events
	}
	add(
		Event{Kind: Opened, Program: "p", Currency: spec.JPY},
		Event{Kind: Funded, Posted: 1000},
		Event{Kind: CardIssued, Card: card, Status: CardActive},
		Event{Kind: CardIssued, Card: other, Status: CardActive},
		Event{Kind: Allocated, Card: card, Allocated: 700},
		Event{Kind: Allocated, Card: other, Allocated: 200},
		Event{Kind: Authorized, Card: card, Purchase: held, State: Open, Hold: 500},
	)
	for _, step := range []struct {
		events []Event
		back   spec.Money // of the closed card
		has    CardBalance
	}{
		{[]Event{{Kind: CardChanged, Card: card, Status: CardClosed}}, 200, CardBalance{500, 500}},
		{[]Event{{Kind: Refused, Card: card}}, 0, CardBalance{500, 500}},
		{[]Event{{Kind: Reduced, Card: card, Purchase: held, State: Open, Hold: 400}}, 100, CardBalance{400, 400}},
		{[]Event{ // let go and held again at once: nothing was free at the end
			{Kind: Released, Card: card, Purchase: held, State: Reversed, Hold: 400},
			{Kind: AdviceHeld, Card: card, Purchase: held, State: Open, Hold: 400},
		}, 0, CardBalance{400, 400}},
		{[]Event{{Kind: Presented, Card: card, Purchase: held, State: Settled, Posted: -350, Allocated: -350}}, 50, CardBalance{}},
		{[]Event{{Kind: Presented, Card: card, Posted: -30, Allocated: -30}}, 0, CardBalance{Allocated: -30}},
		{[]Event{{Kind: Credited, Card: card, Posted: 70, Allocated: 70}}, 40, CardBalance{}},
		{[]Event{{Kind: Allocated, Card: other, Allocated: -200}}, 0, CardBalance{}},
	} {
		got := add(step.events...)
		want := len(step.events)
		if step.back > 0 {
			want++
			back := Event{Kind: Allocated, Card: card, Allocated: -step.back, Counter: Account{Kind: AccountWallet, Name: "w"}, After: step.has}
			if last := got[len(got)-1]; !reflect.DeepEqual(last, back) {
				t.Errorf("%s: the last event is %+v, want %+v", step.events[0].Kind, last, back)
			}
		}
		if c, _ := w.Card(card); len(got) != want || c.CardBalance != step.has {
			t.Errorf("%s: %d events, the card has %+v", step.events[0].Kind, len(got), c.CardBalance)
		}
	}
	if w.Posted != 690 || w.Allocated != 0 || w.Unallocated() != 690 {
		t.Errorf("the wallet has %+v", w.Balances)
	}
}
