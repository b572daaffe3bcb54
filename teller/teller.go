// Package teller is what people and app servers do with their wallets: each thing one move through the
// book, decided on one version of the wallet like an authorization, and done once for its key.
package teller

import (
	"crypto/rand"
	"io"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// Teller does what a caller asks of wallets. It is safe for several goroutines.
type Teller struct {
	book    *balance.Book
	options Options
}

// Options of a teller.
type Options struct {
	Programs []Program
	// Shared are the names of the programs that more than one tenant works with: their seeded wallets are
	// there for none of them.
	Shared map[string]bool
	// Hash is the keyed hash of a number given as ASCII digits ([spec.Hasher.Hash]). Ids that nobody may guess
	// are made with it as well.
	Hash func(digits []byte) spec.CardHash
	// Seal encrypts a number for one card; the text has at most [balance.SealedMax] bytes. nil: no number
	// is kept, so none can be shown later.
	Seal func(card spec.CardID, number spec.PAN) (string, error)
	// Random is where card ids and numbers come from, safe for several goroutines; nil: crypto/rand.
	Random io.Reader
	// Now is the time; nil: time.Now.
	Now func() time.Time
}

// Program is what an issued product allows to wallets. Amounts are in its currency.
type Program struct {
	Name        string
	Ranges      []string // leading digits of its numbers, six to eight of them
	Currency    spec.Currency
	WalletMax   spec.Money     // posted money of one wallet; 0 is no limit
	TransferMax spec.Money     // one transfer; 0 is no limit
	MonthMax    spec.Money     // what one wallet hands over to others in a calendar month of Zone; 0 is no limit
	Tiers       []Tier         // other limits, for wallets that are given them, in rising order
	CardsMax    int            // cards of one person, of whatever program, that are not closed; 0 is CardsMaxDefault
	CardYears   int            // until a card expires; 0 is CardYearsDefault
	Zone        *time.Location // of its months, at whose end cards expire; nil is UTC
}

// What a program has that does not say otherwise.
const (
	CardsMaxDefault  = 30
	CardYearsDefault = 5
)

// AmountMax is the largest amount of one call: twelve digits, as in a message.
const AmountMax spec.Money = 999_999_999_999

// New makes a teller over a book.
func New(book *balance.Book, o Options) *Teller {
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	programs := make([]Program, len(o.Programs))
	for i, p := range o.Programs {
		if p.CardsMax == 0 {
			p.CardsMax = CardsMaxDefault
		}
		if p.CardYears == 0 {
			p.CardYears = CardYearsDefault
		}
		if p.Zone == nil {
			p.Zone = time.UTC
		}
		programs[i] = p
	}
	o.Programs = programs
	return &Teller{book: book, options: o}
}

// program finds a program by its name; nil when there is none.
func (t *Teller) program(name string) *Program {
	for i := range t.options.Programs {
		if t.options.Programs[i].Name == name {
			return &t.options.Programs[i]
		}
	}
	return nil
}
