package teller

import (
	"context"

	"sekisho/balance"
	"sekisho/spec"
)

// claim has a call's key mean this call and no other, for all of the tenant: CallTaken in a house log of its.
// It is for calls whose key the log of what they do cannot keep alone, because another call with the same key
// may be about another log. known says that the key meant this call already: what it asks may have been done
// or not.
func (t *Teller) claim(ctx context.Context, c *Call, print spec.Fingerprint) (known bool, err error) {
	taken := *c
	taken.IfMatch = 0 // it is about the wallet
	m := &move{call: &taken, print: print, sees: func(*balance.Wallet) bool { return true }}
	m.act = func(*balance.View) (here, there []balance.Event, err error) {
		return []balance.Event{{Kind: balance.CallTaken}}, nil, nil
	}
	d, err := t.once(ctx, CallsLog(c.Tenant, c.key()), "", m)
	return d.Replayed, err
}
