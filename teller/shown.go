package teller

import (
	"context"
	"encoding/hex"

	"sekisho/balance"
	"sekisho/spec"
)

// Showing is the asking for a card's number in full.
type Showing struct {
	Wallet string
	Card   spec.CardID
	Who    string // who asked; at most TenantMax bytes, the rest is cut; empty: the caller's actor
	Reason string // why; required
	Result string // what came of it: "shown", or why not
}

// reasonMax bounds why a number was asked for, in bytes.
const reasonMax = 120

// AuditLog is the house log that keeps who asked for numbers of a tenant on a day (UTC, YYYY-MM-DD).
func AuditLog(tenant, day string) string {
	id := tenant
	if len(id) > 64 {
		id = hex.EncodeToString(name("audit", tenant))
	}
	return "audit:" + id + ":" + day
}

// Shown records that a number was asked for: NumberShown in the tenant's house log of the day, with who as
// actor, the wallet as account, and result and reason as note. It is durable before the number may be sent.
// A call with a known key is recorded again: it is a showing of its own.
func (t *Teller) Shown(ctx context.Context, c Caller, s Showing) error {
	if err := firstOf(t.checkText("reason", s.Reason, 1, reasonMax), t.checkText("result", s.Result, 1, 40)); err != nil {
		return err
	}
	if s.Who == "" {
		s.Who = c.Actor
	}
	now := t.options.Now().UTC()
	e := balance.Event{
		Kind: balance.NumberShown, Card: s.Card, Counter: walletAccount(cut(s.Wallet, balance.LogNameMax)),
		Actor: balance.Actor{Kind: balance.ActorCaller, Name: cut(s.Who, TenantMax)}, Note: s.Result + ": " + s.Reason,
		Profile: balance.Profile{Tenant: cut(c.Tenant, TenantMax)}, Answer: balance.Answer{Reason: spec.Approved},
	}
	l := &look{ended: make(chan error, 1), see: func(*balance.View) {}, events: []balance.Event{e}}
	t.book.Submit(balance.Post{Log: AuditLog(c.Tenant, now.Format("2006-01-02")), At: now, Mover: l})
	select {
	case err := <-l.ended:
		return err
	case <-ctx.Done():
		return ErrUnknown
	}
}
