package teller

import (
	"context"

	"sekisho/balance"
	"sekisho/spec"
)

// Allocate moves unallocated money of the wallet to one of its cards, or with a negative amount what is free
// on the card back to the wallet: Allocated. What other cards owe is not given away. A card that is used no
// more, or has expired, takes what it owes, and nothing above it.
func (t *Teller) Allocate(ctx context.Context, c Call, wallet string, card spec.CardID, amount spec.Money) (Done, error) {
	if err := checkAmount("amount", max(amount, -amount)); err != nil {
		return Done{}, err
	}
	m := &move{call: &c, print: c.print("allocate", wallet, card.String())}
	m.act = func(v *balance.View) (here, there []balance.Event, err error) {
		at, ok := v.Card(card)
		state := t.program(v.Program).stateOf(&at, v.Dated)
		switch {
		case !ok:
			return nil, nil, ErrNotFound
		case amount < 0 && free(&at) < -amount:
			return nil, nil, &FundsError{Need: -amount, Have: free(&at)}
		case amount < 0:
			return []balance.Event{allocated(v.Wallet, card, amount)}, nil, nil
		case amount <= owed(&at), takesMoney(at.Status) && state != expired:
		case owed(&at) > 0:
			return nil, nil, wrongState("the card is " + state + ": it takes no more than it owes")
		default:
			return nil, nil, wrongState("the card is " + state + ": it takes no money")
		}
		if has := spare(v.Wallet, card); has < amount {
			return nil, nil, &FundsError{Need: amount, Have: has}
		}
		return []balance.Event{allocated(v.Wallet, card, amount)}, nil, nil
	}
	return t.run(ctx, wallet, "", m)
}

// Sweep moves all that is free on a card back to its wallet: Allocated, of zero where there is nothing.
func (t *Teller) Sweep(ctx context.Context, c Call, wallet string, card spec.CardID) (Done, error) {
	m := &move{call: &c, print: c.print("sweep", wallet, card.String())}
	m.act = func(v *balance.View) (here, there []balance.Event, err error) {
		at, ok := v.Card(card)
		if !ok {
			return nil, nil, ErrNotFound
		}
		return []balance.Event{allocated(v.Wallet, card, -free(&at))}, nil, nil
	}
	return t.run(ctx, wallet, "", m)
}

// free is what can be taken from a card: what is not held.
func free(c *balance.Card) spec.Money { return max(0, c.Available()) }

func takesMoney(s balance.CardStatus) bool {
	return s == balance.CardActive || s == balance.CardFrozen || s == balance.CardNotActivated
}

// expired is how a card stands whose last month is over, and that would be good otherwise.
const expired = "expired"

// stateOf is how a card of the program stands at an instant (Unix milliseconds).
func (p *Program) stateOf(c *balance.Card, at int64) string {
	if p != nil && takesMoney(c.Status) && p.month(at)%1_00_00 > uint32(c.Expiry) {
		return expired
	}
	return c.Status.String()
}

// allocated is the event that moves money between a wallet and a card of its.
func allocated(w *balance.Wallet, card spec.CardID, amount spec.Money) balance.Event {
	return balance.Event{
		Kind: balance.Allocated, Card: card, Allocated: amount,
		Counter: balance.Account{Kind: balance.AccountWallet, Name: w.Log},
	}
}

// owed is by how much a card is below zero.
func owed(c *balance.Card) spec.Money { return max(0, -c.Available()) }

// spare is what may be given away: unallocated money, less what cards owe, for that is paid from it when they
// are cleared. What goes to a card may pay what that card owes itself; for no card the id is zero.
func spare(w *balance.Wallet, to spec.CardID) spec.Money {
	unallocated, cards := w.Unallocated(), w.Cards()
	for i := range cards {
		if cards[i].ID != to {
			unallocated -= owed(&cards[i])
		}
	}
	return max(0, unallocated)
}
