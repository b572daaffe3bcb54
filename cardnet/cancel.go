package cardnet

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Cancel asks to take a purchase back: 0400. left is what is to stay held, in yen; 0 takes all
// of it back. The purchase need not have been authorized before.
func (n *Network) Cancel(ctx context.Context, p *Purchase, left int64) (Answer, error) {
	return n.reverse(ctx, mtiReversal, p, left)
}

// CancelAdvice tells that a purchase was taken back: 0420. left is as in [Network.Cancel].
func (n *Network) CancelAdvice(ctx context.Context, p *Purchase, left int64) (Answer, error) {
	return n.reverse(ctx, mtiReversalAdvice, p, left)
}

func (n *Network) reverse(ctx context.Context, mti string, p *Purchase, left int64) (Answer, error) {
	n.complete(p)
	early := p.book.doubt && p.book.state == fresh
	return n.ask(ctx, errand{message: n.reversal(mti, p, left, time.Now()), about: p, settle: func(a Answer) {
		unknown := a.ActionCode == "25" && p.book.state == fresh // remembered all the same
		if a.ActionCode != actionApproved && !unknown {
			return
		}
		n.books.reverse(p, left)
		if early && left > 0 { // whether left is held depends on what became of the purchase
			n.books.doubt(p, true)
		}
	}})
}

// reversal is a message of its own key, with the original's in DE90.
func (n *Network) reversal(mti string, p *Purchase, left int64, at time.Time) message {
	m := message{mti: mti, elements: n.common(p)}
	delete(m.elements, 14)
	delete(m.elements, 43)
	delete(m.elements, 61)
	stan, _ := n.identify()
	m.elements[7] = at.UTC().Format(transmission)
	m.elements[11] = fmt.Sprintf("%06d", stan)
	m.elements[12] = at.In(japan()).Format("150405")
	m.elements[13] = at.In(japan()).Format("0102")
	m.elements[90] = n.original(p)
	switch {
	case p.Approval != "":
		m.elements[38] = p.Approval
	case mti == mtiReversalAdvice:
		m.elements[39] = "68" // why: the answer came too late, or never
	}
	if left > 0 {
		m.elements[95] = amountOf(left) + strings.Repeat("0", 30)
	}
	return m
}

// original is DE90. Peers write it in two ways, and every second purchase gets each: as ISO
// 8583 says, or with the answer's message type and the institutions' zeros on the right.
func (n *Network) original(p *Purchase) string {
	key := fmt.Sprintf("%06d", p.STAN) + p.At.UTC().Format(transmission)
	zeros := func(id string) string { return strings.Repeat("0", institutionMax-len(id)) }
	a, f := n.cfg.Acquirer, n.cfg.Forwarder
	if p.STAN%2 == 0 {
		return "0110" + key + a + zeros(a) + f + zeros(f)
	}
	return mtiAuthorization + key + zeros(a) + a + zeros(f) + f
}
