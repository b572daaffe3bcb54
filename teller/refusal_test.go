package teller

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"sekisho/balance"
	"sekisho/spec"
)

// limited is a program with every limit.

func limited(o *Options) {
	p := testProgram()
	p.WalletMax, p.TransferMax, p.MonthMax, p.CardsMax = 10_000, 1_000, 1_500, 3
	o.Programs = []Program{p, {Name: "other", Ranges: []string{"354012000000"}, Currency: spec.JPY}}
}

func TestWhatCannotBeDoneIsRefusedWithItsReasonAndLeavesNothing(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	me, you := someone("me"), someone("you")
	for _, store := range stores {
		d := newDesk(t, store.store, limited)
		w := d.wallet(Opening{Owner: me}, 5000)
		to := d.wallet(Opening{}, 9_500)
		group := d.wallet(Opening{Form: balance.Group, Owner: me, Person: "me"}, 0)
		card := d.card(w, 1000)
		closed := d.card(w, 0)
		d.must(d.Close(ctx, d.next(), w, closed))
		lost := d.card(w, 0)
		d.must(d.Lost(ctx, d.next(), w, lost))
		stolen := d.card(w, 0)
		d.must(d.Stolen(ctx, d.next(), w, stolen))
		d.must(d.AddMember(ctx, d.next(), group, you, balance.Viewer, ""))
		before, version := d.snapshot(w), d.snapshot(w).Version
		for _, row := range []struct {
			name string
			do   func(c Call) (Done, error)
			want error
		}{
			{"a program that is not there", func(c Call) (Done, error) { return d.Open(ctx, c, Opening{Form: balance.Personal, Program: "x"}) }, &FieldError{"program", "is not one that the caller may work with"}},
			{"a program of others", func(c Call) (Done, error) { return d.Open(ctx, c, Opening{Form: balance.Personal, Program: "other"}) }, &FieldError{"program", "is not one that the caller may work with"}},
			{"a wallet of no form", func(c Call) (Done, error) { return d.Open(ctx, c, Opening{Program: "prepaid"}) }, &FieldError{"kind", "must be personal or group"}},
			{"a name too long", func(c Call) (Done, error) {
				return d.Open(ctx, c, Opening{Form: balance.Group, Program: "prepaid", Name: strings.Repeat("x", 121)})
			}, &FieldError{"name", "must have at most 120 characters"}},
			{"a reference twice", func(c Call) (Done, error) { return d.TopUp(ctx, c, w, 5, "r-2") }, ErrReferenceUsed},
			{"no reference", func(c Call) (Done, error) { return d.TopUp(ctx, c, w, 5, "") }, &FieldError{"reference", "must not be empty"}},
			{"nothing topped up", func(c Call) (Done, error) { return d.TopUp(ctx, c, w, 0, "x") }, &FieldError{"amount", "must be above zero"}},
			{"thirteen digits", func(c Call) (Done, error) { return d.TopUp(ctx, c, w, AmountMax+1, "x") }, &FieldError{"amount", "must be at most 999999999999"}},
			{"more than a wallet may have", func(c Call) (Done, error) { return d.TopUp(ctx, c, w, 5_001, "x") }, &CapError{"balance", 10_000, 5_000}},
			{"more than is unallocated", func(c Call) (Done, error) { return d.Allocate(ctx, c, w, card, 4_001) }, &FundsError{4_001, 4_000}},
			{"more than is on the card", func(c Call) (Done, error) { return d.Allocate(ctx, c, w, card, -1_001) }, &FundsError{1_001, 1_000}},
			{"nothing allocated", func(c Call) (Done, error) { return d.Allocate(ctx, c, w, card, 0) }, &FieldError{"amount", "must be above zero"}},
			{"to a closed card", func(c Call) (Done, error) { return d.Allocate(ctx, c, w, closed, 1) }, &StateError{"the card is closed: it takes no money"}},
			{"to a lost card", func(c Call) (Done, error) { return d.Allocate(ctx, c, w, lost, 1) }, &StateError{"the card is lost: it takes no money"}},
			{"to a card of another wallet", func(c Call) (Done, error) { return d.Allocate(ctx, c, to, card, 1) }, ErrNotFound},
			{"to itself", func(c Call) (Done, error) { return d.Transfer(ctx, c, w, w, 1, "") }, &FieldError{"to", "must be another wallet"}},
			{"to nobody", func(c Call) (Done, error) { return d.Transfer(ctx, c, w, "wal_x", 1, "") }, ErrNotFound},
			{"from nobody", func(c Call) (Done, error) { return d.Transfer(ctx, c, "wal_x", w, 1, "") }, ErrNotFound},
			{"more than one may have", func(c Call) (Done, error) { return d.Transfer(ctx, c, w, to, 501, "") }, &CapError{"balance", 10_000, 500}},
			{"more than one transfer may be", func(c Call) (Done, error) { return d.Transfer(ctx, c, w, group, 1_001, "") }, &LimitError{"transfer", 1_000, 1_000}},
			{"more than there is", func(c Call) (Done, error) { return d.Transfer(ctx, c, group, w, 1, "") }, &FundsError{1, 0}},
			{"unfreeze a lost card", func(c Call) (Done, error) { return d.Unfreeze(ctx, c, w, lost) }, &StateError{"the card is lost: it cannot become active"}},
			{"freeze a closed card", func(c Call) (Done, error) { return d.Freeze(ctx, c, w, closed) }, &StateError{"the card is closed: it cannot become frozen"}},
			{"lose a closed card", func(c Call) (Done, error) { return d.Lost(ctx, c, w, closed) }, &StateError{"the card is closed: it cannot become lost"}},
			{"a stolen card is lost", func(c Call) (Done, error) { return d.Lost(ctx, c, w, stolen) }, &StateError{"the card is stolen: it cannot become lost"}},
			{"unfreeze a closed card", func(c Call) (Done, error) { return d.Unfreeze(ctx, c, w, closed) }, &StateError{"the card is closed: it cannot become active"}},
			{"a wallet without a name", func(c Call) (Done, error) { return d.RenameWallet(ctx, c, w, "") }, &FieldError{"name", "must not be empty"}},
			{"the name of a wallet that is not there", func(c Call) (Done, error) { return d.RenameWallet(ctx, c, "wal_x", "x") }, ErrNotFound},
			{"reissue a closed card", func(c Call) (Done, error) { return d.Reissue(ctx, c, w, closed) }, &StateError{"the card is closed: it gets no other number"}},
			{"rename a closed card", func(c Call) (Done, error) { return d.Rename(ctx, c, w, closed, "x") }, &StateError{"the card is closed"}},
			{"rules of a closed card", func(c Call) (Done, error) { return d.SetRules(ctx, c, w, closed, balance.CardRules{}) }, &StateError{"the card is closed"}},
			{"a limit below zero", func(c Call) (Done, error) { return d.SetRules(ctx, c, w, card, balance.CardRules{UseMax: -1}) }, &FieldError{"use_max", "must be from 0 to 999999999999"}},
			{"a way that is not known", func(c Call) (Done, error) {
				return d.SetRules(ctx, c, w, card, balance.CardRules{Off: 1 << 15})
			}, &FieldError{"off", "names a way of paying that is not known"}},
			{"a card for somebody else", func(c Call) (Done, error) { return d.Issue(ctx, c, w, Issuing{Holder: you}) }, &FieldError{"holder", "must be the wallet's owner"}},
			{"a card for a viewer", func(c Call) (Done, error) { return d.Issue(ctx, c, group, Issuing{Holder: you}) }, &FieldError{"holder", "must be an owner or a member of the group"}},
			{"a member of a personal wallet", func(c Call) (Done, error) { return d.AddMember(ctx, c, w, you, balance.Owner, "") }, &StateError{"a personal wallet has no members: open a group"}},
			{"a member twice", func(c Call) (Done, error) { return d.AddMember(ctx, c, group, you, balance.Owner, "") }, &StateError{"the person is a member already"}},
			{"nobody", func(c Call) (Done, error) { return d.AddMember(ctx, c, group, spec.PersonID{}, balance.Owner, "") }, &FieldError{"person", "must be somebody"}},
			{"no role", func(c Call) (Done, error) { return d.SetRole(ctx, c, group, you, balance.RoleNone) }, &FieldError{"role", "must be owner, member or viewer"}},
			{"the role of a stranger", func(c Call) (Done, error) { return d.SetRole(ctx, c, group, someone("x"), balance.Viewer) }, ErrNotFound},
			{"the last owner is a member", func(c Call) (Done, error) { return d.SetRole(ctx, c, group, me, balance.MemberRole) }, &StateError{"a group has at least one owner: make somebody else one first"}},
			{"a stranger goes", func(c Call) (Done, error) { return d.RemoveMember(ctx, c, group, someone("x")) }, ErrNotFound},
			{"the last owner goes", func(c Call) (Done, error) { return d.RemoveMember(ctx, c, group, me) }, &StateError{"a group has at least one owner: make somebody else one first"}},
			{"the last owner views", func(c Call) (Done, error) { return d.SetRole(ctx, c, group, me, balance.Viewer) }, &StateError{"a group has at least one owner: make somebody else one first"}},
			{"no key", func(c Call) (Done, error) { c.Key = ""; return d.TopUp(ctx, c, w, 1, "x") }, &FieldError{"key", "must not be empty"}},
			{"no tenant", func(c Call) (Done, error) { c.Tenant = ""; return d.TopUp(ctx, c, w, 1, "x") }, &FieldError{"tenant", "must have 1 to 128 bytes"}},
			{"another version", func(c Call) (Done, error) { c.IfMatch = version - 1; return d.TopUp(ctx, c, w, 1, "x") }, &VersionError{version}},
			{"a house log", func(c Call) (Done, error) { return d.TopUp(ctx, c, me.String(), 1, "x") }, ErrNotFound},
		} {
			c := d.next()
			_, err := row.do(c)
			refused(t, store.name+": "+row.name, err, row.want)
			_, err = row.do(c) // a refusal is not remembered as something done
			refused(t, store.name+": "+row.name+" again", err, row.want)
		}
		if after := d.snapshot(w); after.Version != before.Version || after.Balances != before.Balances {
			t.Errorf("it has changed: %+v", after)
		}
		d.must(d.TopUp(ctx, d.next(), to, 500, "to the brim"))
		full := d.wallet(Opening{}, 10_000)
		if s := d.snapshot(full); s.Posted != 10_000 {
			t.Errorf("%s: a full wallet has %d", store.name, s.Posted)
		}
		// Two transfers that are each below the limit of the month, and together above it.
		d.must(d.Transfer(ctx, d.next(), w, group, 1_000, ""))
		_, err := d.Transfer(ctx, d.next(), w, group, 501, "")
		refused(t, "above the month", err, &LimitError{"month", 1_500, 500})
		d.must(d.Transfer(ctx, d.next(), w, group, 500, ""))
		d.verified()
	}
}

