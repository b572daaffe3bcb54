package cardnet

import (
	"cmp"
	"context"
	"fmt"
)

// StandIn tells what we decided in the switch's place: 0120 under the purchase's own key, with
// our approval code. code is DE39: "00" we approved it, anything else we refused. When
// the switch had approved the purchase itself it must not hold it twice.
func (n *Network) StandIn(ctx context.Context, p *Purchase, code string) (Answer, error) {
	n.complete(p)
	m := message{mti: mtiStandIn, elements: n.common(p)}
	own := noApproval
	if code == actionApproved {
		own = fmt.Sprintf("%06d", 900_000+p.STAN%100_000) // told apart from the switch's at a glance
	}
	m.elements[38] = own
	m.elements[39] = code
	m.elements[60] = "01011" // stand-in data: one tag, one character
	return n.ask(ctx, errand{message: m, about: p, settle: func(a Answer) {
		again := p.advised
		p.advised = true
		switch {
		case again || a.ActionCode != actionApproved: // the first advice under a key is the one that counts
		case code == actionApproved:
			p.Approval = cmp.Or(p.Approval, own)
			n.books.advise(p, p.Amount)
		default:
			n.books.refuse(p)
		}
	}})
}
