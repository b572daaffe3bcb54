package cardnet

import "context"

// cancel takes a purchase back, in full or in part; without one it pays.
func (w *worker) cancel(ctx context.Context, d due) {
	p := w.run.shelf.take(d.card, d.pick, func(p *Purchase) bool { return d.kind == cancel || p.book.held > 1 })
	if p == nil {
		w.buy(ctx, d)
		return
	}
	left := int64(0)
	if d.kind == partialCancel {
		left = 1 + int64(d.pick%uint64(p.book.held-1)) //nolint:gosec // held is above 1
	}
	w.takeBack(ctx, d, p, left)
}

// takeBack cancels, every third time by an advice, until that is answered.
func (w *worker) takeBack(ctx context.Context, d due, p *Purchase, left int64) {
	send := w.run.network.Cancel
	if d.pick%3 == 0 {
		send = w.run.network.CancelAdvice
	}
	a, err := send(ctx, p, left)
	w.heard(d, a, err)
	if a, err = w.insist(ctx, a, err); err == nil {
		w.expect(a, actionApproved)
		w.keep(p)
	}
}

// repeat sends an answered authorization again; Repeat holds the answer against the first.
func (w *worker) repeat(ctx context.Context, d due) {
	p, ok := w.run.shelf.remembered(d.pick)
	if !ok {
		w.buy(ctx, d)
		return
	}
	a, err := w.run.network.Repeat(ctx, &p)
	w.heard(d, a, err)
	_, _ = w.insist(ctx, a, err) // no money hangs on it
}

// earlyCancel cancels a purchase before it asks for it: it must be refused.
func (w *worker) earlyCancel(ctx context.Context, d due) {
	p := w.purchase(d)
	send := w.run.network.Cancel
	if d.pick%2 == 0 {
		send = w.run.network.CancelAdvice
	}
	a, err := send(ctx, p, 0)
	w.heard(d, a, err)
	if a, err = w.insist(ctx, a, err); err != nil {
		return
	}
	w.expect(a, actionApproved, "25")
	if a, err = w.run.network.Authorize(ctx, p); err != nil {
		w.undo(ctx, p, err)
		return
	}
	w.expect(a, "05", "94")
	w.keep(p)
}

// standIn decides in the switch's place. Sometimes the card is frozen, which must not matter;
// sometimes the purchase itself arrives afterwards and must get our approval code.
func (w *worker) standIn(ctx context.Context, d due) {
	p := w.purchase(d)
	if d.pick%4 == 0 && d.frozen != (Card{}) {
		p.Card = d.frozen
	}
	a, err := w.run.network.StandIn(ctx, p, actionApproved)
	w.heard(d, a, err)
	if a, err = w.insist(ctx, a, err); err != nil {
		return
	}
	w.expect(a, actionApproved)
	if d.pick%4 == 1 {
		a, err := w.run.network.Authorize(ctx, p)
		if a, err = w.insist(ctx, a, err); err != nil {
			return
		}
		w.expect(a, actionApproved)
		if a.Approved() && a.Approval != p.Approval {
			w.run.network.unexpected("0110: not our approval code though we had stood in")
		}
	}
	w.keep(p)
}

// standInAfter stands in for a purchase that the switch has approved, or refuses it in the
// switch's place; half of the refusals are for one that the switch never saw.
func (w *worker) standInAfter(ctx context.Context, d due) {
	code := actionApproved
	if d.kind == standInRefused {
		code = "05"
	}
	var p *Purchase
	if code == actionApproved || d.pick%2 == 0 {
		p = w.run.shelf.take(d.card, d.pick, func(p *Purchase) bool { return !p.advised && !p.book.cut })
	}
	if p == nil {
		p = w.purchase(d)
	}
	a, err := w.run.network.StandIn(ctx, p, code)
	w.heard(d, a, err)
	if a, err = w.insist(ctx, a, err); err == nil {
		w.expect(a, actionApproved)
		w.keep(p)
	}
}
