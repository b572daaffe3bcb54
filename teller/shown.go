package teller

import (
	"cmp"
	"context"
	"strings"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// Showing is the asking for a card's number in full.
type Showing struct {
	Wallet string // empty where the card is none of the caller's
	Card   spec.CardID
	Who    string // who asked; at most TenantMax bytes, the rest is cut; empty: the caller's actor
	Reason string // why; required where there is a key
	Result string // what came of it: "shown", or why not; at most 40 bytes
}

const (
	reasonMax = 120  // characters of why a number was asked for
	resultMax = 40   // bytes of what came of it
	noReason  = "-"  // stands for a reason that was not given, or cannot be kept
	resultEnd = ": " // is between result and reason in the note of an event
)

// Shown records that a number was asked for: NumberShown in the tenant's house log of the day, with who as
// actor, the wallet as account, and result and reason as note. It is durable before the number may be sent.
// A call with a known key is recorded again, for it is a showing of its own; known says so. A call without a
// key is one that was refused: it is recorded whatever its reason is.
func (t *Teller) Shown(ctx context.Context, c Call, s Showing) (known bool, err error) {
	wrong := t.checkText("reason", s.Reason, 1, reasonMax)
	if c.Key == "" && wrong != nil {
		s.Reason, wrong = noReason, nil
	}
	if err := firstOf(wrong, checkResult(s.Result)); err != nil {
		return false, err
	}
	if c.Key != "" {
		taken, err := t.claim(ctx, &c, c.print("show", s.Card.String()))
		if err != nil {
			return false, err
		}
		known = taken.Replayed
	}
	return known, t.record(ctx, &c.Caller, &s)
}

func checkResult(result string) error {
	if result == "" || len(result) > resultMax || strings.Contains(result, resultEnd) {
		return invalid("result", "must be a word or two")
	}
	return nil
}

// record appends a showing to the log of its day.
func (t *Teller) record(ctx context.Context, c *Caller, s *Showing) error {
	now := t.options.Now().UTC()
	l := &look{ended: make(chan error, 1), see: func(*balance.View) {}, events: []balance.Event{shown(c, s)}}
	t.book.Submit(balance.Post{Log: AuditLog(c.Tenant, now.Format(time.DateOnly)), At: now, Mover: l})
	select {
	case err := <-l.ended:
		return err
	case <-ctx.Done():
		return ErrUnknown
	}
}

// shown is the event of a showing.
func shown(c *Caller, s *Showing) balance.Event {
	return balance.Event{
		Kind: balance.NumberShown, Card: s.Card, Counter: walletAccount(cut(s.Wallet, balance.LogNameMax)), Note: s.Result + resultEnd + s.Reason,
		Actor:   balance.Actor{Kind: balance.ActorCaller, Name: cut(cmp.Or(s.Who, c.Actor), TenantMax)},
		Profile: balance.Profile{Tenant: cut(c.Tenant, TenantMax)}, Answer: balance.Answer{Reason: spec.Approved},
	}
}

// Audited is a showing as it was recorded.
type Audited struct {
	At     time.Time
	Tenant string
	Showing
}

// ShownOf reads a showing from its event and the time of the entry (Unix milliseconds); ok is false for
// another event.
func ShownOf(e *balance.Event, at int64) (a Audited, ok bool) {
	a = Audited{At: time.UnixMilli(at).UTC(), Tenant: e.Profile.Tenant}
	a.Wallet, a.Card, a.Who = e.Counter.Name, e.Card, e.Actor.Name
	a.Result, a.Reason, _ = strings.Cut(e.Note, resultEnd)
	return a, e.Kind == balance.NumberShown
}
