package teller

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// logs visits every entry of a store.

// counting is a source of randomness that says the same thing some times over before the next.

func TestAPersonHasSoManyCardsAndNotOneMoreThoughNodesRace(t *testing.T) {
	t.Parallel()
	me := someone("me")
	for _, owner := range []spec.PersonID{me, {}} {
		a := newDesk(t, balance.MemoryOptions{Single: true})
		b := a.node(balance.MemoryOptions{Single: true})
		wallets := []string{a.wallet(Opening{Owner: owner}, 0), a.wallet(Opening{Owner: owner}, 0)}
		if owner == (spec.PersonID{}) {
			wallets[1] = wallets[0] // what nobody holds counts per wallet
		}
		var issued atomic.Int64
		var all sync.WaitGroup
		for i := range 2 * (CardsMaxDefault + 1) {
			all.Go(func() {
				node := []*desk{a, b}[i%2]
				done, err := node.Issue(context.Background(), call(fmt.Sprint("race ", i)), wallets[i/2%2], Issuing{})
				switch {
				case err == nil:
					issued.Add(1)
					if done.Events[0].Profile.Person != owner {
						t.Errorf("it is held by %s", done.Events[0].Profile.Person)
					}
				default:
					refused(t, "one too many", err, &CapError{What: "cards", Max: CardsMaxDefault})
				}
			})
		}
		all.Wait()
		if n := issued.Load(); n != CardsMaxDefault {
			t.Errorf("%d cards were issued", n)
		}
		first := a.snapshot(wallets[0]).Cards[0].ID
		a.must(a.Close(t.Context(), a.next(), wallets[0], first))
		b.must(b.Issue(t.Context(), call("in its place"), wallets[1], Issuing{}))
		_, err := a.Issue(t.Context(), a.next(), wallets[0], Issuing{})
		refused(t, "one too many again", err, &CapError{What: "cards", Max: CardsMaxDefault})
		a.verified()
	}
}

func TestTheSamePersonIDWithAnotherTenantIsAnotherPerson(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{}, func(o *Options) { o.Programs[0].CardsMax = 1 })
	me := someone("me")
	c := d.next()
	c.Tenant = "t2"
	w := d.must(d.Open(t.Context(), c, Opening{Form: balance.Personal, Program: "prepaid", Owner: me})).Log
	c.Key = "issue" // the first use of the id
	theirs := d.must(d.Issue(t.Context(), c, w, Issuing{})).Events[0].Card
	c.Key = "issue one too many"
	_, err := d.Issue(t.Context(), c, w, Issuing{})
	refused(t, "their second card", err, &CapError{What: "cards", Max: 1})
	own := d.wallet(Opening{Owner: me}, 0)
	card := d.card(own, 0)
	_, err = d.Issue(t.Context(), d.next(), own, Issuing{})
	refused(t, "our second card", err, &CapError{What: "cards", Max: 1})
	d.must(d.Close(t.Context(), d.next(), own, card))
	c.Key = "issue after ours was closed"
	_, err = d.Issue(t.Context(), c, w, Issuing{})
	refused(t, "their second card after ours was closed", err, &CapError{What: "cards", Max: 1})
	c.Key = "close"
	d.must(d.Close(t.Context(), c, w, theirs))
	d.verified()
}

func TestIdsAreTheSameOnEveryNodeAndNotToBeGuessedWithoutTheKey(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{})
	other, err := spec.NewHasher([]byte("another key for tests"))
	if err != nil {
		t.Fatal(err)
	}
	node, stranger := d.node(balance.MemoryOptions{}), d.node(balance.MemoryOptions{}, func(o *Options) { o.Hash = other.Hash })
	if d.WalletID("t1", "k") != node.WalletID("t1", "k") || d.Teller.Person("t1", "me") != node.Teller.Person("t1", "me") {
		t.Error("two nodes differ")
	}
	if d.WalletID("t1", "k") == stranger.WalletID("t1", "k") || d.Teller.Person("t1", "me") == stranger.Teller.Person("t1", "me") {
		t.Error("the key does not matter")
	}
	if d.WalletID("t1", "k") == d.WalletID("t2", "k") || d.WalletID("t1", "k") == d.WalletID("t1", "l") ||
		d.Teller.Person("t1", "me") == d.Teller.Person("t2", "me") || d.Teller.Person("t1", "me") == d.Teller.Person("t1", "you") {
		t.Error("two are one")
	}
}

