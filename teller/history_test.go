package teller

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

func TestEventsAreReadInOrderAndPageByPage(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		d := newDesk(t, store.store)
		w := d.wallet(Opening{}, 1000)
		for range 8 {
			d.card(w, 10)
		}
		var all []balance.Entry
		for after, pages := uint64(0), 0; ; pages++ {
			page, err := d.Events(t.Context(), caller(), w, after, 5)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			all = append(all, page...)
			after = all[len(all)-1].Version
		}
		for i, e := range all {
			if e.Version != uint64(i+1) || len(e.Events) == 0 { //nolint:gosec // small
				t.Errorf("entry %d has version %d", i, e.Version)
			}
		}
		if last := all[len(all)-1]; len(all) != 18 || last.After != (balance.Balances{Posted: 1000, Allocated: 80}) || last.Events[0].After.Allocated != 10 {
			t.Errorf("%s: %d entries, after the last %+v", store.name, len(all), last.After)
		}
		hidden := 0
		for i := range all[1].Events {
			if !Shows(&all[1].Events[i]) {
				hidden++
			}
		}
		if hidden != 1 || len(all[1].Events) != 2 {
			t.Errorf("%s: of a top-up %d events are hidden", store.name, hidden)
		}
	}
}

func TestABalanceIsWhatTheLogSaysOfThatInstant(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	d := newDesk(t, balance.MemoryOptions{Single: true}, func(o *Options) { o.Now = func() time.Time { return at } })
	day := func() { at = at.Add(24 * time.Hour) }
	w := d.wallet(Opening{}, 1000)
	day()
	a := d.card(w, 300)
	day()
	b := d.card(w, 200)
	day()
	d.must(d.Allocate(t.Context(), d.next(), w, a, -100))
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		at   time.Time
		want Past
	}{
		{start.Add(-time.Millisecond), Past{Currency: spec.JPY}},
		{start.Add(time.Hour), Past{Version: 2, At: start, Currency: spec.JPY, Balances: balance.Balances{Posted: 1000}}},
		{start.Add(30 * time.Hour), Past{
			Version: 4, At: start.Add(24 * time.Hour), Currency: spec.JPY, Balances: balance.Balances{Posted: 1000, Allocated: 300},
			Cards: []PastCard{{a, balance.CardBalance{Allocated: 300}}},
		}},
		{start.Add(48 * time.Hour), Past{
			Version: 6, At: start.Add(48 * time.Hour), Currency: spec.JPY, Balances: balance.Balances{Posted: 1000, Allocated: 500},
			Cards: []PastCard{{a, balance.CardBalance{Allocated: 300}}, {b, balance.CardBalance{Allocated: 200}}},
		}},
		{start.Add(1000 * time.Hour), Past{
			Version: 7, At: start.Add(72 * time.Hour), Currency: spec.JPY, Balances: balance.Balances{Posted: 1000, Allocated: 400},
			Cards: []PastCard{{a, balance.CardBalance{Allocated: 200}}, {b, balance.CardBalance{Allocated: 200}}},
		}},
	} {
		got, err := d.BalanceAt(t.Context(), caller(), w, row.at)
		if err != nil || !reflect.DeepEqual(got, row.want) {
			t.Errorf("at %s: %v\n got %+v\nwant %+v", row.at, err, got, row.want)
		}
	}
}

// A card that was never used again costs no reading.
func TestABalanceOfThenReadsNoFurtherBackThanWhatHasChangedSince(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	d := newDesk(t, balance.MemoryOptions{}, func(o *Options) { o.Now = func() time.Time { return at } })
	w := d.wallet(Opening{}, 1000) // versions 1 and 2
	d.card(w, 10)                  // 3 and 4
	b := d.card(w, 10)             // 5 and 6
	for range 10 {                 // 7 to 16, a minute apart
		at = at.Add(time.Minute)
		d.must(d.Allocate(t.Context(), d.next(), w, b, 1))
	}
	at = at.Add(time.Minute)
	d.card(w, 0) // 17
	log, err := d.Events(t.Context(), caller(), w, 0, PageMax)
	if err != nil {
		t.Fatal(err)
	}
	for back, last := range map[int]uint64{0: 17, 1: 16, 2: 15, 5: 12} {
		then := lookBack{at: at.Add(-time.Duration(back) * time.Minute).UnixMilli(), cards: map[spec.CardID]*balance.CardBalance{}}
		read := uint64(len(log))
		for ; then.entry(&log[read-1]); read-- {
		}
		if then.Version != last || read != last {
			t.Errorf("%d minutes before: version %d, read back to %d, want %d", back, then.Version, read, last)
		}
	}
}

