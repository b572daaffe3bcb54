package teller

import (
	"context"
	"errors"

	"sekisho/balance"
	"sekisho/spec"
)

// Transfer hands money over from one wallet to another of the same tenant and program, wholly or not at
// all: Transferred in both logs, under one key. Done is the sender's. The key is claimed before: what was refused
// under it can be asked again, nothing else can.
func (t *Teller) Transfer(ctx context.Context, c Call, from, to string, amount spec.Money, reference string) (Done, error) {
	if err := firstOf(checkAmount("amount", amount), t.checkText("reference", reference, 0, referenceMax)); err != nil {
		return Done{}, err
	}
	if from == to {
		return Done{}, invalid("to", "must be another wallet")
	}
	m := &move{call: &c, print: c.print("transfer", from, to)}
	if done, err := t.claimed(ctx, &c, from, m.print); err != nil || done.Replayed { // long ago
		return done, err
	}
	m.act = func(v *balance.View) (here, there []balance.Event, err error) {
		if !t.sees(&c.Caller, v.Other.Wallet) {
			return nil, nil, ErrNotFound
		}
		program := t.program(v.Program)
		if program == nil {
			return nil, nil, ErrNotFound
		}
		if v.Other.Program != v.Program || v.Other.Tenant != v.Tenant {
			return nil, nil, wrongState("the wallets are not of one program and one tenant")
		}
		if has := spare(v.Wallet, spec.CardID{}); has < amount {
			return nil, nil, &FundsError{Need: amount, Have: has}
		}
		if err := firstOf(program.mayHandOver(v, amount), program.room(v.Other, amount)); err != nil {
			return nil, nil, err
		}
		out := balance.Event{Kind: balance.Transferred, Posted: -amount, Note: reference, Counter: walletAccount(to)}
		in := balance.Event{Kind: balance.Transferred, Posted: amount, Note: reference, Counter: walletAccount(from)}
		out.Profile.Month = program.month(v.Dated)
		in.Key, in.Fingerprint = m.key, m.print // one transfer has one name, in both logs
		return []balance.Event{out}, []balance.Event{in}, nil
	}
	return t.run(ctx, from, to, m)
}

// errNotDone says that nothing was done yet under a claimed key.
var errNotDone = errors.New("not done yet")

// claimed claims the key of a transfer, which then can begin; unless it is done already. One that was refused long
// ago has to be claimed anew, should it be done now.
func (t *Teller) claimed(ctx context.Context, c *Call, from string, print spec.Fingerprint) (Done, error) {
	taken, err := t.claim(ctx, c, print)
	if err != nil || !taken.Replayed || t.options.Now().Sub(taken.At) < claimRenewed {
		return Done{}, err
	}
	d, err := t.run(ctx, from, "", &move{call: c, print: print, act: func(*balance.View) (here, there []balance.Event, err error) {
		return nil, nil, errNotDone
	}})
	if !errors.Is(err, errNotDone) {
		return d, err
	}
	return Done{}, t.renew(ctx, c, print)
}

func walletAccount(log string) balance.Account {
	return balance.Account{Kind: balance.AccountWallet, Name: log}
}

// mayHandOver says whether a wallet may hand so much over to others now.
func (p *Program) mayHandOver(v *balance.View, amount spec.Money) error {
	l := p.limits(v.Wallet, v.Dated)
	switch {
	case l.TransferMax > 0 && amount > l.TransferMax:
		return &LimitError{What: "transfer", Max: l.TransferMax, Left: l.TransferMax}
	case l.MonthMax > 0 && amount > l.MonthLeft:
		return &LimitError{What: "month", Max: l.MonthMax, Left: l.MonthLeft}
	}
	return nil
}
