package router

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"sekisho/balance"
	"sekisho/risk"
	"sekisho/spec"
)

// rule decides one request on one version of its wallet.
type rule func(p *passage, v *balance.View) balance.Decision

// passage is one request on its way through the book.
type passage struct {
	router   *Router
	call     spec.Call
	request  *spec.Request // the call's; a copy once it was overdue
	policy   *spec.Policy
	at       time.Time
	row      balance.Row // the card it is about
	rule     rule
	trace    risk.Trace
	answered atomic.Bool
}

// Decide implements [balance.Mover].
func (p *passage) Decide(v *balance.View) balance.Decision { return p.rule(p, v) }

// Done implements [balance.Mover]: what was decided is durable, or was not decided.
func (p *passage) Done(d balance.Decision, err error) {
	first := p.answered.CompareAndSwap(false, true)
	switch {
	case !first: // it was overdue and got its answer, or silence, then
	case err != nil:
		p.router.undecided(p.call, err)
	case asks(p.request.Class) && late(p.request):
		p.router.late(p, d)
	default:
		p.router.logDecision(p, d)
		p.router.answer(p.call, d.Response)
	}
}

// Overdue implements [balance.Mover]: the deadline passed while the request waits or while its
// entry is on its way. What the network hears is settled now. If that is Late, an approval on
// its way is taken back by the next decision about the wallet.
func (p *passage) Overdue(d *balance.Decision) (next balance.Mover, drop bool) {
	if !p.answered.CompareAndSwap(false, true) {
		return nil, false
	}
	copied := *p.request // the call is answered below and then no longer ours
	p.request = &copied
	p.router.metrics.late(copied.Class)
	// The first of a repeat may have been approved, and its answer may have arrived.
	quiet := !p.policy.LateAnswers || copied.MTI.Repeat() || (d != nil && d.Response.Repeat)
	p.router.answer(p.call, spec.Response{Reason: spec.Late, Silent: quiet})
	if quiet {
		return nil, d == nil
	}
	if d != nil {
		return &void{router: p.router, purchase: p.key(copied.Class).Purchase(), class: copied.Class}, false
	}
	return nil, false
}

// late deals with a decision that became durable after its deadline: it is not approved any more.
func (r *Router) late(p *passage, d balance.Decision) {
	r.metrics.late(p.request.Class)
	switch {
	case !p.request.Policy.LateAnswers:
		r.answer(p.call, spec.Response{Reason: d.Response.Reason, Silent: true})
	case !d.Response.Reason.Approves():
		r.answer(p.call, d.Response)
	case d.Response.Repeat: // the first answer may have arrived: taking it back could hurt
		r.answer(p.call, spec.Response{Reason: d.Response.Reason, Silent: true})
	default:
		r.book.Submit(balance.Post{Log: p.row.Log, At: p.at, Mover: &void{
			router: r, call: p.call, purchase: p.key(p.request.Class).Purchase(), class: p.request.Class,
		}})
	}
}

// void takes back an approval that came too late.
type void struct {
	router   *Router
	call     spec.Call // nil when it was answered already
	purchase balance.Key
	class    spec.Class // of what was approved
}

// Decide implements [balance.Mover].
func (o *void) Decide(v *balance.View) balance.Decision {
	p, ready := v.Purchase(o.purchase)
	if !ready {
		return balance.Decision{}
	}
	d := balance.Decision{Response: spec.Response{Reason: spec.Late}}
	if p == nil || p.Flags&balance.FlagUnconditional != 0 || !voidable(p.State) || (p.State == balance.Paid && o.class != spec.Financial) {
		return d // it was refused anyway, or the network has spoken since
	}
	e := balance.Event{
		Kind: balance.Voided, Card: p.Card, Counter: p.Counter, Purchase: p.Key, State: balance.VoidedLate,
		Answer: balance.Answer{Reason: spec.Late}, Flags: balance.FlagLate,
	}
	if p.State == balance.RefundPaid {
		e.Posted, e.Allocated = -p.Hold, -p.Hold
	}
	if p.State == balance.Paid {
		e.Posted, e.Allocated = p.Posted, p.Posted
	}
	e.Flags |= p.Flags & (balance.FlagRefund | balance.FlagPartOf)
	d.Events = append([]balance.Event{e}, lower(v, p)...)
	return d
}

// Done implements [balance.Mover].
func (o *void) Done(d balance.Decision, err error) {
	switch {
	case o.call == nil:
	case err != nil:
		o.router.answer(o.call, spec.Response{Reason: spec.Late, Silent: true})
	default:
		o.router.answer(o.call, d.Response)
	}
}

// Overdue implements [balance.Mover]; it has no deadline.
func (o *void) Overdue(*balance.Decision) (balance.Mover, bool) { return nil, false }

// voidable says whether a purchase in this state is an approval that stands.
func voidable(s balance.State) bool {
	switch s {
	case balance.Open, balance.AccountVerified, balance.RefundDue, balance.RefundPaid, balance.Paid, balance.IncrementOf:
		return true
	case balance.StateNone, balance.Reversed, balance.Declined, balance.DeclinedReversed, balance.NetworkDeclined,
		balance.Tombstone, balance.TombstonePart, balance.InSuspense, balance.VoidedLate, balance.HoldExpired,
		balance.Settled, balance.PartlySettled, balance.Unsettled:
		return false
	}
	return false
}

// logDecision writes one line a decision at debug level, with what was checked.
func (r *Router) logDecision(p *passage, d balance.Decision) {
	if !r.log.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	q := p.request
	r.log.Debug("decided", "link", q.Link, "class", q.Class.String(), "stan", q.STAN, "rrn", q.RRN.String(),
		"card", q.Card.Masked(), "wallet", p.row.Log, "amount", int64(q.Amount), "reason", d.Response.Reason.String(),
		"repeat", d.Response.Repeat, "checks", p.trace.String())
}