// before is a snapshot as a balance of that time.
func before(s Snapshot) Past {
	p := Past{Version: s.Version, At: time.UnixMilli(s.At).UTC(), Currency: s.Currency, Balances: s.Balances}
	for _, c := range s.Cards {
		p.Cards = append(p.Cards, PastCard{c.ID, c.CardBalance})
	}
	return p
}

func TestABalanceOfThenIsWhatWasSaidThenAlsoOfClosedCards(t *testing.T) {
	t.Parallel()
	at := time.Now().UTC().Truncate(time.Millisecond)
	var said []Past
	d := newDesk(t, balance.MemoryOptions{Single: true}, func(o *Options) { o.Now = func() time.Time { return at } })
	w, other := d.wallet(Opening{}, 1000), d.wallet(Opening{}, 0)
	a, b := d.card(w, 300), d.card(w, 200)
	said = append(said, before(d.snapshot(w)))
	step := func(do func()) {
		at = at.Add(time.Minute)
		do()
		if s := d.snapshot(w); s.Version > said[len(said)-1].Version {
			said = append(said, before(s))
		}
	}
	pays := func(card spec.CardID, amount spec.Money, as uint16) func() {
		return func() {
			q := spec.Request{MTI: 100, Amount: amount, STAN: uint32(as), Sent: at.Unix()}
			if resp := d.payAt(at, d.drawn.of(card, 0), q); resp.Reason != spec.Approved {
				t.Fatal(resp.Reason)
			}
		}
	}
	cancels := func(card spec.CardID, amount spec.Money, as uint32) func() {
		return func() {
			q := spec.Request{MTI: 400, Amount: amount, STAN: 900 + as, Sent: at.Unix(), Original: d.original(w, as)}
			if resp := d.payAt(at, d.drawn.of(card, 0), q); resp.Reason != spec.Approved {
				t.Fatal(resp.Reason)
			}
		}
	}
	step(pays(a, 100, 1))
	step(pays(a, 50, 2))
	step(pays(b, 70, 3))
	step(func() { d.must(d.Close(t.Context(), d.next(), w, a)) })
	step(cancels(a, 100, 1)) // free on a closed card
	step(cancels(b, 70, 3))  // free on one that is not
	step(func() { d.must(d.Rename(t.Context(), d.next(), w, b, "food")) })
	step(func() { d.must(d.Transfer(t.Context(), d.next(), w, other, 1, "")) }) // takes it back
	step(cancels(a, 50, 2))
	step(func() { d.must(d.Close(t.Context(), d.next(), w, b)) })
	step(func() { d.must(d.Close(t.Context(), d.next(), w, a)) })
	if len(said) != 12 {
		t.Fatalf("%d versions", len(said))
	}
	for i, want := range said {
		if got, err := d.BalanceAt(t.Context(), caller(), w, want.At); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%d: %v\n got %+v\nwant %+v", i, err, got, want)
		}
	}
	if free := said[5]; free.Allocated != 250 || free.Held != 120 || free.Cards[0].Allocated != 50 {
		t.Errorf("after the reversal %+v", free)
	}
	d.verified()
}

// seen is what a test compares of an item.
type seen struct {
	Movement
	Amount, Held, Charged, Refunded spec.Money
	State                           balance.State
	Why                             string
}

func seenOf(a *Activity) seen {
	return seen{a.Movement, a.Amount, a.Held, a.Charged, a.Refunded, a.State, a.Why}
}

