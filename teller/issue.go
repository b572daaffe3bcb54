package teller

import (
	"context"
	"errors"
	"fmt"
	"io"

	"sekisho/balance"
	"sekisho/spec"
)

// Issuing is a card that somebody asks for.
type Issuing struct {
	Name   string        // at most NameMax characters; may be empty
	Holder spec.PersonID // who spends with it; nobody: the wallet's owner
	Rules  balance.CardRules
}

// Issue issues a card at once, active and without money: CardIssued. Its number is a random free one of the
// program. A person has at most so many cards that are not closed, over all wallets and programs of the tenant; a
// wallet without an owner has as many without a holder. The card's id is in the event, its number nowhere.
func (t *Teller) Issue(ctx context.Context, c Call, wallet string, o Issuing) (Done, error) {
	if err := firstOf(c.check(), t.checkText("name", o.Name, 0, NameMax), checkRules(o.Rules)); err != nil {
		return Done{}, err
	}
	s, err := t.Wallet(ctx, c.Caller, wallet)
	if err != nil {
		return Done{}, keyed(err)
	}
	program := t.program(s.Program)
	if program == nil {
		return Done{}, ErrNotFound
	}
	byOwner := o.Holder == (spec.PersonID{})
	if byOwner {
		o.Holder = s.Owner
	}
	var card spec.CardID
	return t.numbered(ctx, program, wallet, personLog(c.Tenant, o.Holder), func() (spec.CardID, error) {
		if _, err := io.ReadFull(t.options.Random, card[:]); err != nil {
			return card, fmt.Errorf("drawing a card id: %w", err)
		}
		return card, nil
	}, func(n *number) *move {
		i := &issue{teller: t, call: &c, program: program, card: card, number: n, Issuing: o, byOwner: byOwner}
		m := &move{call: &c, print: c.print("issue", wallet), act: i.act}
		m.rows = []balance.Row{
			{Hash: n.hash, Card: card, Log: wallet, Kind: balance.RowNumber},
			{Hash: balance.CardIDHash(card), Card: card, Log: wallet, Kind: balance.RowID},
		}
		return m
	})
}

// numbered does a move that gives a card a number, with another one as long as it is taken.
func (t *Teller) numbered(ctx context.Context, p *Program, wallet, holder string, card func() (spec.CardID, error), with func(n *number) *move) (Done, error) {
	for range drawsMax {
		id, err := card()
		if err != nil {
			return Done{}, fmt.Errorf("%w (%w)", ErrUnavailable, err)
		}
		n, err := t.draw(p, id)
		if err != nil {
			return Done{}, fmt.Errorf("%w (%w)", ErrUnavailable, err)
		}
		d, err := t.run(ctx, wallet, holder, with(&n))
		if !errors.Is(err, balance.ErrRowExists) {
			return d, err
		}
	}
	return Done{}, fmt.Errorf("%w (program %s: %d numbers in a row were taken: give it another range)", ErrUnavailable, p.Name, drawsMax)
}

// issue is a card on its way into a wallet and into the log of its holder.
type issue struct {
	Issuing
	teller  *Teller
	call    *Call
	program *Program
	card    spec.CardID
	number  *number
	byOwner bool // no holder was named
}

func (i *issue) act(v *balance.View) (here, there []balance.Event, err error) {
	switch err := maySpend(v.Wallet, i.Holder); {
	case err != nil && i.byOwner:
		return nil, nil, invalid("holder", "must be given: the group's first owner may not spend from it any more")
	case err != nil:
		return nil, nil, err
	}
	e := balance.Event{
		Kind: balance.CardIssued, Card: i.card, Issued: i.number.issued, Status: balance.CardActive,
		Profile: balance.Profile{
			Name: i.Name, Person: i.Holder, Number: i.number.begins, Rules: i.Rules, RulesSet: i.Rules != (balance.CardRules{}),
		},
	}
	if v.Other == nil {
		return []balance.Event{e}, nil, i.capped(v.Wallet, func(c *balance.Card) bool { return c.Holder == spec.PersonID{} })
	}
	person := v.Other.Wallet
	if person.Version == 0 {
		there = append(there, balance.Event{Kind: balance.Opened, Profile: balance.Profile{Tenant: i.call.Tenant, Person: i.Holder}})
	} else if person.Tenant != i.call.Tenant {
		return nil, nil, invalid("holder", "is not a person of this tenant")
	}
	held := e
	held.Issued.Sealed = ""
	held.Profile.Tenant = i.call.Tenant
	held.Counter = walletAccount(v.Log)
	return []balance.Event{e}, append(there, held), i.capped(person, func(*balance.Card) bool { return true })
}

// capped says whether one more card may be among those of a log that count.
func (i *issue) capped(w *balance.Wallet, counts func(*balance.Card) bool) error {
	n := 0
	cards := w.Cards()
	for k := range cards {
		if cards[k].Status != balance.CardClosed && counts(&cards[k]) {
			n++
		}
	}
	if n >= i.program.CardsMax {
		return &CapError{What: "cards", Max: int64(i.program.CardsMax)}
	}
	return nil
}

// maySpend says whether a person may have a card of the wallet.
func maySpend(w *balance.Wallet, holder spec.PersonID) error {
	switch {
	case w.Form == balance.Group && holder != spec.PersonID{}:
		if r := w.Member(holder); r != balance.Owner && r != balance.MemberRole {
			return invalid("holder", "must be an owner or a member of the group")
		}
	case w.Form == balance.Personal && w.Owner != spec.PersonID{} && holder != w.Owner:
		return invalid("holder", "must be the wallet's owner")
	}
	return nil
}

// Reissue gives a card a new number and expiry, and makes it active: CardChanged. What it holds and how it
// has been used stay. Its old number is refused from then on, and still finds the card for clearing; device
// tokens stay valid. Not possible for a closed card.
func (t *Teller) Reissue(ctx context.Context, c Call, wallet string, card spec.CardID) (Done, error) {
	if err := c.check(); err != nil {
		return Done{}, err
	}
	s, err := t.Wallet(ctx, c.Caller, wallet)
	if err != nil {
		return Done{}, keyed(err)
	}
	program := t.program(s.Program)
	if program == nil {
		return Done{}, ErrNotFound
	}
	id := func() (spec.CardID, error) { return card, nil }
	return t.numbered(ctx, program, wallet, "", id, func(n *number) *move {
		m := &move{call: &c, print: c.print("reissue", wallet, card.String())}
		m.rows = []balance.Row{{Hash: n.hash, Card: card, Log: wallet, Kind: balance.RowNumber}}
		m.act = func(v *balance.View) (here, there []balance.Event, err error) {
			at, ok := v.Card(card)
			switch {
			case !ok:
				return nil, nil, ErrNotFound
			case at.Status == balance.CardClosed || at.Status == balance.CardNotActivated:
				return nil, nil, wrongState("the card is " + at.Status.String() + ": it gets no other number")
			case maySpend(v.Wallet, at.Holder) != nil:
				return nil, nil, wrongState("its holder may not spend from the wallet any more")
			}
			e := told(&at)
			e.Status, e.Issued, e.Profile.Number = balance.CardActive, n.issued, n.begins
			return []balance.Event{e}, nil, nil
		}
		return m
	})
}
