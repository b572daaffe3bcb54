package teller

import (
	"context"

	"sekisho/balance"
	"sekisho/spec"
)

// ReferencesKept is how long a reference of a top-up cannot be used again.
const ReferencesKept = balance.ReferenceKept

// balanceMax bounds the money of a wallet whose program sets no bound.
const balanceMax spec.Money = 1_000_000_000_000_000

// referenceMax bounds the name of money that comes or goes, in characters.
const referenceMax = 100

// TopUp credits money that came in under a reference: Funded, with the reference as its note. A wallet takes
// a reference once.
func (t *Teller) TopUp(ctx context.Context, c Call, wallet string, amount spec.Money, reference string) (Done, error) {
	if err := firstOf(checkAmount("amount", amount), t.checkText("reference", reference, 1, referenceMax)); err != nil {
		return Done{}, err
	}
	m := &move{call: &c, print: c.print("top-up", wallet), used: balance.CallKey("top-up", reference), since: ReferencesKept}
	m.act = func(v *balance.View) (here, there []balance.Event, err error) {
		program := t.program(v.Program)
		if program == nil {
			return nil, nil, ErrNotFound
		}
		if err := program.room(v, amount); err != nil {
			return nil, nil, err
		}
		return []balance.Event{{
			Kind: balance.Funded, Posted: amount, Note: reference,
			Counter: balance.Account{Kind: balance.AccountTopUp, Name: v.Program},
		}}, nil, nil
	}
	return t.run(ctx, wallet, "", m)
}

// room says whether a wallet may take so much more.
func (p *Program) room(v *balance.View, amount spec.Money) error {
	most := balanceMax
	if l := p.limits(v.Wallet, v.Dated); l.WalletMax > 0 {
		most = min(most, l.WalletMax)
	}
	if v.Posted > most-amount {
		return &CapError{What: "balance", Max: int64(most), Left: max(0, int64(most-v.Posted))}
	}
	return nil
}

// firstOf is the first error there is.
func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