func TestActivityTellsWhatBecameOfEachPurchase(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		d := newDesk(t, store.store)
		other := d.wallet(Opening{}, 0)
		w := d.wallet(Opening{}, 5000)
		card := d.card(w, 2000)
		number := d.drawn.of(card, 0)
		pay := func(amount spec.Money) (spec.Response, uint32) {
			return d.pay(number, spec.Request{MTI: 100, Amount: amount}), d.stan
		}
		settled, sold := pay(300)
		pay(9000)
		_, cancelled := pay(400)
		d.pay(number, spec.Request{MTI: 400, Amount: 400, STAN: 900, Sent: time.Now().Unix(), Original: d.original(w, cancelled)})
		d.clear(number, 300, sold, settled.Approval)
		pay(50)
		pay(0)
		d.pay(number, spec.Request{MTI: 420, Amount: 5, STAN: 901, Sent: time.Now().Unix(), Original: spec.Original{Present: true, STAN: 7777, Sent: time.Now().Unix(), Acquirer: 8}}) // of nothing
		d.clear(number, 70, 800, spec.ApprovalCode{})
		d.clear(number, 20, 801, spec.ApprovalCode{})
		d.takesBack = true
		d.clear(number, 20, 801, spec.ApprovalCode{})
		d.must(d.Transfer(t.Context(), d.next(), w, other, 1000, "thanks"))
		d.must(d.Close(t.Context(), d.next(), w, card))
		got, more, err := d.Activity(t.Context(), caller(), w, Place{}, PageMax)
		if err != nil || more {
			t.Fatal(err, more)
		}
		want := []seen{
			{Allocation, -1580, 0, 0, 0, 0, ""},
			{Transfer, -1000, 0, 0, 0, 0, ""},
			{Purchase, 20, 0, 0, 0, balance.Unsettled, "The merchant took its charge back."},
			{Purchase, 70, 0, 70, 0, balance.Settled, "Charged. The merchant did not ask before."},
			{Purchase, 0, 0, 0, 0, balance.AccountVerified, "The merchant checked the card: nothing was charged."},
			{Purchase, 50, 50, 0, 0, balance.Open, "Held until the merchant collects it."},
			{Purchase, 400, 0, 0, 0, balance.Reversed, "Cancelled by the merchant: nothing was charged."},
			{Purchase, 9000, 0, 0, 0, balance.Declined, "Declined: not enough money on the card."},
			{Purchase, 300, 0, 300, 0, balance.Settled, "Charged."},
			{Allocation, 2000, 0, 0, 0, 0, ""},
			{ToppedUp, 5000, 0, 0, 0, 0, ""},
		}
		for i := range max(len(got), len(want)) {
			switch {
			case i >= len(got):
				t.Errorf("%s: missing %+v", store.name, want[i])
			case i >= len(want):
				t.Errorf("%s: too much: %+v", store.name, seenOf(&got[i]))
			case seenOf(&got[i]) != want[i]:
				t.Errorf("%s: item %d\n got %+v\nwant %+v", store.name, i, seenOf(&got[i]), want[i])
			}
		}
		if s := got[8].Steps; len(s) != 2 || s[0].Kind != balance.Authorized || s[0].Hold != 300 || s[1].Kind != balance.Presented || s[1].Posted != -300 {
			t.Errorf("%s: steps %+v", store.name, s)
		}
		if a := got[1]; a.Other != other || a.Reference != "thanks" || got[10].Reference == "" || got[8].Merchant.String() != "SHOP1" || got[8].Approval != settled.Approval {
			t.Errorf("%s: %+v", store.name, a)
		}
		paged(t, d, w, got)
	}
}

// paged reads the same page by page, of every size, with purchases made and cleared between the pages.
func paged(t *testing.T, d *desk, wallet string, want []Activity) {
	t.Helper()
	for size := 1; size <= len(want)+1; size++ {
		var got []Activity
		before := Place{}
		for pages := 0; ; pages++ {
			page, more, err := d.Activity(t.Context(), caller(), wallet, before, size)
			if err != nil || len(page) > size || pages > len(want) {
				t.Fatal(err, len(page))
			}
			got = append(got, page...)
			if !more {
				break
			}
			before = page[len(page)-1].Place
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("in pages of %d it is otherwise: %d items, want %d", size, len(got), len(want))
		}
	}
}

