package teller

import (
	"context"
	"fmt"
	"slices"

	"sekisho/balance"
	"sekisho/spec"
)

// Snapshot is a wallet at one version, durable.
type Snapshot struct {
	ID       string
	Version  uint64
	At       int64 // of that version, Unix milliseconds
	Tenant   string
	Program  string
	Currency spec.Currency
	Form     balance.WalletForm // FormNone: seeded
	Name     string
	Owner    spec.PersonID
	Tier     string // empty: none was given
	Limits   Limits // what applies now: those of the tier, or of the program
	balance.Balances
	Cards   []balance.Card   // in the order of their issue
	Members []balance.Member // in the order in which they came
}

// Unallocated is the money that no card has. Below zero when more was cleared than there was. What
// cards are below zero by is in it, and can be given to those cards only.
func (s *Snapshot) Unallocated() spec.Money { return s.Posted - s.Allocated }

// Available is the money that is not held.
func (s *Snapshot) Available() spec.Money { return s.Posted - s.Held }

// look reads a log as it is, for certain; what it appends rests on nothing.
type look struct {
	see    func(v *balance.View)
	events []balance.Event // what is appended after all
	ended  chan error
}

func (l *look) Decide(v *balance.View) balance.Decision {
	l.see(v)
	return balance.Decision{Events: l.events}
}
func (l *look) Done(_ balance.Decision, err error)              { l.ended <- undone(err) }
func (l *look) Overdue(*balance.Decision) (balance.Mover, bool) { return nil, false }

// Wallet reads a wallet as it is now. What is held and ran out counts as released.
func (t *Teller) Wallet(ctx context.Context, c Caller, id string) (Snapshot, error) {
	if id == "" || len(id) > balance.LogNameMax {
		return Snapshot{}, ErrNotFound
	}
	l := &look{ended: make(chan error, 1)}
	var s *Snapshot
	l.see = func(v *balance.View) {
		s = nil
		if t.sees(&c, v.Wallet) {
			s = snapshot(v.Wallet)
			if p := t.program(v.Program); p != nil {
				s.Limits = p.limits(v.Wallet, v.Dated)
			}
		}
	}
	t.book.Submit(balance.Post{Log: id, At: t.options.Now(), Mover: l, Read: true})
	select {
	case err := <-l.ended:
		switch {
		case err != nil:
			return Snapshot{}, fmt.Errorf("%w (%w)", ErrUnavailable, err)
		case s == nil:
			return Snapshot{}, ErrNotFound
		}
		return *s, nil
	case <-ctx.Done():
		return Snapshot{}, fmt.Errorf("%w (%w)", ErrUnavailable, ctx.Err())
	}
}

func snapshot(w *balance.Wallet) *Snapshot {
	return &Snapshot{
		ID: w.Log, Version: w.Version, At: w.At, Tenant: w.Tenant, Program: w.Program, Currency: w.Currency, Form: w.Form,
		Name: w.Name, Owner: w.Owner, Tier: w.Tier, Balances: w.Balances, Cards: slices.Clone(w.Cards()), Members: slices.Clone(w.Members()),
	}
}

// CardOf finds a card by its id, and the wallet that it is a card of.
func (t *Teller) CardOf(ctx context.Context, c Caller, id spec.CardID) (balance.Card, Snapshot, error) {
	row, err := t.row(ctx, balance.CardIDHash(id))
	if err != nil {
		return balance.Card{}, Snapshot{}, err
	}
	s, err := t.Wallet(ctx, c, row.Log)
	if err != nil {
		return balance.Card{}, Snapshot{}, err
	}
	for i := range s.Cards {
		if s.Cards[i].ID == id {
			return s.Cards[i], s, nil
		}
	}
	return balance.Card{}, Snapshot{}, ErrNotFound
}

// row finds a row of the directory.
func (t *Teller) row(ctx context.Context, hash spec.CardHash) (balance.Row, error) {
	if row, ok := t.book.Store().Peek(hash); ok {
		return row, nil
	}
	type answer struct {
		row   balance.Row
		found bool
		err   error
	}
	done := make(chan answer, 1)
	t.book.Store().Card(hash, func(row balance.Row, found bool, err error) { done <- answer{row, found, err} })
	select {
	case a := <-done:
		switch {
		case a.err != nil:
			return balance.Row{}, fmt.Errorf("%w (%w)", ErrUnavailable, a.err)
		case !a.found:
			return balance.Row{}, ErrNotFound
		}
		return a.row, nil
	case <-ctx.Done():
		return balance.Row{}, fmt.Errorf("%w (%w)", ErrUnavailable, ctx.Err())
	}
}
