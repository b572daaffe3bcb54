package teller

import (
	"context"
	"errors"
	"slices"

	"sekisho/balance"
	"sekisho/spec"
)

// Opening is a wallet that somebody asks for.
type Opening struct {
	Form    balance.WalletForm
	Program string
	Name    string        // at most NameMax characters; may be empty
	Owner   spec.PersonID // whose it is, of a group who owns it first; may be nobody
	Person  string        // how that person is called, in a group
}

// Open opens a wallet. Its id is derived from tenant and key, so that asking again opens nothing, on whatever
// node and however late. Events: Opened, and in a group with an owner MemberChanged.
func (t *Teller) Open(ctx context.Context, c Call, o Opening) (Done, error) {
	program, err := t.opens(&c, &o)
	if err != nil {
		return Done{}, err
	}
	m := &move{call: &c, print: c.print("open", o.Program), sees: func(*balance.Wallet) bool { return true }}
	id := t.WalletID(c.Tenant, c.Key)
	m.act = func(v *balance.View) (here, there []balance.Event, err error) {
		if v.Version > 0 {
			return nil, nil, errOpen
		}
		here = []balance.Event{{
			Kind: balance.Opened, Program: program.Name, Currency: program.Currency,
			Profile: balance.Profile{Tenant: c.Tenant, Name: o.Name, Form: o.Form, Person: o.Owner},
		}}
		if o.Form == balance.Group && o.Owner != (spec.PersonID{}) {
			here = append(here, balance.Event{
				Kind: balance.MemberChanged, Profile: balance.Profile{Person: o.Owner, Role: balance.Owner, Name: o.Person},
			})
		}
		return here, nil, nil
	}
	d, err := t.run(ctx, id, "", m)
	if !errors.Is(err, errOpen) {
		return d, err
	}
	return t.opened(ctx, &c, m.print, id) // longer ago than keys are kept
}

// errOpen says that the wallet is there and its key is not known any more.
var errOpen = errors.New("the wallet is open")

func (t *Teller) opens(c *Call, o *Opening) (*Program, error) {
	program := t.program(o.Program)
	switch {
	case program == nil || !slices.Contains(c.Programs, o.Program):
		return nil, invalid("program", "is not one that the caller may work with")
	case o.Form != balance.Personal && o.Form != balance.Group:
		return nil, invalid("kind", "must be personal or group")
	case c.IfMatch != 0:
		return nil, invalid("if-match", "has no meaning for what does not exist")
	}
	return program, firstOf(t.checkText("name", o.Name, 0, NameMax), t.checkText("person", o.Person, 0, NameMax))
}

// opened answers with the first entry of a wallet that an earlier call opened.
func (t *Teller) opened(ctx context.Context, c *Call, print spec.Fingerprint, id string) (Done, error) {
	d, err := t.replay(ctx, Done{Log: id, Version: 1, Replayed: true}, c.key())
	if err == nil && d.Events[0].Fingerprint != print {
		return Done{}, ErrOtherBody
	}
	return d, err
}
