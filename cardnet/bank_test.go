package cardnet

import (
	"fmt"
	"strconv"
	"sync"
)

// bank decides as the issuer that the network expects: the tests' own small ledger, with the
// rules of holds, reversals, advices and duplicates.
type bank struct {
	mu        sync.Mutex
	accounts  map[string]*account // by card number
	answered  map[string]message  // by key
	purchases map[string]*bought  // by card, STAN and DE7
	approvals int
	granted   int64 // yen, all approvals together
	lowest    int64 // available money, of any card at any time
	slip      func(m, reply message) (wrong message, slipped bool)
	slipped   func() // called after each slip
}

type account struct {
	funds, held int64
	expiry      string
	frozen      bool
}

type bought struct {
	held                        int64
	approval                    string
	reversed, declined, advised bool
	early                       int64 // left by a reversal that came first
}

func newBank() *bank {
	return &bank{accounts: map[string]*account{}, answered: map[string]message{}, purchases: map[string]*bought{}, lowest: 1 << 60}
}

func (b *bank) open(c Card, funds int64, frozen bool) {
	b.accounts[c.digits()] = &account{funds: funds, expiry: c.expiry, frozen: frozen}
}

func (b *bank) held(c Card) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.accounts[c.digits()].held
}

func (b *bank) decide(m message) (message, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m.mti == "0800" {
		return reply(m, "00", ""), false
	}
	key := m.mti[:3] + m.elements[2] + m.elements[11] + m.elements[7] + m.elements[32]
	a, stored := b.answered[key]
	if stored && !m.inquires() {
		if b.slip != nil {
			a = b.slipOn(m, a)
		}
		return a, false
	}
	switch m.mti[:3] {
	case "010":
		a = b.authorize(m)
	case "012":
		a = b.advise(m)
	default:
		a = b.reverse(m)
	}
	b.answered[key] = a
	if b.slip != nil {
		a = b.slipOn(m, a)
	}
	return a, false
}

func (b *bank) slipOn(m, a message) message {
	a, slipped := b.slip(m, a)
	if slipped {
		b.slipped()
	}
	return a
}

func (b *bank) authorize(m message) message {
	acc, known := b.accounts[m.elements[2]]
	amount, _ := strconv.ParseInt(m.elements[4], 10, 64)
	if !known {
		return reply(m, "14", "")
	}
	p := b.purchase(m.elements[2], m.elements[11]+m.elements[7])
	switch {
	case p.advised && p.approval != "":
		return reply(m, "00", p.approval)
	case p.reversed:
		return reply(m, "05", "")
	case m.elements[14] != acc.expiry:
		return b.refuse(m, p, "54")
	case acc.frozen:
		return b.refuse(m, p, "57")
	}
	b.approvals++
	approval := fmt.Sprintf("%06d", b.approvals%899_999+1)
	if m.elements[3] != processPurchase || amount == 0 {
		return reply(m, "00", approval)
	}
	if amount > acc.funds-acc.held {
		return b.refuse(m, p, "51")
	}
	p.held, p.approval = amount, approval
	acc.held += amount
	b.granted += amount
	b.lowest = min(b.lowest, acc.funds-acc.held)
	return reply(m, "00", approval)
}

func (b *bank) refuse(m message, p *bought, code string) message {
	p.declined = true
	return reply(m, code, "")
}

func (b *bank) advise(m message) message {
	acc := b.accounts[m.elements[2]]
	amount, _ := strconv.ParseInt(m.elements[4], 10, 64)
	p := b.purchase(m.elements[2], m.elements[11]+m.elements[7])
	p.advised = true
	switch {
	case p.reversed && p.early > 0:
		amount, p.early, p.reversed = p.early, 0, false
	case p.reversed:
		return reply(m, "00", "")
	}
	if m.elements[39] != "00" {
		amount = 0
		p.reversed = p.held > 0
	}
	acc.held += amount - p.held
	p.held = amount
	if p.approval == "" && m.elements[39] == "00" {
		p.approval = m.elements[38]
	}
	return reply(m, "00", "")
}

func (b *bank) reverse(m message) message {
	acc := b.accounts[m.elements[2]]
	p := b.purchase(m.elements[2], m.elements[90][4:20])
	left := int64(0)
	if m.elements[95] != "" {
		left, _ = strconv.ParseInt(m.elements[95][:12], 10, 64)
	}
	switch {
	case p.held == 0:
		if !p.reversed {
			p.reversed, p.early = true, left
		}
	case left < p.held:
		acc.held -= p.held - left
		p.held = left
		p.reversed = left == 0
	}
	return reply(m, "00", "")
}

func (b *bank) purchase(number, key string) *bought {
	p := b.purchases[number+key]
	if p == nil {
		p = &bought{}
		b.purchases[number+key] = p
	}
	return p
}