func TestWhatIsAnothersIsNotThere(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := newDesk(t, balance.MemoryOptions{Single: true}, limited)
	w := d.wallet(Opening{Form: balance.Group, Owner: someone("me")}, 500)
	to := d.wallet(Opening{}, 0)
	card := d.card(w, 100)
	d.must(d.AddToken(ctx, d.next(), w, card, deviceNumber(1), "phone"))
	for _, stranger := range []Caller{
		{Tenant: "t2", Programs: []string{"prepaid", "other"}}, {Tenant: "t1", Programs: []string{"other"}}, {Tenant: "t1"},
	} {
		i := 0
		next := func() Call {
			i++
			return Call{Caller: stranger, Route: "POST /test", Key: fmt.Sprint("s", i), Body: 1}
		}
		mine := ""
		if stranger.Tenant == "t2" {
			mine = d.must(d.Open(ctx, next(), Opening{Form: balance.Personal, Program: "prepaid"})).Log
			d.must(d.TopUp(ctx, next(), mine, 50, "x"))
		}
		for _, row := range []struct {
			name string
			err  func() error
		}{
			{"top-up", func() error { _, err := d.TopUp(ctx, next(), w, 1, "z"); return err }},
			{"issue", func() error { _, err := d.Issue(ctx, next(), w, Issuing{}); return err }},
			{"freeze", func() error { _, err := d.Freeze(ctx, next(), w, card); return err }},
			{"unfreeze", func() error { _, err := d.Unfreeze(ctx, next(), w, card); return err }},
			{"lost", func() error { _, err := d.Lost(ctx, next(), w, card); return err }},
			{"stolen", func() error { _, err := d.Stolen(ctx, next(), w, card); return err }},
			{"close", func() error { _, err := d.Close(ctx, next(), w, card); return err }},
			{"reissue", func() error { _, err := d.Reissue(ctx, next(), w, card); return err }},
			{"rules", func() error { _, err := d.SetRules(ctx, next(), w, card, balance.CardRules{}); return err }},
			{"add token", func() error { _, err := d.AddToken(ctx, next(), w, card, deviceNumber(2), "x"); return err }},
			{"remove token", func() error { _, err := d.RemoveToken(ctx, next(), w, card, anyToken); return err }},
			{"rename", func() error { _, err := d.Rename(ctx, next(), w, card, "x"); return err }},
			{"rename the wallet", func() error { _, err := d.RenameWallet(ctx, next(), w, "x"); return err }},
			{"allocate", func() error { _, err := d.Allocate(ctx, next(), w, card, 1); return err }},
			{"sweep", func() error { _, err := d.Sweep(ctx, next(), w, card); return err }},
			{"transfer", func() error { _, err := d.Transfer(ctx, next(), w, to, 1, ""); return err }},
			{"transfer from its own", func() error { _, err := d.Transfer(ctx, next(), mine, to, 1, ""); return err }},
			{"member", func() error { _, err := d.AddMember(ctx, next(), w, someone("x"), balance.Owner, ""); return err }},
			{"role", func() error { _, err := d.SetRole(ctx, next(), w, someone("me"), balance.Viewer); return err }},
			{"remove", func() error { _, err := d.RemoveMember(ctx, next(), w, someone("me")); return err }},
			{"read", func() error { _, err := d.Wallet(ctx, stranger, w); return err }},
			{"card", func() error { _, _, err := d.CardOf(ctx, stranger, card); return err }},
			{"events", func() error { _, err := d.Events(ctx, stranger, w, 0, 10); return err }},
			{"past", func() error { _, err := d.BalanceAt(ctx, stranger, w, d.options.Now()); return err }},
			{"activity", func() error { _, _, err := d.Activity(ctx, stranger, w, Place{}, 10); return err }},
		} {
			if err := row.err(); !errors.Is(err, ErrNotFound) || err.Error() != ErrNotFound.Error() {
				t.Errorf("%+v, %s: %v", stranger, row.name, err)
			}
		}
	}
	if s := d.snapshot(w); s.Version != 5 || s.Posted != 500 {
		t.Errorf("%+v", s)
	}
}

