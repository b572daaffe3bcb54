package teller

import (
	"context"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// A claim is made anew when what it is for is done later than claimRenewed after it, and known for longer than
// what was done, so that no key means another call while its own is still known.
const (
	claimRenewed = 24 * time.Hour
	claimKept    = KeysKept + claimRenewed + time.Hour
)

// claim has a call's key mean this call and no other, for all of the tenant: CallTaken in a house log of its.
// It is for calls whose key the log of what they do cannot keep alone, because another call with the same key
// may be about another log. Done is the claim: replayed when the key meant this call already, and what it asks
// may have been done or not.
func (t *Teller) claim(ctx context.Context, c *Call, print spec.Fingerprint) (Done, error) {
	return t.run(ctx, CallsLog(c.Tenant, c.key()), "", claiming(c, print))
}

// renew claims a known key anew, for what is done only now.
func (t *Teller) renew(ctx context.Context, c *Call, print spec.Fingerprint) error {
	m := claiming(c, print)
	m.again = true
	_, err := t.run(ctx, CallsLog(c.Tenant, c.key()), "", m)
	return err
}

func claiming(c *Call, print spec.Fingerprint) *move {
	taken := *c
	taken.IfMatch = 0 // it is about the wallet
	return &move{
		call: &taken, print: print, kept: claimKept, sees: func(*balance.Wallet) bool { return true },
		act: func(*balance.View) (here, there []balance.Event, err error) {
			return []balance.Event{{Kind: balance.CallTaken}}, nil, nil
		},
	}
}
