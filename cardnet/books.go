package cardnet

import (
	"maps"
	"sync"
)

// Held is what the network believes of one card.
type Held struct {
	Yen       int64 // approved, advised, not taken back
	Open      int   // purchases that make it up
	Uncertain int   // purchases about which the last message got no answer
}

// Expected is what the network believes is held on every card it has asked about, all runs
// and single messages together, for comparison with the switch's ledger. Where Uncertain is
// not zero the figures are a guess.
func (n *Network) Expected() map[Card]Held { return n.books.all() }

// books add up what is held per card. The state of each purchase is in the Purchase.
type books struct {
	mu     sync.Mutex
	cards  map[Card]Held
	sales  map[saleKey]*soldLine // nil: none are remembered
	fallen int                   // of them, those that do not stand
}

// state is what the network believes of one purchase.
type state uint8

const (
	fresh    state = iota // nothing known, or refused
	open                  // held
	reversed              // taken back, in full or in part, perhaps before it was asked for
)

// book is a Purchase's line in the books.
type book struct {
	state state
	held  int64 // while it is held; after an early partial reversal what may be held
	cut   bool  // reversed in part
	doubt bool  // its last message got no answer
}

func newBooks() *books { return &books{cards: make(map[Card]Held)} }

func (b *books) all() map[Card]Held {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.cards)
}

func (b *books) of(c Card) Held {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.cards[c]
}

// approve notes an approval by the switch. A repeat of it changes nothing.
func (b *books) approve(p *Purchase, amount int64) {
	if p.book.state == fresh && amount > 0 {
		b.move(p, amount)
	}
}

// advise notes that we approved in the switch's place. The advice's amount is what counts,
// unless a reversal has come before it.
func (b *books) advise(p *Purchase, amount int64) {
	switch {
	case p.book.state == reversed && p.book.held > 0: // reversed in part before
		b.move(p, p.book.held)
	case p.book.state != reversed && !p.book.cut:
		b.move(p, amount)
	}
}

// refuse notes that we refused in the switch's place: what it had approved is released.
func (b *books) refuse(p *Purchase) {
	if p.book.state == open {
		b.move(p, 0)
	}
}

// reverse notes a reversal that leaves an amount; 0 is a full one.
func (b *books) reverse(p *Purchase, left int64) {
	p.book.cut = left > 0
	switch {
	case p.book.state == fresh:
		p.book.state, p.book.held = reversed, left
	case p.book.state == open && left < p.book.held:
		b.move(p, left)
	}
}

// move makes amount what is held of a purchase.
func (b *books) move(p *Purchase, amount int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.cards[p.Card]
	if p.book.state == open {
		h.Yen -= p.book.held
		h.Open--
	}
	p.book.state, p.book.held = reversed, 0
	if amount > 0 {
		p.book.state, p.book.held = open, amount
		h.Yen += amount
		h.Open++
	}
	b.cards[p.Card] = h
	if amount > 0 {
		b.note(p, amount, SaleOpen)
	} else {
		b.note(p, 0, SaleReversed)
	}
}

// doubt notes whether the last message about a purchase got an answer.
func (b *books) doubt(p *Purchase, doubt bool) {
	if p.book.doubt == doubt {
		return
	}
	p.book.doubt = doubt
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.cards[p.Card]
	if doubt {
		h.Uncertain++
	} else {
		h.Uncertain--
	}
	b.cards[p.Card] = h
	if line, known := b.sales[p.saleKey()]; known {
		line.doubt = doubt
	}
}
