package teller

import (
	"context"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// Tier is what a program allows to wallets of people who are known so well. It takes the place of the
// program's own limits. Amounts are in the program's currency.
type Tier struct {
	Name        string     // at most [balance.TierMax] bytes
	WalletMax   spec.Money // posted money of one wallet; 0 is no limit
	TransferMax spec.Money // one transfer; 0 is no limit
	MonthMax    spec.Money // what one wallet hands over to others in a calendar month of the program's zone; 0 is no limit
}

// Limits are what applies to a wallet now; 0 is no limit.
type Limits struct {
	WalletMax   spec.Money
	TransferMax spec.Money
	MonthMax    spec.Money
	MonthLeft   spec.Money // of MonthMax; it means something only where that is above 0
}

// limits are those of a wallet of the program in an entry of a time (Unix milliseconds). A tier that the
// program does not have any more gives the program's own.
func (p *Program) limits(w *balance.Wallet, at int64) Limits {
	l := Limits{WalletMax: p.WalletMax, TransferMax: p.TransferMax, MonthMax: p.MonthMax}
	if t := p.tier(w.Tier); t != nil {
		l = Limits{WalletMax: t.WalletMax, TransferMax: t.TransferMax, MonthMax: t.MonthMax}
	}
	if l.MonthMax > 0 {
		l.MonthLeft = max(0, l.MonthMax-w.SentIn(p.month(at)))
	}
	return l
}

// month is that of an instant (Unix milliseconds) where the program is.
func (p *Program) month(at int64) uint32 { return balance.MonthOf(time.UnixMilli(at).In(p.Zone)) }

// tier finds a tier by its name; nil when there is none.
func (p *Program) tier(name string) *Tier {
	for i := range p.Tiers {
		if name != "" && p.Tiers[i].Name == name {
			return &p.Tiers[i]
		}
	}
	return nil
}

// SetTier gives a wallet the limits of a tier of its program, or with an empty name the program's own:
// WalletChanged. What the wallet has already above them stays; only no more comes in.
func (t *Teller) SetTier(ctx context.Context, c Call, wallet, tier string) (Done, error) {
	if err := t.checkText("tier", tier, 0, balance.TierMax); err != nil {
		return Done{}, err
	}
	m := &move{call: &c, print: c.print("tier", wallet, tier)}
	m.act = func(v *balance.View) (here, there []balance.Event, err error) {
		if p := t.program(v.Program); tier != "" && (p == nil || p.tier(tier) == nil) {
			return nil, nil, invalid("tier", "must be a tier of the wallet's program")
		}
		return changedTo(v.Name, tier), nil, nil
	}
	return t.run(ctx, wallet, "", m)
}

// RenameWallet calls a wallet otherwise: WalletChanged.
func (t *Teller) RenameWallet(ctx context.Context, c Call, wallet, name string) (Done, error) {
	if err := t.checkText("name", name, 1, NameMax); err != nil {
		return Done{}, err
	}
	m := &move{call: &c, print: c.print("rename", wallet)}
	m.act = func(v *balance.View) (here, there []balance.Event, err error) {
		return changedTo(name, v.Tier), nil, nil
	}
	return t.run(ctx, wallet, "", m)
}

// changedTo is the change of a wallet. It tells all that can change, so that whoever reads it knows the wallet as
// it was then.
func changedTo(name, tier string) []balance.Event {
	return []balance.Event{{Kind: balance.WalletChanged, Profile: balance.Profile{Name: name, Tier: tier}}}
}