func TestAPurchaseThatIsClearedBetweenTwoPagesStaysInItsPlace(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{Single: true})
	w := d.wallet(Opening{}, 5000)
	number := d.drawn.of(d.card(w, 5000), 0)
	type sale struct {
		stan uint32
		code spec.ApprovalCode
	}
	var sales []sale
	for i := range 12 {
		q := spec.Request{MTI: 100, Amount: spec.Money(100 + i)}
		resp := d.pay(number, q)
		sales = append(sales, sale{d.stan, resp.Approval})
		if i%3 == 0 { // and the network tells us of it as well
			q.MTI, q.STAN, q.Sent, q.ActionCode = 120, d.stan, d.original(w, d.stan).Sent, [2]byte{'0', '0'}
			copy(q.Approval[:], fmt.Sprintf("%06d", 700000+i))
			d.pay(number, q)
		}
	}
	var amounts []spec.Money
	before := Place{}
	for i := 0; ; i++ {
		page, more, err := d.Activity(t.Context(), caller(), w, before, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page {
			if a.Movement == Purchase {
				amounts = append(amounts, a.Amount)
			}
		}
		if !more {
			break
		}
		before = page[len(page)-1].Place
		s := sales[i]
		d.clear(number, spec.Money(100+i), s.stan, s.code)
	}
	want := make([]spec.Money, 0, 12)
	for i := range 12 {
		want = append(want, spec.Money(111-i))
	}
	if !slices.Equal(amounts, want) {
		t.Errorf("got %v", amounts)
	}
}

func TestTheSealingOfANumberUnderAnotherKeyIsShownToNobody(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{})
	w := d.wallet(Opening{}, 1000)
	card := d.card(w, 100)
	before, _, err := d.Activity(t.Context(), caller(), w, Place{}, PageMax)
	if err != nil {
		t.Fatal(err)
	}
	version := d.snapshot(w).Version
	again := balance.Event{Kind: balance.CardChanged, Card: card, Issued: balance.Issued{Sealed: "under another key"}}
	l := &look{ended: make(chan error, 1), see: func(*balance.View) {}, events: []balance.Event{again}}
	d.book.Submit(balance.Post{Log: w, At: time.Now(), Mover: l})
	if err := <-l.ended; err != nil {
		t.Fatal(err)
	}
	d.must(d.Freeze(t.Context(), d.next(), w, card))
	page, err := d.Events(t.Context(), caller(), w, version, PageMax)
	if err != nil || len(page) != 2 || page[0].Events[0].Issued.Sealed != again.Issued.Sealed {
		t.Fatalf("%d entries, %v", len(page), err)
	}
	if Shows(&page[0].Events[0]) || !Shows(&page[1].Events[0]) {
		t.Error("the sealing is shown, or the freezing is not")
	}
	if after, _, err := d.Activity(t.Context(), caller(), w, Place{}, PageMax); err != nil || !reflect.DeepEqual(after, before) {
		t.Errorf("activity has %d items after %d, %v", len(after), len(before), err)
	}
	if s := d.snapshot(w); s.Cards[0].Sealed != again.Issued.Sealed || s.Cards[0].Status != balance.CardFrozen {
		t.Errorf("the card is %s", s.Cards[0].Status)
	}
	for what, e := range map[string]balance.Event{
		"a status": {Status: balance.CardLost}, "rules": {Profile: balance.Profile{RulesSet: true}}, "a name": {Profile: balance.Profile{Name: "food"}},
		"a number": {Issued: balance.Issued{First6: [6]byte{'3'}}}, "an expiry": {Issued: balance.Issued{Expiry: 3111}}, "a note": {Note: "why"},
	} {
		e.Kind, e.Issued.Sealed = balance.CardChanged, "sealed"
		if !Shows(&e) {
			t.Errorf("a change with %s is not shown", what)
		}
	}
}