func TestThePersonsLogHasTheirCardsAndNoSealedNumber(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{})
	me := someone("me")
	w := d.wallet(Opening{Owner: me}, 0)
	d.must(d.Close(t.Context(), d.next(), w, d.card(w, 0)))
	n := 0
	logs(t, d, func(log string, s balance.Sealed) {
		if log != personLog("t1", me) {
			return
		}
		var e balance.Entry
		if err := balance.DecodeEntry(s.Body, &e); err != nil {
			t.Fatal(err)
		}
		for _, ev := range e.Events {
			n++
			if ev.Issued.Sealed != "" || (ev.Kind != balance.CardChanged && ev.Profile.Tenant != "t1") {
				t.Errorf("%s: %+v", ev.Kind, ev)
			}
		}
	})
	if n != 3 {
		t.Errorf("%d events", n)
	}
}

func TestAClosedCardKeepsWhatIsHeldUntilItIsClearedOrReleased(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		for _, owner := range []spec.PersonID{{}, someone("me")} {
			d := newDesk(t, store.store)
			w := d.wallet(Opening{Owner: owner}, 1000)
			card := d.card(w, 800)
			number := d.drawn.of(card, 0)
			sold := d.pay(number, spec.Request{MTI: 100, Amount: 300})
			d.pay(number, spec.Request{MTI: 100, Amount: 200})
			stan := d.stan
			done := d.must(d.Close(t.Context(), d.next(), w, card))
			if len(done.Events) != 2 || done.Events[1].Allocated != -300 || done.Events[1].After != (balance.CardBalance{Allocated: 500, Held: 500}) {
				t.Errorf("%s: closing: %+v", store.name, done.Events)
			}
			if resp := d.pay(number, spec.Request{MTI: 100, Amount: 1}); resp.Reason != spec.CardClosed {
				t.Errorf("%s: paid with a closed card: %s", store.name, resp.Reason)
			}
			again := d.must(d.Close(t.Context(), d.next(), w, card))
			if len(again.Events) != 1 || again.Events[0].Status != balance.CardClosed || again.Replayed {
				t.Errorf("%s: closed again: %+v", store.name, again)
			}
			if p := d.clear(number, 300, stan-1, sold.Approval); p != balance.PlacedMatched {
				t.Errorf("%s: its clearing is %s", store.name, p)
			}
			if s := d.snapshot(w); s.Posted != 700 || s.Held != 200 || s.Allocated != 200 {
				t.Errorf("%s: after clearing: %+v", store.name, s.Balances)
			}
			sent := time.Now().Unix()
			q := spec.Request{MTI: 420, Amount: 200, STAN: stan + 100, Sent: sent}
			q.Original = d.original(w, stan)
			if resp := d.pay(number, q); resp.Reason != spec.Approved {
				t.Errorf("%s: its release: %s", store.name, resp.Reason)
			}
			if s := d.snapshot(w); s.Held != 0 || s.Allocated != 0 || s.Unallocated() != 700 || s.card(card).Available() != 0 {
				t.Errorf("%s: after release: %+v", store.name, s.Balances)
			}
			other := d.card(w, 0)
			d.must(d.Allocate(t.Context(), d.next(), w, other, 700)) // all there is, what the closed card had included
			if s := d.snapshot(w); s.Allocated != 700 || s.card(card).Allocated != 0 || s.Unallocated() != 0 {
				t.Errorf("%s: taken back: %+v", store.name, s.Balances)
			}
			d.must(d.Sweep(t.Context(), d.next(), w, card))
			d.verified()
		}
	}
}

func TestWhatBecomesFreeOnAClosedCardReturnsInTheSameEntry(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		frees func(d *desk, w, number string, stan uint32, code spec.ApprovalCode)
		left  spec.Money // of 1000
	}{
		"a reversal": {func(d *desk, w, number string, stan uint32, _ spec.ApprovalCode) {
			d.pay(number, spec.Request{MTI: 420, Amount: 700, STAN: d.stan + 100, Sent: time.Now().Unix(), Original: d.original(w, stan)})
		}, 1000},
		"clearing below the hold": {func(d *desk, _, number string, stan uint32, code spec.ApprovalCode) {
			d.clear(number, 650, stan, code)
		}, 350},
		"clearing above the hold": {func(d *desk, _, number string, stan uint32, code spec.ApprovalCode) {
			d.clear(number, 750, stan, code)
		}, 250},
	} {
		for _, store := range stores {
			d := newDesk(t, store.store)
			w := d.wallet(Opening{}, 1000)
			card := d.card(w, 700)
			number := d.drawn.of(card, 0)
			sold := d.pay(number, spec.Request{MTI: 100, Amount: 700})
			stan := d.stan
			d.must(d.Close(t.Context(), d.next(), w, card))
			if s := d.snapshot(w); s.Held != 700 || s.Unallocated() != 300 || s.card(card).Allocated != 700 {
				t.Fatalf("%s: while it is held: %+v", name, s.Balances)
			}
			row.frees(d, w, number, stan, sold.Approval)
			s := d.snapshot(w)
			owes := max(0, 300-row.left) // what was cleared above what the card had
			if s.Posted != row.left || s.Unallocated() != row.left+owes || s.card(card).CardBalance != (balance.CardBalance{Allocated: -owes}) {
				t.Errorf("%s: when it is free: %+v, the card %+v", name, s.Balances, s.card(card).CardBalance)
			}
			d.returned(w, card, row.left-300)
			swept := d.must(d.Sweep(t.Context(), d.next(), w, card))
			if len(swept.Events) != 1 || swept.Events[0].Allocated != 0 {
				t.Errorf("%s: it returned twice: %+v", name, swept.Events)
			}
			d.verified()
		}
	}
}

