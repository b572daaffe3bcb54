package main

import (
	"context"
	"fmt"

	"sekisho/balance"
	"sekisho/spec"
	"sekisho/teller"
)

// jobCardStanding is the job that says how a card stands, and what became of purchases on it.
const jobCardStanding = "card-standing"

// cardAsked names a card: by its id, by its wallet where that has only one that is not closed, or by both.
type cardAsked struct {
	Card   string   `json:"card"`
	Wallet string   `json:"wallet"`
	RRNs   []string `json:"rrns"` // DE37 of the purchases to tell of
}

// cardStanding is how a card stands. Its number is there sealed only.
type cardStanding struct {
	Wallet    string             `json:"wallet"`
	ID        []byte             `json:"id"`
	First6    string             `json:"first6"`
	Last4     string             `json:"last4"`
	Expiry    uint16             `json:"expiry"`
	Status    string             `json:"status"`
	Currency  spec.Currency      `json:"currency"`
	Sealed    []byte             `json:"sealed"` // empty where none is kept
	Money     cardMoney          `json:"money"`
	Purchases []purchaseStanding `json:"purchases"`
}

// cardMoney is what a card has, in its currency's minor unit.
type cardMoney struct {
	Allocated spec.Money `json:"allocated"`
	Held      spec.Money `json:"held"`
	Available spec.Money `json:"available"`
}

// purchaseStanding is what became of one purchase. Posted is what was charged; below zero what was credited.
type purchaseStanding struct {
	RRN    string     `json:"rrn"`
	State  string     `json:"state"`
	Held   spec.Money `json:"held"`
	Posted spec.Money `json:"posted"`
}

// under is what is held and posted under a DE37, and the state of the last purchase that has it.
func (c *cardStanding) under(rrn string) purchaseStanding {
	all := purchaseStanding{RRN: rrn}
	for i := range c.Purchases {
		if q := &c.Purchases[i]; q.RRN == rrn {
			all.Held, all.Posted, all.State = all.Held+q.Held, all.Posted+q.Posted, q.State
		}
	}
	return all
}

func (c *cardStanding) id() (id spec.CardID) {
	copy(id[:], c.ID)
	return id
}

// cardStandingIn is the job.
func cardStandingIn(ctx context.Context, l *ledger, asked cardAsked, _ func(progress)) (cardStanding, error) {
	id, named := spec.CardID{}, asked.Card != ""
	if named {
		var ok bool
		if id, ok = teller.ParseCard(asked.Card); !ok {
			return cardStanding{}, checkCardID(asked.Card)
		}
	}
	log := asked.Wallet
	if log == "" {
		row, err := rowOfCard(ctx, l.store, id)
		if err != nil {
			return cardStanding{}, err
		}
		log = row.Log
	}
	w, err := walletIn(ctx, l.store, log)
	if err != nil {
		return cardStanding{}, err
	}
	if !named {
		if id, err = onlyCard(w); err != nil {
			return cardStanding{}, err
		}
	}
	card, ok := w.Card(id)
	if !ok {
		return cardStanding{}, fmt.Errorf("wallet %s has no card %s", log, id)
	}
	return standingOf(w, &card, asked.RRNs), nil
}

func standingOf(w *balance.Wallet, card *balance.Card, rrns []string) cardStanding {
	s := cardStanding{
		Wallet: w.Log, ID: card.ID[:], First6: string(card.First6[:]), Last4: string(card.Last4[:]), Expiry: card.Expiry,
		Status: card.Status.String(), Currency: w.Currency, Sealed: []byte(card.Sealed),
		Money: cardMoney{card.Allocated, card.Held, card.Available()}, Purchases: []purchaseStanding{},
	}
	asked := map[string]bool{}
	for _, rrn := range rrns {
		asked[rrn] = true
	}
	for _, p := range w.Purchases() {
		if rrn := p.Details.RRN.String(); p.Card == card.ID && asked[rrn] {
			s.Purchases = append(s.Purchases, purchaseStanding{rrn, p.State.String(), p.Held(), p.Posted})
		}
	}
	return s
}

// onlyCard is the one card of a wallet that is not closed.
func onlyCard(w *balance.Wallet) (id spec.CardID, err error) {
	found := 0
	for _, c := range w.Cards() {
		if c.Status != balance.CardClosed {
			id = c.ID
			found++
		}
	}
	if found != 1 {
		return id, fmt.Errorf("wallet %s has %d cards that are not closed: expected --card with the id of one", w.Log, found)
	}
	return id, nil
}

// walletIn reads a wallet from the store as it is now.
func walletIn(ctx context.Context, store balance.Store, log string) (*balance.Wallet, error) {
	type answer struct {
		loaded balance.Loaded
		err    error
	}
	loaded := make(chan answer, 1)
	store.Load(log, func(l balance.Loaded, err error) { loaded <- answer{l, err} })
	select {
	case a := <-loaded:
		if a.err != nil {
			return nil, fmt.Errorf("wallet %s: %w", log, a.err)
		}
		w, err := balance.Restore(log, a.loaded)
		switch {
		case err != nil:
			return nil, fmt.Errorf("wallet %s: %w", log, err)
		case w.Version == 0:
			return nil, fmt.Errorf("there is no wallet %s", log)
		}
		return w, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// rowOfCard finds the wallet of a card.
func rowOfCard(ctx context.Context, store balance.Store, id spec.CardID) (balance.Row, error) {
	type answer struct {
		row   balance.Row
		found bool
		err   error
	}
	found := make(chan answer, 1)
	store.Card(balance.CardIDHash(id), func(row balance.Row, ok bool, err error) { found <- answer{row, ok, err} })
	select {
	case a := <-found:
		switch {
		case a.err != nil:
			return balance.Row{}, fmt.Errorf("card %s: %w", id, a.err)
		case !a.found:
			return balance.Row{}, fmt.Errorf("there is no card %s that can be found by its id alone: expected --wallet with the id of its wallet as well", id)
		}
		return a.row, nil
	case <-ctx.Done():
		return balance.Row{}, ctx.Err()
	}
}
