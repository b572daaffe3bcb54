package cardnet

import (
	"slices"
	"strconv"
	"strings"

	"sekisho/spec"
)

// Sales are what the network believes was bought and given back, in the order of time, for a
// [Clearing]: all that stands, some of what was cancelled or refused, and nothing about which the
// last message got no answer. Without [Config.Sales] there are none.
func (n *Network) Sales() []Sale {
	b := n.books
	b.mu.Lock()
	defer b.mu.Unlock()
	sales := make([]Sale, 0, len(b.sales))
	for _, s := range b.sales {
		if !s.doubt && s.Number != (spec.PAN{}) {
			s.Acquirer = n.cfg.Acquirer
			sales = append(sales, s.Sale)
		}
	}
	slices.SortFunc(sales, func(a, b Sale) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return strings.Compare(a.RRN, b.RRN)
	})
	return sales
}

// saleKey tells the purchases of a network apart.
type saleKey struct {
	card Card
	rrn  string
	stan uint32
}

func (p *Purchase) saleKey() saleKey { return saleKey{p.Card, p.RRN, p.STAN} }

// soldLine is a sale in the books.
type soldLine struct {
	Sale
	doubt bool // its last message got no answer
}

// fallenMax is how many cancelled or refused purchases are remembered: a few, for the cases that
// present them.
const fallenMax = 32

// note remembers how a purchase stands. b.mu is held.
func (b *books) note(p *Purchase, amount int64, standing Standing) {
	if b.sales == nil {
		return
	}
	key := p.saleKey()
	before, known := b.sales[key]
	if standing == SaleOpen {
		b.fallen -= fallen(before, known)
		b.sales[key] = &soldLine{Sale: p.sale(amount), doubt: p.book.doubt}
		return
	}
	b.fallen -= fallen(before, known)
	delete(b.sales, key)
	if b.fallen < fallenMax && p.Amount > 0 {
		b.fallen++
		line := &soldLine{Sale: p.sale(p.Amount), doubt: p.book.doubt}
		line.Standing = standing
		b.sales[key] = line
	}
}

func fallen(line *soldLine, known bool) int {
	if known && line.Standing != SaleOpen {
		return 1
	}
	return 0
}

// settle notes a refund that was announced, or a refusal for lack of money.
func (b *books) settle(p *Purchase, standing Standing) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.note(p, p.Amount, standing)
}

// sale is the purchase as clearing tells of it. A number that cannot be one has none.
func (p *Purchase) sale(amount int64) Sale {
	number, _ := spec.ParsePAN(p.Card.digits())
	s := Sale{
		Number: number, Amount: spec.Money(amount), Currency: spec.JPY, Refund: p.Processing == processRefund,
		At: p.At.In(japan()), RRN: p.RRN, Approval: p.Approval, Merchant: p.Merchant, Terminal: p.Terminal, Shop: p.Shop, Entry: p.Entry,
	}
	s.MCC, s.Expiry = numberOf(p.MCC), numberOf(p.Card.expiry)
	return s
}

// numberOf is the number that digits say; 0 for what is none.
func numberOf(digits string) uint16 {
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}