// returned holds that the last entry of a wallet says that so much came back from a closed card; nothing of
// nothing.
func (d *desk) returned(wallet string, card spec.CardID, amount spec.Money) {
	d.t.Helper()
	entries, err := d.Events(d.t.Context(), caller(), wallet, 0, PageMax)
	if err != nil {
		d.t.Fatal(err)
	}
	e := entries[len(entries)-1]
	last := e.Events[len(e.Events)-1]
	if amount > 0 && (last.Kind != balance.Allocated || last.Card != card || last.Allocated != -amount || last.After != (balance.CardBalance{})) {
		d.t.Errorf("the entry does not end with what returned: %+v", last)
	}
	if amount <= 0 && last.Kind == balance.Allocated {
		d.t.Errorf("something returned: %+v", last)
	}
}

// original is what a reversal says of the purchase with a STAN.

func (d *desk) original(wallet string, stan uint32) (o spec.Original) {
	d.t.Helper()
	entries, err := d.Events(d.t.Context(), caller(), wallet, 0, PageMax)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, e := range entries {
		for _, ev := range e.Events {
			if sent, ok := ev.Key.Sent(); ok && ev.Key.STAN() == stan {
				return spec.Original{Present: true, STAN: stan, Sent: sent, Acquirer: ev.Key.Acquirer()}
			}
		}
	}
	return o
}

func TestRulesOfACardHoldAtTheNextPayment(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{Single: true})
	w := d.wallet(Opening{}, 1000)
	card := d.card(w, 800)
	number := d.drawn.of(card, 0)
	pay := func(amount spec.Money) spec.Reason {
		return d.pay(number, spec.Request{MTI: 100, Amount: amount, Entry: spec.EntryKeyed}).Reason
	}
	d.must(d.SetRules(t.Context(), d.next(), w, card, balance.CardRules{UseMax: 100}))
	if a, b := pay(100), pay(101); a != spec.Approved || b != spec.AmountLimit {
		t.Errorf("at the limit %s, above it %s", a, b)
	}
	d.must(d.SetRules(t.Context(), d.next(), w, card, balance.CardRules{Off: 1 << spec.EntryKeyed}))
	if a := pay(1); a != spec.ChannelOff {
		t.Errorf("switched off: %s", a)
	}
	d.must(d.SetRules(t.Context(), d.next(), w, card, balance.CardRules{}))
	d.must(d.Freeze(t.Context(), d.next(), w, card))
	if a := pay(1); a != spec.CardFrozen {
		t.Errorf("frozen: %s", a)
	}
	d.must(d.Unfreeze(t.Context(), d.next(), w, card))
	if a := pay(101); a != spec.Approved {
		t.Errorf("unfrozen, without rules: %s", a)
	}
}

func TestWhoLeavesAGroupSpendsNoMore(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{Single: true})
	me, you := someone("me"), someone("you")
	w := d.wallet(Opening{Form: balance.Group, Owner: me, Person: "I"}, 1000)
	d.must(d.AddMember(t.Context(), d.next(), w, you, balance.MemberRole, "you"))
	card := d.must(d.Issue(t.Context(), d.next(), w, Issuing{Holder: you})).Events[0].Card
	d.must(d.Allocate(t.Context(), d.next(), w, card, 500))
	for _, leave := range []func() (Done, error){
		func() (Done, error) { return d.SetRole(t.Context(), d.next(), w, you, balance.Viewer) },
		func() (Done, error) { return d.RemoveMember(t.Context(), d.next(), w, you) },
	} {
		d.must(leave())
		if resp := d.pay(d.drawn.of(card, 0), spec.Request{MTI: 100, Amount: 1}); resp.Reason != spec.CardFrozen {
			t.Errorf("paid: %s", resp.Reason)
		}
		_, err := d.Unfreeze(t.Context(), d.next(), w, card)
		refused(t, "unfreeze", err, &StateError{"its holder may not spend from the wallet any more"})
		_, err = d.Reissue(t.Context(), d.next(), w, card)
		refused(t, "reissue", err, &StateError{"its holder may not spend from the wallet any more"})
		if d.snapshot(w).Members[1:] == nil || len(d.snapshot(w).Members) == 1 {
			continue
		}
		d.must(d.SetRole(t.Context(), d.next(), w, you, balance.MemberRole))
		d.must(d.Unfreeze(t.Context(), d.next(), w, card))
	}
	if m := d.snapshot(w).Members; len(m) != 1 || m[0] != (balance.Member{Person: me, Role: balance.Owner, Name: "I"}) {
		t.Errorf("members: %+v", m)
	}
}