func TestASeededWalletIsThereForTheOnlyTenantWithItsProgram(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := newDesk(t, balance.MemoryOptions{}, limited)
	card := d.seed("seeded", 90)
	if _, s, err := d.CardOf(ctx, caller(), card); err != nil || s.ID != "seeded" || s.Unallocated() != 40 {
		t.Errorf("%+v %v", s, err)
	}
	for _, c := range []Caller{{Tenant: "t1", Programs: []string{"other"}}, {Tenant: "t1"}} {
		if _, err := d.Wallet(ctx, c, "seeded"); !errors.Is(err, ErrNotFound) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	d.must(d.Allocate(ctx, d.next(), "seeded", card, 40))
	d.must(d.Close(ctx, d.next(), "seeded", card)) // nobody holds it
	if s := d.snapshot("seeded"); s.Allocated != 0 || s.card(card).Status != balance.CardClosed {
		t.Errorf("%+v", s)
	}
	d.verified()
	shared := d.node(balance.MemoryOptions{}, limited, func(o *Options) { o.Shared = map[string]bool{"prepaid": true} })
	own := shared.wallet(Opening{}, 10)
	for name, do := range map[string]func() error{
		"reading":     func() error { _, err := shared.Wallet(ctx, caller(), "seeded"); return err },
		"its card":    func() error { _, _, err := shared.CardOf(ctx, caller(), card); return err },
		"topping up":  func() error { _, err := shared.TopUp(ctx, call("s 1"), "seeded", 1, "r"); return err },
		"giving to":   func() error { _, err := shared.Transfer(ctx, call("s 2"), own, "seeded", 1, ""); return err },
		"taking from": func() error { _, err := shared.Transfer(ctx, call("s 3"), "seeded", own, 1, ""); return err },
	} {
		if err := do(); !errors.Is(err, ErrNotFound) {
			t.Errorf("a program of several tenants, %s: %v", name, err)
		}
	}
}

// seed begins a wallet as a file would, with a card that has 50.

func (d *desk) seed(log string, posted spec.Money) spec.CardID {
	d.t.Helper()
	card := spec.CardID{1}
	o := balance.Opening{Log: log, Program: "prepaid", Currency: spec.JPY, Posted: posted, Cards: []balance.OpeningCard{{
		ID: card, Number: spec.CardHash{7}, Issued: balance.Issued{Expiry: 3912}, Status: balance.CardActive, Allocated: 50,
	}}}
	p := &plain{events: o.Events(balance.CallKey("seed"), 1, balance.Actor{}), rows: o.Rows(), done: make(chan error, 1)}
	d.book.Submit(balance.Post{Log: log, At: d.options.Now(), Mover: p})
	if err := <-p.done; err != nil {
		d.t.Fatal(err)
	}
	return card
}

type plain struct {
	events []balance.Event
	rows   []balance.Row
	done   chan error
}

func (p *plain) Decide(*balance.View) balance.Decision {
	return balance.Decision{Events: p.events, Rows: p.rows}
}

func (p *plain) Done(_ balance.Decision, err error) { p.done <- err }

func (p *plain) Overdue(*balance.Decision) (balance.Mover, bool) { return nil, false }

func TestAMemberTooManyIsRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{})
	w := d.wallet(Opening{Form: balance.Group}, 0)
	for i := range balance.MembersMax {
		d.must(d.AddMember(t.Context(), d.next(), w, someone(fmt.Sprint(i)), balance.Owner, ""))
	}
	_, err := d.AddMember(t.Context(), d.next(), w, someone("late"), balance.Owner, "")
	refused(t, "one too many", err, &CapError{What: "members", Max: balance.MembersMax})
}

func TestMoneyStaysWithItsTenantAndProgram(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{}, limited)
	c := d.next()
	c.Programs = []string{"prepaid", "other"}
	w := d.wallet(Opening{}, 500)
	other := d.must(d.Open(t.Context(), c, Opening{Form: balance.Personal, Program: "other"})).Log
	d.seed("seeded", 500)
	for _, to := range []string{other, "seeded"} {
		c.Key = "to " + to
		_, err := d.Transfer(t.Context(), c, w, to, 1, "")
		refused(t, "to "+to, err, &StateError{"the wallets are not of one program and one tenant"})
	}
}
