package teller

import (
	"context"
	"errors"
	"fmt"

	"sekisho/balance"
	"sekisho/spec"
)

// Freeze stops a card until it is unfrozen: CardChanged. The network's own stand-in and clearing still reach it.
// A card that is frozen already stays as it is, as with the other changes of a card's state.
func (t *Teller) Freeze(ctx context.Context, c Call, wallet string, card spec.CardID) (Done, error) {
	return t.turn(ctx, c, wallet, card, balance.CardFrozen, balance.CardActive, balance.CardFrozen)
}

// Unfreeze makes a frozen card active again: CardChanged.
func (t *Teller) Unfreeze(ctx context.Context, c Call, wallet string, card spec.CardID) (Done, error) {
	return t.turn(ctx, c, wallet, card, balance.CardActive, balance.CardFrozen, balance.CardActive)
}

// Lost records that a card was reported lost: CardChanged. Only a new number makes it usable again.
func (t *Teller) Lost(ctx context.Context, c Call, wallet string, card spec.CardID) (Done, error) {
	return t.turn(ctx, c, wallet, card, balance.CardLost, balance.CardActive, balance.CardFrozen, balance.CardNotActivated, balance.CardLost)
}

// Stolen records that a card was reported stolen, also one that was lost: CardChanged. Only a new number makes it
// usable again.
func (t *Teller) Stolen(ctx context.Context, c Call, wallet string, card spec.CardID) (Done, error) {
	return t.turn(ctx, c, wallet, card, balance.CardStolen,
		balance.CardActive, balance.CardFrozen, balance.CardNotActivated, balance.CardLost, balance.CardStolen)
}

// turn brings a card into a state from certain others.
func (t *Teller) turn(ctx context.Context, c Call, wallet string, card spec.CardID, to balance.CardStatus, from ...balance.CardStatus) (Done, error) {
	return t.change(ctx, c, wallet, card, to.String(), func(v *balance.View, at *balance.Card, e *balance.Event) error {
		for _, s := range from {
			if at.Status != s {
				continue
			}
			if to == balance.CardActive && s != to && maySpend(v.Wallet, at.Holder) != nil {
				return wrongState("its holder may not spend from the wallet any more")
			}
			e.Status = to
			return nil
		}
		return wrongState(fmt.Sprintf("the card is %s: it cannot become %s", at.Status, to))
	})
}

// SetRules replaces what the holder of a card allows: CardChanged.
func (t *Teller) SetRules(ctx context.Context, c Call, wallet string, card spec.CardID, rules balance.CardRules) (Done, error) {
	if err := checkRules(rules); err != nil {
		return Done{}, err
	}
	return t.change(ctx, c, wallet, card, "rules", func(_ *balance.View, at *balance.Card, e *balance.Event) error {
		e.Profile.Rules, e.Profile.RulesSet = rules, true
		return notClosed(at)
	})
}

// Rename calls a card otherwise: CardChanged.
func (t *Teller) Rename(ctx context.Context, c Call, wallet string, card spec.CardID, name string) (Done, error) {
	if err := t.checkText("name", name, 1, NameMax); err != nil {
		return Done{}, err
	}
	return t.change(ctx, c, wallet, card, "name", func(_ *balance.View, at *balance.Card, e *balance.Event) error {
		e.Profile.Name = name
		return notClosed(at)
	})
}

func notClosed(c *balance.Card) error {
	if c.Status == balance.CardClosed {
		return wrongState("the card is closed")
	}
	return nil
}

// change does one thing to a card that its wallet alone knows of.
func (t *Teller) change(ctx context.Context, c Call, wallet string, card spec.CardID, what string, change func(v *balance.View, at *balance.Card, e *balance.Event) error) (Done, error) {
	m := &move{call: &c, print: c.print(what, wallet, card.String())}
	m.act = func(v *balance.View) (here, there []balance.Event, err error) {
		at, ok := v.Card(card)
		if !ok {
			return nil, nil, ErrNotFound
		}
		e := told(&at)
		if err := change(v, &at, &e); err != nil {
			return nil, nil, err
		}
		return []balance.Event{e}, nil, nil
	}
	return t.run(ctx, wallet, "", m)
}

// told is the event of a change of a card. It tells all of the card and not only what changes, so that
// whoever reads it knows the card as it was then.
func told(c *balance.Card) balance.Event {
	return balance.Event{
		Kind: balance.CardChanged, Card: c.ID, Status: c.Status, Issued: c.Issued,
		Profile: balance.Profile{Name: c.Name, Person: c.Holder, Number: c.Number, Rules: c.Rules, RulesSet: true},
	}
}

// Close closes a card for good, whatever state it is in: CardChanged, and Allocated where something was free,
// which goes back to the wallet. What is held stays until it is cleared or released. A card that is closed
// already stays as it is.
func (t *Teller) Close(ctx context.Context, c Call, wallet string, card spec.CardID) (Done, error) {
	if err := c.check(); err != nil {
		return Done{}, err
	}
	s, err := t.Wallet(ctx, c.Caller, wallet)
	if err != nil {
		return Done{}, keyed(err)
	}
	holder := personLog(c.Tenant, s.holder(card))
	m := &move{call: &c, print: c.print("close", wallet, card.String())}
	m.act = func(v *balance.View) (here, there []balance.Event, err error) {
		at, ok := v.Card(card)
		if !ok {
			return nil, nil, ErrNotFound
		}
		closed := told(&at)
		closed.Status = balance.CardClosed
		here = []balance.Event{closed}
		if n := free(&at); n > 0 {
			here = append(here, allocated(v.Wallet, card, -n))
		}
		if v.Other != nil {
			if v.Other.Version == 0 {
				return nil, nil, errNobody
			}
			there = []balance.Event{{Kind: balance.CardChanged, Card: card, Status: balance.CardClosed, Counter: walletAccount(v.Log)}}
		}
		return here, there, nil
	}
	done, err := t.run(ctx, wallet, holder, m)
	if errors.Is(err, errNobody) {
		return t.run(ctx, wallet, "", m)
	}
	return done, err
}

// errNobody says that the tenant does not know the person who holds a card.
var errNobody = errors.New("the person has no log")

// holder is the person who has a card; nobody's id when nobody has it.
func (s *Snapshot) holder(card spec.CardID) spec.PersonID {
	if c := s.cardOf(card); c != nil {
		return c.Holder
	}
	return spec.PersonID{}
}

// ways are the bits of [balance.CardRules.Off] that mean a way of reading a card.
func ways() (all uint16) {
	for e := range spec.Entry(16) {
		if e.String() != "unknown" {
			all |= 1 << e
		}
	}
	return all
}

func checkRules(r balance.CardRules) error {
	switch {
	case r.UseMax < 0 || r.UseMax > AmountMax:
		return invalid("use_max", fmt.Sprintf("must be from 0 to %d", AmountMax))
	case r.Off&^ways() != 0:
		return invalid("off", "names a way of paying that is not known")
	}
	return nil
}