func TestAChangeOfACardTellsAllOfTheCard(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{Single: true})
	me := someone("me")
	w := d.wallet(Opening{Form: balance.Group, Owner: me}, 500)
	d.must(d.AddMember(t.Context(), d.next(), w, someone("you"), balance.Owner, ""))
	card := d.must(d.Issue(t.Context(), d.next(), w, Issuing{Name: "food", Rules: balance.CardRules{UseMax: 7}})).Events[0].Card
	d.must(d.Allocate(t.Context(), d.next(), w, card, 100))
	for _, row := range []struct {
		what string
		do   func() (Done, error)
	}{
		{"frozen", func() (Done, error) { return d.Freeze(t.Context(), d.next(), w, card) }},
		{"renamed", func() (Done, error) { return d.Rename(t.Context(), d.next(), w, card, "drink") }},
		{"other rules", func() (Done, error) { return d.SetRules(t.Context(), d.next(), w, card, balance.CardRules{}) }},
		{"unfrozen", func() (Done, error) { return d.Unfreeze(t.Context(), d.next(), w, card) }},
		{"its holder goes", func() (Done, error) { return d.RemoveMember(t.Context(), d.next(), w, me) }},
		{"lost", func() (Done, error) { return d.Lost(t.Context(), d.next(), w, card) }},
		{"closed", func() (Done, error) { return d.Close(t.Context(), d.next(), w, card) }},
	} {
		done := d.must(row.do())
		e, has := done.Events[0], d.snapshot(w).Cards[0]
		if e.Kind == balance.MemberChanged {
			e = done.Events[1]
		}
		after := done.Events[len(done.Events)-1].After
		got := balance.Card{
			ID: e.Card, Status: e.Status, Issued: e.Issued, CardBalance: after, Name: e.Profile.Name, Holder: e.Profile.Person,
			Number: e.Profile.Number, Rules: e.Profile.Rules, Codes: has.Codes,
		}
		if !reflect.DeepEqual(got, has) {
			t.Errorf("%s: the event tells\n%+v, the card is\n%+v", row.what, got, has)
		}
	}
}

func TestWhatAClosedCardStillHadCanBeHandedOver(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{Single: true})
	w, to := d.wallet(Opening{}, 500), d.wallet(Opening{}, 0)
	card := d.card(w, 500)
	d.pay(d.drawn.of(card, 0), spec.Request{MTI: 100, Amount: 200})
	stan := d.stan
	d.must(d.Close(t.Context(), d.next(), w, card))
	_, err := d.Transfer(t.Context(), d.next(), w, to, 500, "")
	refused(t, "while it is held", err, &FundsError{500, 300})
	d.pay(d.drawn.of(card, 0), spec.Request{MTI: 420, Amount: 200, STAN: stan + 100, Sent: time.Now().Unix(), Original: d.original(w, stan)})
	c := d.next()
	done := d.must(d.Transfer(t.Context(), c, w, to, 500, ""))
	if s := d.snapshot(w); s.Posted != 0 || s.Allocated != 0 || len(done.Events) != 1 {
		t.Errorf("%+v", s.Balances)
	}
	again := d.must(d.Transfer(t.Context(), c, w, to, 500, ""))
	done.Replayed = true
	if !reflect.DeepEqual(done, again) {
		t.Errorf("got %+v, want %+v", again, done)
	}
	d.verified()
}

// The app server has another name than when the card was issued: its tenant has no log of the holder.
func TestACardWhoseHolderTheTenantDoesNotKnowIsClosed(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		d := newDesk(t, store.store)
		d.seed("seeded", 90)
		card := d.must(d.Issue(t.Context(), d.next(), "seeded", Issuing{Holder: someone("me")})).Events[0].Card
		d.must(d.Allocate(t.Context(), d.next(), "seeded", card, 30))
		c := d.next()
		c.Tenant = "t2"
		done, err := d.Close(t.Context(), c, "seeded", card)
		if err != nil || len(done.Events) != 2 {
			t.Fatalf("%s: %v", store.name, err)
		}
		done.Replayed = true
		if again, err := d.Close(t.Context(), c, "seeded", card); err != nil || !reflect.DeepEqual(again, done) {
			t.Errorf("%s: again %+v, %v", store.name, again, err)
		}
		if s := d.snapshot("seeded"); s.card(card).Status != balance.CardClosed || s.Unallocated() != 40 {
			t.Errorf("%s: %+v", store.name, s)
		}
		d.verified()
	}
}
