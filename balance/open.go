package balance

import (
	"errors"
	"fmt"
	"slices"

	"sekisho/spec"
)

// Opening is a wallet as it begins: what it has, and the cards it is issued with.
type Opening struct {
	Log      string
	Program  string
	Currency spec.Currency
	Posted   spec.Money // what it has, including what its cards have of it
	Cards    []OpeningCard
}

// OpeningCard is a card as it begins.
type OpeningCard struct {
	ID        spec.CardID
	Number    spec.CardHash
	Tokens    []spec.CardHash // device tokens that lead to it
	Issued    Issued
	Status    CardStatus
	Allocated spec.Money
}

// Check says what is wrong with an opening.
func (o *Opening) Check() error {
	var allocated spec.Money
	for i := range o.Cards {
		if o.Cards[i].Allocated < 0 {
			return errors.New("what is allocated to a card cannot be negative")
		}
		allocated += o.Cards[i].Allocated
	}
	switch {
	case o.Posted < 0:
		return errors.New("posted cannot be negative")
	case allocated > o.Posted:
		return fmt.Errorf("the cards have %d, the wallet only %d: posted includes what is allocated", allocated, o.Posted)
	case o.Currency == 0:
		return errors.New("a wallet needs a currency")
	}
	return nil
}

// Events are the first entry of the wallet's log.
func (o *Opening) Events(key Key, print spec.Fingerprint, actor Actor) []Event {
	answer := Answer{Reason: spec.Approved}
	events := []Event{{Kind: Opened, Key: key, Fingerprint: print, Answer: answer, Actor: actor, Program: o.Program, Currency: o.Currency}}
	if o.Posted != 0 {
		events = append(events, Event{
			Kind: Funded, Answer: answer, Actor: actor, Posted: o.Posted,
			Counter: Account{Kind: AccountTopUp, Name: o.Program},
		})
	}
	for i := range o.Cards {
		c := &o.Cards[i]
		events = append(events, Event{Kind: CardIssued, Answer: answer, Actor: actor, Card: c.ID, Issued: c.Issued, Status: c.Status})
		if c.Allocated != 0 {
			events = append(events, Event{
				Kind: Allocated, Answer: answer, Actor: actor, Card: c.ID, Allocated: c.Allocated,
				Counter: Account{Kind: AccountWallet, Name: o.Log},
			})
		}
	}
	return events
}

// Rows are the directory rows that lead to its cards.
func (o *Opening) Rows() []Row {
	var rows []Row
	for i := range o.Cards {
		c := &o.Cards[i]
		rows = append(rows,
			Row{Hash: c.Number, Card: c.ID, Log: o.Log, Kind: RowNumber},
			Row{Hash: CardIDHash(c.ID), Card: c.ID, Log: o.Log, Kind: RowID})
		for _, t := range c.Tokens {
			rows = append(rows, Row{Hash: t, Card: c.ID, Log: o.Log, Kind: RowToken})
		}
	}
	return slices.Clip(rows)
}
