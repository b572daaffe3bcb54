package cardnet

import (
	"cmp"
	"context"
	"strings"
)

// Authorize asks for a purchase: 0100. An approval is noted in p. With [ErrNoAnswer] the money
// may or may not be held: repeat it, or reverse it by an advice.
func (n *Network) Authorize(ctx context.Context, p *Purchase) (Answer, error) {
	n.complete(p)
	return n.ask(ctx, n.asking(p, n.authorization(p)))
}

// Repeat asks for the same purchase once more under the same key: 0101. Where it was answered
// before, the answer must be the same again; it counts as unexpected if not.
func (n *Network) Repeat(ctx context.Context, p *Purchase) (Answer, error) {
	n.complete(p)
	return n.ask(ctx, n.asking(p, n.authorization(p).repeated()))
}

// Balance asks what is available on a card: 0100 with DE3 30.
func (n *Network) Balance(ctx context.Context, card Card) (Answer, error) {
	return n.Authorize(ctx, &Purchase{Card: card, Processing: processBalance})
}

// Verify asks whether a card is good without asking for money: 0100 with amount 0.
func (n *Network) Verify(ctx context.Context, card Card) (Answer, error) {
	return n.Authorize(ctx, &Purchase{Card: card})
}

// Refund announces money that goes back to the card: 0100 with DE3 20. The money itself comes
// with clearing.
func (n *Network) Refund(ctx context.Context, p *Purchase) (Answer, error) {
	p.Processing = processRefund
	return n.Authorize(ctx, p)
}

// asking is the errand of an authorization: its answer is noted, in the books too where money
// is held by it.
func (n *Network) asking(p *Purchase, m message) errand {
	cancelled := p.book.state == reversed && !p.asked // the switch must remember that
	p.asked = true
	e := errand{message: m, twice: p.first != outcome{}}
	if p.Processing == processPurchase && p.Amount > 0 && !e.twice {
		e.about = p // with no answer its money is in doubt
	}
	e.settle = func(a Answer) {
		answer := outcome{code: a.ActionCode, approval: a.Approval, amount: a.Amount}
		if p.first != (outcome{}) {
			n.compare(p, answer)
			return
		}
		p.first = answer
		if !a.Approved() {
			if a.ActionCode == "51" || a.ActionCode == "61" { // known card, not cancelled before
				n.books.settle(p, SaleDeclined)
			}
			return
		}
		if cancelled {
			n.unexpected("0110: approved though its reversal had come first")
		}
		p.Approval = cmp.Or(p.Approval, a.Approval)
		switch {
		case p.Processing == processPurchase:
			n.books.approve(p, a.Amount)
		case p.Processing == processRefund && p.Amount > 0:
			n.books.settle(p, SaleOpen)
		}
	}
	return e
}

// compare holds the answer to a repeat against the first one. Where that was that nothing
// could be decided, the repeat may be answered otherwise; a balance is looked up afresh.
func (n *Network) compare(p *Purchase, again outcome) {
	undecided := p.first.code == "91" || p.first.code == "96"
	if again != p.first && !undecided && p.Processing != processBalance {
		n.unexpected("0110: a repeat got another answer than the first")
	}
}

func (n *Network) authorization(p *Purchase) message {
	m := message{mti: mtiAuthorization, elements: n.common(p)}
	switch {
	case strings.HasPrefix(p.Entry, "05"), strings.HasPrefix(p.Entry, "07"):
		m.elements[55] = chip(p)
	case strings.HasPrefix(p.Entry, "81"):
		m.elements[48] = ecommerce(p)
	}
	return m
}
